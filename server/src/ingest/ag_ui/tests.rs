//! What AG-UI's events tell.

use serde_json::json;

use super::*;

fn read_all(events: &[Value], thread: Option<&str>) -> Reading {
    let source = Source {
        daemon: DaemonName::parse("writer").unwrap(),
        thread: thread.map(Into::into),
        keeping: Keeping { content: false },
    };
    read(events, &source)
}

#[test]
fn what_a_call_does_is_put_together_from_its_parts() {
    let events = [
        json!({"type": "RUN_STARTED", "threadId": "t", "runId": "r"}),
        json!({"type": "TOOL_CALL_START", "toolCallId": "c", "toolCallName": "search"}),
        json!({"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "{\"query\": \"ru"}),
        json!({"type": "TOOL_CALL_ARGS", "toolCallId": "c", "delta": "nes\"}"}),
        json!({"type": "TOOL_CALL_RESULT", "toolCallId": "c", "content": "{\"error\": \"no network\"}"}),
        json!({"type": "NEW_IN_THE_FUTURE"}),
    ];
    let reading = read_all(&events, None);
    let what: Vec<_> = reading.signs.iter().map(|sign| &sign.what).collect();
    assert!(matches!(what[0], What::Began(Start::New)));
    assert!(matches!(what[2], What::CallBegan { task, .. } if &**task == "search runes"), "{what:?}");
    assert!(
        matches!(what[3], What::CallEnded { outcome: Outcome::Failed { error, .. }, .. } if &**error == "no network")
    );
    assert_eq!((reading.unknown, reading.homeless), (1, 0));
}

#[test]
fn events_without_a_thread_are_of_the_one_that_the_address_names() {
    let event = [json!({"type": "STEP_STARTED", "stepName": "plan"})];
    assert_eq!(read_all(&event, None).homeless, 1);
    assert_eq!(&*read_all(&event, Some("t")).signs[0].who.session, "t");
}

#[test]
fn streams_and_lines_are_read() {
    let told = |body: &str| events(body.as_bytes(), true).map(|events| events.len());
    assert_eq!(
        told(": hello\nevent: x\ndata: {\"type\": \"RAW\"}\n\ndata:{\"type\":\"RAW\"}\r\n\r\n").unwrap(),
        2
    );
    assert_eq!(told("{\"type\":\"RAW\"}\n{\"type\":\"RAW\"}").unwrap(), 2);
    assert!(told("data: {\"type\":").is_err() && told("data: {}").is_err());
}
