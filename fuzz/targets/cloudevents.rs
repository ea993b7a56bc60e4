//! CloudEvents, in JSON and after headers.

#![no_main]

use arcane_server::fuzzing::cloudevents;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| cloudevents(body));
