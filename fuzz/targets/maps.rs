//! JSON of programs that nobody knows, and rules for it before a line `---`.

#![no_main]

use arcane_server::fuzzing::maps;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| maps(text));
