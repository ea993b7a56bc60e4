//! Metrics of OpenTelemetry, in protobuf and in JSON.

#![no_main]

use arcane_server::fuzzing::otlp;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|body: &[u8]| otlp("metrics", body));
