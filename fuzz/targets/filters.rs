//! Any lines as filters, as JSON and as the values of a query: each is refused or obeys the laws of filters, alone and put on another.

#![no_main]

use arcane_server::fuzzing::filters;
use arcane_shared::EventFilter;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    let mut found = vec![EventFilter::default()];
    for line in text.lines().take(8) {
        if let Ok(filter) = serde_json::from_str::<EventFilter>(line) {
            let written = serde_json::to_string(&filter).unwrap();
            assert_eq!(serde_json::from_str::<EventFilter>(&written).unwrap(), filter);
            found.push(filter);
        }
        let mut parts = line.split('&');
        let mut part = || parts.next().filter(|part| !part.is_empty());
        if let Ok(filter) = EventFilter::from_query(part(), part(), part()) {
            found.push(filter);
        }
    }
    for one in &found {
        for other in &found {
            filters(one, other);
        }
    }
});
