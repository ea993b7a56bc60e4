//! Any text as a position: where a reader is, what it says it has seen last, and the address of a server.

#![no_main]

use arcane_server::bus::Since;
use arcane_server::fuzzing::last_id;
use arcane_shared::{Position, RoomName, ServerAddress};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|text: &str| {
    if let Ok(position) = Position::parse(text) {
        assert_eq!(Position::parse(&position.to_string()), Ok(position));
    }
    if let Ok(since) = Since::parse(text)
        && let Some(epoch) = since.epoch
    {
        // The last id of a stream that was over for good ends with it.
        let text = text.strip_suffix(":end").unwrap_or(text);
        assert_eq!(Position::parse(text), Ok(Position { epoch, seq: since.seq }));
    }
    last_id(text);
    if let Ok(room) = RoomName::parse(text) {
        assert_eq!(RoomName::parse(room.as_str()), Ok(room));
    }
    if let Some(address) = ServerAddress::parse(text) {
        assert!(ServerAddress::parse(&(address.host + &address.path)).is_some());
    }
});
