//! Stories and a model.

mod model;
mod stories;
mod support;
