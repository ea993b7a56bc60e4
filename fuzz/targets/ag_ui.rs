//! Events of AG-UI, as JSON and as the text of a stream.

#![no_main]

use arcane_server::fuzzing::ag_ui;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| ag_ui(body));
