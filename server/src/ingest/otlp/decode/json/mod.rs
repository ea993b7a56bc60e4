//! Requests in JSON: read once, straight into the model, and more tolerant than the mapping of protobuf asks for. Pure.
//!
//! Agents send `"value":{}`, `"body":null`, empty ids and numbers as texts; a member that nothing reads may be anything. What is read and
//! has another type than the protocol says is refused with the path to it.

mod parts;

use serde::Deserialize;

use super::super::super::payload::cut;
use super::super::model::{Group, Metric, Point, Record, Span, Temporality};
use super::{Malformed, PARTS_MAX};
use crate::json;
use parts::{Id, List, Maybe, Named, Real, Text, Whole};

/// Longest reason.
const MESSAGE_BYTES_MAX: usize = 512;

pub(super) fn logs(body: &[u8]) -> Result<Vec<Group<'_, Record<'_>>>, Malformed> {
    let request: Logs<'_> = read(body)?;
    let groups = request.resource_logs.0.into_iter().map(|told| Group {
        resource: told.resource.0.attributes.0,
        items: told.scope_logs.0.into_iter().flat_map(|scope| scope.log_records.0).map(Into::into).collect(),
    });
    Ok(groups.collect())
}

pub(super) fn traces(body: &[u8]) -> Result<Vec<Group<'_, Span<'_>>>, Malformed> {
    let request: Traces<'_> = read(body)?;
    let groups = request.resource_spans.0.into_iter().map(|told| Group {
        resource: told.resource.0.attributes.0,
        items: told.scope_spans.0.into_iter().flat_map(|scope| scope.spans.0).map(Into::into).collect(),
    });
    Ok(groups.collect())
}

pub(super) fn metrics(body: &[u8]) -> Result<Vec<Group<'_, Metric<'_>>>, Malformed> {
    let request: Metrics<'_> = read(body)?;
    let groups = request.resource_metrics.0.into_iter().map(|told| Group {
        resource: told.resource.0.attributes.0,
        items: told.scope_metrics.0.into_iter().flat_map(|scope| scope.metrics.0).map(Into::into).collect(),
    });
    Ok(groups.collect())
}

/// Whether there are more objects than a request may have: the smallest has two bytes, and takes a hundred times as much memory.
fn has_too_much(body: &[u8]) -> bool {
    let max = 8 * PARTS_MAX;
    if body.len() < 2 * max || memchr::memchr_iter(b'{', body).count() <= max {
        return false;
    }
    // Texts may be full of braces.
    let (mut objects, mut in_text, mut at) = (0, false, 0);
    while let Some(byte) = body.get(at) {
        match byte {
            b'\\' if in_text => at += 1,
            b'"' => in_text = !in_text,
            b'{' if !in_text => objects += 1,
            _ => {}
        }
        at += 1;
    }
    objects > max
}

/// Reads a request. Where it fails it is read a second time for the path of what is wrong, which costs as much again.
fn read<'a, T: Deserialize<'a>>(body: &'a [u8]) -> Result<T, Malformed> {
    if json::is_array(body) {
        return Err(Malformed::Wrong("not OpenTelemetry: the body is an array; send an object".into()));
    }
    if has_too_much(body) {
        return Err(Malformed::TooMuch);
    }
    serde_json::from_slice(body).map_err(|error| {
        if !error.is_data() {
            return Malformed::Wrong(format!("not JSON: {}", json::explain(&error, body)));
        }
        let mut deserializer = serde_json::Deserializer::from_slice(body);
        let at = match serde_path_to_error::deserialize::<_, T>(&mut deserializer) {
            Err(error) => error.path().to_string(),
            Ok(_) => ".".into(),
        };
        // What is wrong may be long, and is repeated.
        Malformed::Wrong(cut(&format!("not OpenTelemetry: {at}: {error}"), MESSAGE_BYTES_MAX).into())
    })
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Logs<'a> {
    #[serde(borrow, default)]
    resource_logs: List<ResourceLogs<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Traces<'a> {
    #[serde(borrow, default)]
    resource_spans: List<ResourceSpans<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Metrics<'a> {
    #[serde(borrow, default)]
    resource_metrics: List<ResourceMetrics<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Resource<'a> {
    #[serde(borrow, default)]
    attributes: Named<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceLogs<'a> {
    #[serde(borrow, default)]
    resource: Maybe<Resource<'a>>,
    #[serde(borrow, default)]
    scope_logs: List<ScopeLogs<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceSpans<'a> {
    #[serde(borrow, default)]
    resource: Maybe<Resource<'a>>,
    #[serde(borrow, default)]
    scope_spans: List<ScopeSpans<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ResourceMetrics<'a> {
    #[serde(borrow, default)]
    resource: Maybe<Resource<'a>>,
    #[serde(borrow, default)]
    scope_metrics: List<ScopeMetrics<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ScopeLogs<'a> {
    #[serde(borrow, default)]
    log_records: List<LogRecord<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct ScopeSpans<'a> {
    #[serde(borrow, default)]
    spans: List<ToldSpan<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct ScopeMetrics<'a> {
    #[serde(borrow, default)]
    metrics: List<ToldMetric<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct LogRecord<'a> {
    #[serde(default)]
    time_unix_nano: Whole,
    #[serde(default)]
    observed_time_unix_nano: Whole,
    #[serde(borrow, default)]
    event_name: Text<'a>,
    #[serde(borrow, default)]
    attributes: Named<'a>,
    #[serde(default)]
    trace_id: Id<32>,
    #[serde(default)]
    span_id: Id<16>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldSpan<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(default)]
    trace_id: Id<32>,
    #[serde(default)]
    span_id: Id<16>,
    #[serde(default)]
    parent_span_id: Id<16>,
    #[serde(default)]
    start_time_unix_nano: Whole,
    #[serde(default)]
    end_time_unix_nano: Whole,
    #[serde(borrow, default)]
    attributes: Named<'a>,
    #[serde(borrow, default)]
    status: Maybe<Status<'a>>,
}

#[derive(Debug, Default, Deserialize)]
struct Status<'a> {
    #[serde(default)]
    code: Whole,
    #[serde(borrow, default)]
    message: Text<'a>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ToldMetric<'a> {
    #[serde(borrow, default)]
    name: Text<'a>,
    #[serde(borrow, default)]
    sum: Option<Sum<'a>>,
    #[serde(borrow, default)]
    histogram: Option<Sum<'a>>,
    #[serde(borrow, default)]
    exponential_histogram: Option<Sum<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Sum<'a> {
    #[serde(default)]
    aggregation_temporality: Whole,
    #[serde(borrow, default)]
    data_points: List<DataPoint<'a>>,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct DataPoint<'a> {
    #[serde(borrow, default)]
    attributes: Named<'a>,
    #[serde(default)]
    start_time_unix_nano: Whole,
    #[serde(default)]
    time_unix_nano: Whole,
    #[serde(default)]
    as_int: Option<Whole>,
    #[serde(default)]
    as_double: Option<Real>,
    #[serde(default)]
    sum: Option<Real>,
}

impl<'a> From<LogRecord<'a>> for Record<'a> {
    fn from(told: LogRecord<'a>) -> Self {
        Self {
            nanos: told.time_unix_nano.nanos(),
            observed_nanos: told.observed_time_unix_nano.nanos(),
            event_name: told.event_name.0,
            attributes: told.attributes.0,
            trace: told.trace_id.0,
            span: span(told.span_id),
        }
    }
}

impl<'a> From<ToldSpan<'a>> for Span<'a> {
    fn from(told: ToldSpan<'a>) -> Self {
        Self {
            name: told.name.0,
            trace: told.trace_id.0,
            id: span(told.span_id),
            parent: span(told.parent_span_id),
            begin_nanos: told.start_time_unix_nano.nanos(),
            end_nanos: told.end_time_unix_nano.nanos(),
            attributes: told.attributes.0,
            is_error: told.status.0.code.0 == 2,
            message: told.status.0.message.0,
        }
    }
}

impl<'a> From<ToldMetric<'a>> for Metric<'a> {
    fn from(told: ToldMetric<'a>) -> Self {
        let sum = told.sum.or(told.histogram).or(told.exponential_histogram).unwrap_or_default();
        let temporality = Temporality::of(sum.aggregation_temporality.0);
        Self {
            name: told.name.0,
            temporality,
            points: sum.data_points.0.into_iter().map(Into::into).collect(),
        }
    }
}

impl<'a> From<DataPoint<'a>> for Point<'a> {
    #[expect(clippy::cast_precision_loss, reason = "counts of tokens are below 2^53")]
    fn from(told: DataPoint<'a>) -> Self {
        let value = told.as_int.map(|Whole(int)| int as f64);
        let value = value.or(told.as_double.or(told.sum).map(|Real(real)| real));
        Self {
            attributes: told.attributes.0,
            start_nanos: told.start_time_unix_nano.nanos(),
            nanos: told.time_unix_nano.nanos(),
            value: value.unwrap_or_default(),
        }
    }
}

fn span(Id(id): Id<16>) -> u64 {
    u64::try_from(id).unwrap_or(0)
}
