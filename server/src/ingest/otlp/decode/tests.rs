//! What is read of either encoding: the same, and the same as the OpenTelemetry project's own messages have.

use opentelemetry_proto::tonic::collector::logs::v1::ExportLogsServiceRequest;
use opentelemetry_proto::tonic::collector::metrics::v1::ExportMetricsServiceRequest;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, any_value::Value as Any};
use opentelemetry_proto::tonic::logs::v1::{LogRecord, ResourceLogs, ScopeLogs};
use opentelemetry_proto::tonic::metrics::v1::{
    Histogram, HistogramDataPoint, Metric as ToldMetric, NumberDataPoint, ResourceMetrics, ScopeMetrics, Sum,
    metric::Data, number_data_point::Value as Number,
};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span as ToldSpan, Status};
use prost::Message as _;
use serde_json::json;

use super::super::model::{Temporality, Value};
use super::*;

fn pair(key: &str, value: Any) -> KeyValue {
    KeyValue { key: key.into(), value: Some(AnyValue { value: Some(value) }), ..KeyValue::default() }
}

fn resource() -> Option<Resource> {
    Some(Resource {
        attributes: vec![pair("service.name", Any::StringValue("s".into()))],
        ..Resource::default()
    })
}

fn log_request() -> Vec<u8> {
    let list = ArrayValue { values: vec![AnyValue { value: Some(Any::StringValue("x".into())) }] };
    let record = LogRecord {
        time_unix_nano: 7,
        observed_time_unix_nano: 8,
        severity_number: 9,
        body: Some(AnyValue { value: Some(Any::StringValue("words".into())) }),
        attributes: vec![
            pair("text", Any::StringValue("é".into())),
            pair("int", Any::IntValue(-5)),
            pair("double", Any::DoubleValue(0.25)),
            pair("flag", Any::BoolValue(true)),
            pair("list", Any::ArrayValue(list)),
            pair("user.id", Any::StringValue("somebody".into())),
            KeyValue { key: "empty".into(), ..KeyValue::default() },
        ],
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        event_name: "event".into(),
        ..LogRecord::default()
    };
    let scope_logs = vec![ScopeLogs { log_records: vec![record], ..ScopeLogs::default() }];
    let resource_logs = vec![ResourceLogs { resource: resource(), scope_logs, ..ResourceLogs::default() }];
    ExportLogsServiceRequest { resource_logs }.encode_to_vec()
}

fn log_json() -> String {
    json!({"resourceLogs": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}, "scopeLogs": [{"logRecords": [{
        "timeUnixNano": "7", "observedTimeUnixNano": 8, "severityNumber": 9, "body": {"stringValue": "words"},
        "attributes": [
            {"key": "text", "value": {"stringValue": "é"}}, {"value": {"intValue": "-5"}, "key": "int"}, {"key": "double", "value": {"doubleValue": 0.25}},
            {"key": "flag", "value": {"boolValue": true}}, {"key": "list", "value": {"arrayValue": {"values": [{"stringValue": "x"}]}}},
            {"key": "user.id", "value": {"stringValue": "somebody"}}, {"key": "empty", "value": {}},
        ],
        "traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "eventName": "event",
    }]}]}]})
    .to_string()
}

#[test]
fn both_encodings_of_a_log_record_are_read_alike() {
    let (protobuf, json) = (log_request(), log_json());
    let read = logs(&protobuf, Encoding::Protobuf).unwrap();
    assert_eq!(read, logs(json.as_bytes(), Encoding::Json).unwrap());
    let record = &read[0].items[0];
    let names: Vec<&str> = record.attributes.iter().map(|(name, _)| name).collect();
    // What names somebody, and what has no value that is read, is left out.
    assert_eq!(names, ["text", "int", "double", "flag"]);
    assert_eq!(record.attributes.get("int"), Some(&Value::Int(-5)));
    assert_eq!((record.nanos, record.observed_nanos, record.event_name.as_ref()), (7, 8, "event"));
    assert_eq!((record.trace, record.span), (u128::from_be_bytes([1; 16]), u64::from_be_bytes([2; 8])));
    assert_eq!(read[0].resource.text("service.name"), Some("s"));
}

#[test]
fn both_encodings_of_a_span_are_read_alike() {
    let span = ToldSpan {
        trace_id: vec![1; 16],
        span_id: vec![2; 8],
        parent_span_id: vec![3; 8],
        name: "chat".into(),
        start_time_unix_nano: 5,
        end_time_unix_nano: 2_000_000_005,
        attributes: vec![pair("a", Any::IntValue(1))],
        status: Some(Status { message: "no".into(), code: 2 }),
        ..ToldSpan::default()
    };
    let scope_spans = vec![ScopeSpans { spans: vec![span], ..ScopeSpans::default() }];
    let resource_spans =
        vec![ResourceSpans { resource: resource(), scope_spans, ..ResourceSpans::default() }];
    let protobuf = ExportTraceServiceRequest { resource_spans }.encode_to_vec();
    let json = json!({"resourceSpans": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}, "scopeSpans": [{"spans": [{
        "traceId": "01010101010101010101010101010101", "spanId": "0202020202020202", "parentSpanId": "0303030303030303", "name": "chat",
        "startTimeUnixNano": "5", "endTimeUnixNano": 2_000_000_005_u64, "attributes": [{"key": "a", "value": {"intValue": 1}}],
        "status": {"message": "no", "code": 2}, "events": [{"name": "x", "attributes": []}],
    }]}]}]})
    .to_string();
    let read = traces(&protobuf, Encoding::Protobuf).unwrap();
    assert_eq!(read, traces(json.as_bytes(), Encoding::Json).unwrap());
    let span = &read[0].items[0];
    assert_eq!((span.seconds(), span.is_error, span.message.as_ref()), (Some(2.0), true, "no"));
}

#[test]
fn both_encodings_of_metrics_are_read_alike() {
    let sum = |value| Sum {
        aggregation_temporality: 1,
        data_points: vec![NumberDataPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            value: Some(value),
            attributes: vec![pair("type", Any::StringValue("input".into()))],
            ..NumberDataPoint::default()
        }],
        ..Sum::default()
    };
    let histogram = Histogram {
        aggregation_temporality: 2,
        data_points: vec![HistogramDataPoint {
            start_time_unix_nano: 1,
            time_unix_nano: 2,
            count: 3,
            sum: Some(4.5),
            bucket_counts: vec![1, 2],
            explicit_bounds: vec![1.0],
            attributes: vec![pair("type", Any::StringValue("input".into()))],
            ..HistogramDataPoint::default()
        }],
    };
    let all =
        [Data::Sum(sum(Number::AsInt(7))), Data::Sum(sum(Number::AsDouble(0.5))), Data::Histogram(histogram)];
    let told = all.into_iter().map(|data| ToldMetric {
        name: "m".into(),
        data: Some(data),
        ..ToldMetric::default()
    });
    let scope_metrics = vec![ScopeMetrics { metrics: told.collect(), ..ScopeMetrics::default() }];
    let resource_metrics =
        vec![ResourceMetrics { resource: resource(), scope_metrics, ..ResourceMetrics::default() }];
    let protobuf = ExportMetricsServiceRequest { resource_metrics }.encode_to_vec();
    let point = |name: &str, value: serde_json::Value| json!({"startTimeUnixNano": "1", "timeUnixNano": "2", name: value, "attributes": [{"key": "type", "value": {"stringValue": "input"}}]});
    let json = json!({"resourceMetrics": [{"resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "s"}}]}, "scopeMetrics": [{"metrics": [
        {"name": "m", "sum": {"aggregationTemporality": 1, "isMonotonic": true, "dataPoints": [point("asInt", json!("7"))]}},
        {"name": "m", "sum": {"aggregationTemporality": 1, "dataPoints": [point("asDouble", json!(0.5))]}},
        {"name": "m", "histogram": {"aggregationTemporality": 2, "dataPoints": [point("sum", json!(4.5))]}},
    ]}]}]})
    .to_string();
    let read = metrics(&protobuf, Encoding::Protobuf).unwrap();
    assert_eq!(read, metrics(json.as_bytes(), Encoding::Json).unwrap());
    let values: Vec<f64> =
        read[0].items.iter().flat_map(|metric| &metric.points).map(|point| point.value).collect();
    assert_eq!(values, [7.0, 0.5, 4.5]);
    assert_eq!(read[0].items[2].temporality, Temporality::Cumulative);
}

#[test]
fn what_agents_write_oddly_is_read() {
    for body in [
        "{}",
        r#"{"resourceLogs":null}"#,
        r#"{"resourceLogs":[]}"#,
        r#"{"resourceLogs":[{"resource":null,"scopeLogs":null}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"scope":null,"logRecords":[{"body":null,"traceId":"","spanId":null,"attributes":null,"eventName":null,"new":{"a":[1]}}]}]}]}"#,
        r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"a"},{"key":"b","value":null},{"key":"c","value":{}},{"key":"d","value":{"kvlistValue":{"values":[]}}},{"key":"e","value":{"bytesValue":"AA=="}},{"key":"f","value":{"doubleValue":"NaN"}}]}]}]}]}"#,
    ] {
        logs(body.as_bytes(), Encoding::Json).unwrap_or_else(|error| panic!("{body}: {error}"));
    }
    assert_eq!(logs(b"", Encoding::Protobuf).unwrap(), []);
    let deep = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"body":{}{}}}]}}]}}]}}"#,
        "[".repeat(50_000),
        "]".repeat(50_000)
    );
    assert!(logs(deep.as_bytes(), Encoding::Json).is_ok(), "what nobody reads is passed over");
}

#[test]
fn what_is_wrong_is_named_by_its_field_or_its_byte() {
    let said = |body: &[u8], encoding| logs(body, encoding).unwrap_err().to_string();
    let json = |body: &str| said(body.as_bytes(), Encoding::Json);
    insta::assert_snapshot!(json("{"), @"not JSON: EOF while parsing an object at line 1 column 1");
    insta::assert_snapshot!(json("[]"), @"not OpenTelemetry: the body is an array; send an object");
    insta::assert_snapshot!(json(r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{},{"timeUnixNano":"noon"}]}]}]}"#), @r#"not OpenTelemetry: resourceLogs[0].scopeLogs[0].logRecords[1].timeUnixNano: invalid value: string "noon", expected a whole number of 64 bits, or a string that is one at line 1 column 71"#);
    insta::assert_snapshot!(json(r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"traceId":"xyz"}]}]}]}"#), @r#"not OpenTelemetry: resourceLogs[0].scopeLogs[0].logRecords[0].traceId: an id is 32 hexadecimal digits, not "xyz" at line 1 column 63"#);
    insta::assert_snapshot!(json(r#"{"resourceLogs":7}"#), @"not OpenTelemetry: resourceLogs: invalid type: integer `7`, expected a sequence at line 1 column 17");
    insta::assert_snapshot!(json(r#"{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"attributes":[{"key":"a","value":{"intValue":"many"}}]}]}]}]}"#), @r#"not OpenTelemetry: resourceLogs[0].scopeLogs[0].logRecords[0].attributes[0].value.intValue: invalid value: string "many", expected a whole number of 64 bits, or a string that is one at line 1 column 98"#);
    let protobuf = |body: &[u8]| said(body, Encoding::Protobuf);
    insta::assert_snapshot!(protobuf(b"{\"resourceLogs\":[]}"), @"not protobuf: byte 1, in the request: a field of wire type 3, which OpenTelemetry has not");
    insta::assert_snapshot!(protobuf(&[0x0A, 0x7F]), @"not protobuf: byte 2, in the request: something that goes on beyond its end");
    insta::assert_snapshot!(protobuf(&[0x0A, 0x04, 0x12, 0x02, 0x10, 0x01]), @"not protobuf: byte 6, in scope_logs: log_records is no message");
    insta::assert_snapshot!(protobuf(&[0xFF; 11]), @"not protobuf: byte 0, in the request: a number of more than 10 bytes");
    // Cut anywhere it is malformed, or less.
    let whole = log_request();
    for len in 0..whole.len() {
        let _ = logs(&whole[..len], Encoding::Protobuf);
    }
}

#[test]
fn a_request_that_would_take_much_more_memory_than_it_has_bytes_is_refused() {
    let record = [0x12, 0x00].repeat(PARTS_MAX + 1);
    let mut scope = vec![0x12];
    prost::encoding::encode_varint(record.len() as u64, &mut scope);
    scope.extend(record);
    let mut body = vec![0x0A];
    prost::encoding::encode_varint(scope.len() as u64, &mut body);
    body.extend(scope);
    assert_eq!(logs(&body, Encoding::Protobuf), Err(Malformed::TooMuch));
    let json = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{}{{}}]}}]}}]}}"#,
        "{},".repeat(8 * PARTS_MAX)
    );
    assert_eq!(logs(json.as_bytes(), Encoding::Json), Err(Malformed::TooMuch));
    // The bound is that of protobuf, to the record.
    let of = |records: usize| {
        let records = vec!["{}"; records].join(",");
        format!(r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{records}]}}]}}]}}"#)
    };
    assert!(logs(of(PARTS_MAX - 1).as_bytes(), Encoding::Json).is_ok());
    assert_eq!(logs(of(PARTS_MAX).as_bytes(), Encoding::Json), Err(Malformed::TooMuch));
    // Braces within a text are none.
    let text = "{".repeat(9 * PARTS_MAX);
    let json = format!(
        r#"{{"resourceLogs":[{{"scopeLogs":[{{"logRecords":[{{"eventName":"{text}\\\"{text}"}}]}}]}}]}}"#
    );
    assert!(logs(json.as_bytes(), Encoding::Json).is_ok());
}
