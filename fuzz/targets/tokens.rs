//! Any text as a token: it holds never. Any JSON as the claims of one that is signed: what holds allows no more than they say.

#![no_main]

use arcane_server::fuzzing::{signed_claims, unsigned_token};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    unsigned_token(text);
    if let Ok(mut claims) = serde_json::from_str::<serde_json::Value>(text) {
        signed_claims(&claims);
        // With what every token needs, so that the rest is looked at.
        if let Some(claims) = claims.as_object_mut() {
            for (name, value) in [("exp", 1_800_000_000_u64.into()), ("aud", "arcane".into()), ("sub", "ci".into())] {
                claims.insert(name.to_owned(), value);
            }
        }
        signed_claims(&claims);
    }
});
