//! Everything the dashboard decides and nothing it touches.
