//! What agents ask, one question a line, and rules for it before a line `---`.

#![no_main]

use arcane_server::fuzzing::rules;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| rules(text));
