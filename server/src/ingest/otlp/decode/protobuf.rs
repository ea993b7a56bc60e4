//! Requests in protobuf, read in place. What nothing here reads is passed over, however deep it is. Pure.

use super::super::model::{Attributes, Group, Metric, Point, Record, Span, Temporality, Value};
use super::wire::{Field, Message};
use super::{Malformed, Room};

/// The status of a span that failed.
const STATUS_ERROR: u64 = 2;

pub(super) fn logs(body: &[u8]) -> Result<Vec<Group<'_, Record<'_>>>, Malformed> {
    groups(body, ["resource_logs", "scope_logs", "log_records"], record)
}

pub(super) fn traces(body: &[u8]) -> Result<Vec<Group<'_, Span<'_>>>, Malformed> {
    groups(body, ["resource_spans", "scope_spans", "spans"], span)
}

pub(super) fn metrics(body: &[u8]) -> Result<Vec<Group<'_, Metric<'_>>>, Malformed> {
    groups(body, ["resource_metrics", "scope_metrics", "metrics"], metric)
}

/// What all three have alike: items of scopes of resources.
fn groups<'a, T>(
    body: &'a [u8],
    names: [&'static str; 3],
    item: impl Fn(Message<'a>, &mut Room) -> Result<T, Malformed>,
) -> Result<Vec<Group<'a, T>>, Malformed> {
    let mut room = Room::default();
    let mut groups = Vec::new();
    let mut request = Message::of(body, "the request");
    while let Some((number, field)) = request.next()? {
        if number != 1 {
            continue;
        }
        room.take()?;
        let mut of_resource = field.message(request, names[0])?;
        let mut group = Group { resource: Attributes::default(), items: Vec::new() };
        while let Some((number, field)) = of_resource.next()? {
            match number {
                1 => group.resource = resource(field.message(of_resource, "resource")?)?,
                2 => {
                    let mut scope = field.message(of_resource, names[1])?;
                    while let Some((number, field)) = scope.next()? {
                        if number == 2 {
                            room.take()?;
                            group.items.push(item(field.message(scope, names[2])?, &mut room)?);
                        }
                    }
                }
                _ => {}
            }
        }
        groups.push(group);
    }
    Ok(groups)
}

fn resource(mut told: Message<'_>) -> Result<Attributes<'_>, Malformed> {
    let mut attributes = Attributes::default();
    while let Some((number, field)) = told.next()? {
        if number == 1 {
            attribute(field.message(told, "attributes")?, &mut attributes)?;
        }
    }
    Ok(attributes)
}

fn record<'a>(mut told: Message<'a>, _: &mut Room) -> Result<Record<'a>, Malformed> {
    let mut record = Record::default();
    while let Some((number, field)) = told.next()? {
        match number {
            1 => record.nanos = field.fixed(told, "time_unix_nano")?,
            6 => attribute(field.message(told, "attributes")?, &mut record.attributes)?,
            9 => record.trace = trace(field.message(told, "trace_id")?),
            10 => record.span = span_id(field.message(told, "span_id")?),
            11 => record.observed_nanos = field.fixed(told, "observed_time_unix_nano")?,
            12 => record.event_name = field.text(told, "event_name")?,
            _ => {}
        }
    }
    Ok(record)
}

fn span<'a>(mut told: Message<'a>, _: &mut Room) -> Result<Span<'a>, Malformed> {
    let mut span = Span::default();
    while let Some((number, field)) = told.next()? {
        match number {
            1 => span.trace = trace(field.message(told, "trace_id")?),
            2 => span.id = span_id(field.message(told, "span_id")?),
            4 => span.parent = span_id(field.message(told, "parent_span_id")?),
            5 => span.name = field.text(told, "name")?,
            7 => span.begin_nanos = field.fixed(told, "start_time_unix_nano")?,
            8 => span.end_nanos = field.fixed(told, "end_time_unix_nano")?,
            9 => attribute(field.message(told, "attributes")?, &mut span.attributes)?,
            15 => {
                let mut status = field.message(told, "status")?;
                while let Some((number, field)) = status.next()? {
                    match number {
                        2 => span.message = field.text(status, "message")?,
                        3 => span.is_error = field.number(status, "code")? == STATUS_ERROR,
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(span)
}

fn metric<'a>(mut told: Message<'a>, room: &mut Room) -> Result<Metric<'a>, Malformed> {
    let mut metric = Metric::default();
    while let Some((number, field)) = told.next()? {
        match number {
            1 => metric.name = field.text(told, "name")?,
            // A sum, a histogram, an exponential histogram.
            7 | 9 | 10 => {
                let mut data = field.message(told, "data")?;
                while let Some((kind, field)) = data.next()? {
                    match kind {
                        1 => {
                            room.take()?;
                            metric.points.push(point(field.message(data, "data_points")?, number)?);
                        }
                        2 => {
                            let number = field.number(data, "aggregation_temporality")?;
                            metric.temporality = Temporality::of(number.into());
                        }
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    Ok(metric)
}

/// A point of a sum (7), a histogram (9) or an exponential one (10).
fn point(mut told: Message<'_>, of: u64) -> Result<Point<'_>, Malformed> {
    let mut point = Point::default();
    while let Some((number, field)) = told.next()? {
        match (of, number) {
            (7, 7) | (9, 9) | (10, 1) => {
                attribute(field.message(told, "attributes")?, &mut point.attributes)?;
            }
            (_, 2) => point.start_nanos = field.fixed(told, "start_time_unix_nano")?,
            (_, 3) => point.nanos = field.fixed(told, "time_unix_nano")?,
            (7, 4) => point.value = f64::from_bits(field.fixed(told, "as_double")?),
            #[expect(clippy::cast_precision_loss, reason = "counts of tokens are below 2^53")]
            (7, 6) => point.value = field.fixed(told, "as_int")?.cast_signed() as f64,
            (9 | 10, 5) => point.value = f64::from_bits(field.fixed(told, "sum")?),
            _ => {}
        }
    }
    Ok(point)
}

fn attribute<'a>(mut told: Message<'a>, attributes: &mut Attributes<'a>) -> Result<(), Malformed> {
    let (mut key, mut value) = (None, Value::Other);
    while let Some((number, field)) = told.next()? {
        match number {
            1 => key = Some(field.text(told, "key")?),
            2 => value = self::value(field.message(told, "value")?)?,
            _ => {}
        }
    }
    if let Some(key) = key {
        attributes.push(key, value);
    }
    Ok(())
}

fn value(mut told: Message<'_>) -> Result<Value<'_>, Malformed> {
    let mut value = Value::Other;
    while let Some((number, field)) = told.next()? {
        value = match (number, field) {
            (1, field) => Value::Text(field.text(told, "string_value")?),
            (2, Field::Varint(flag)) => Value::Bool(flag != 0),
            (3, Field::Varint(int)) => Value::Int(int.cast_signed()),
            (4, Field::Fixed64(bits)) => Value::Double(f64::from_bits(bits)),
            _ => Value::Other,
        };
    }
    Ok(value)
}

/// An id of another length is none.
fn trace(id: Message<'_>) -> u128 {
    id.bytes().try_into().map_or(0, u128::from_be_bytes)
}

fn span_id(id: Message<'_>) -> u64 {
    id.bytes().try_into().map_or(0, u64::from_be_bytes)
}

impl Temporality {
    pub(super) fn of(number: i128) -> Self {
        match number {
            1 => Self::Delta,
            2 => Self::Cumulative,
            _ => Self::Unspecified,
        }
    }
}
