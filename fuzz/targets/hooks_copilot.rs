//! Payloads of copilot's hooks, one a line.

#![no_main]

use arcane_server::fuzzing::hooks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| hooks("copilot", text));
