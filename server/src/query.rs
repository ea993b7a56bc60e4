//! A query string, and the parameters that several routes share. Pure.

use std::borrow::Cow;
use std::ops::RangeInclusive;

use arcane_shared::{EventFilter, RoomName, Timestamp};

/// Most events in `recent_events`.
pub(crate) const RECENT_MAX: usize = 100;

/// A parameter that cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{name}: {detail}")]
pub(crate) struct QueryError {
    pub(crate) name: Cow<'static, str>,
    pub(crate) detail: String,
}

impl QueryError {
    pub(crate) fn new(name: impl Into<Cow<'static, str>>, detail: impl Into<String>) -> Self {
        Self { name: name.into(), detail: detail.into() }
    }
}

/// A query string's decoded pairs. That each name is known, and there once, is checked before.
pub(crate) struct Pairs(Vec<(String, String)>);

impl Pairs {
    pub(crate) fn read(query: Option<&str>) -> Self {
        Self(form_urlencoded::parse(query.unwrap_or_default().as_bytes()).into_owned().collect())
    }

    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.all(name).last()
    }

    fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    pub(crate) fn room(&self) -> Result<RoomName, QueryError> {
        match self.get("room") {
            None => Ok(RoomName::default()),
            Some(text) => RoomName::parse(text).map_err(|error| QueryError::new("room", error.to_string())),
        }
    }

    /// `spell`, `daemon` and `success`. A list may come in parts.
    pub(crate) fn filter(&self) -> Result<EventFilter, QueryError> {
        let list = |name| self.get(name).map(|_| self.all(name).collect::<Vec<_>>().join(","));
        let (spell, daemon) = (list("spell"), list("daemon"));
        EventFilter::from_query(spell.as_deref(), daemon.as_deref(), self.get("success"))
            .map_err(|error| QueryError::new(error.field, error.detail))
    }

    /// `true` or `false`.
    pub(crate) fn flag(&self, name: &'static str, default: bool) -> Result<bool, QueryError> {
        match self.get(name) {
            None => Ok(default),
            Some("true") => Ok(true),
            Some("false") => Ok(false),
            Some(other) => Err(QueryError::new(name, format!("is \"true\" or \"false\", not {other:?}"))),
        }
    }

    /// A time in UTC.
    pub(crate) fn time(&self, name: &'static str) -> Result<Option<Timestamp>, QueryError> {
        let time = self.get(name).map(|text| time(text).map_err(|detail| QueryError::new(name, detail)));
        time.transpose()
    }

    /// A number within a range.
    pub(crate) fn number(
        &self,
        name: &'static str,
        range: RangeInclusive<f64>,
    ) -> Result<Option<f64>, QueryError> {
        let Some(text) = self.get(name) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if range.contains(&number) => Ok(Some(number)),
            _ => {
                let detail =
                    format!("must be a number from {} to {}, not {text:?}", range.start(), range.end());
                Err(QueryError::new(name, detail))
            }
        }
    }

    /// A whole number from `min` to [`RECENT_MAX`].
    pub(crate) fn count(&self, name: &'static str, min: usize, default: usize) -> Result<usize, QueryError> {
        self.within(name, min..=RECENT_MAX, default)
    }

    /// A whole number from 1 to `max`.
    pub(crate) fn whole(&self, name: &'static str, max: usize, default: usize) -> Result<usize, QueryError> {
        self.within(name, 1..=max, default)
    }

    fn within(
        &self,
        name: &'static str,
        range: RangeInclusive<usize>,
        default: usize,
    ) -> Result<usize, QueryError> {
        let Some(text) = self.get(name) else { return Ok(default) };
        match text.parse::<usize>() {
            Ok(n) if range.contains(&n) => Ok(n),
            _ => {
                let (min, max) = range.into_inner();
                let detail = format!("must be a whole number from {min} to {max}, not {text:?}");
                Err(QueryError::new(name, detail))
            }
        }
    }
}

/// Reads a time. In a query `+` means a space, so an offset that was not encoded has lost its sign: `… 02:00` behind a
/// time can be nothing else.
pub(crate) fn time(text: &str) -> Result<Timestamp, String> {
    let given = match text.rsplit_once(' ') {
        Some((clock, offset)) if clock.len() >= "2025-10-24T12:34:56".len() && !offset.is_empty() => {
            format!("{clock}+{offset}")
        }
        _ => text.to_owned(),
    };
    Timestamp::parse(&given).map_err(|_| {
        format!("expected a UTC time like 2025-10-24T12:34:56.789000, found {text:?}; an offset's + is written %2B")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_offset_that_was_not_encoded_is_understood() {
        let read = |query: &str| Pairs::read(Some(query)).time("from").map(|time| time.unwrap().to_string());
        let expected = Ok("2025-10-24T12:34:56.000000".to_owned());
        for query in [
            "from=2025-10-24T12:34:56Z",
            "from=2025-10-24T12:34:56+00:00",
            "from=2025-10-24T12:34:56%2B00:00",
            "from=2025-10-24T14:34:56+02:00",
            "from=2025-10-24T10:34:56-02:00",
            "from=2025-10-24+12:34:56",
            "from=2025-10-24%2014:34:56+02:00",
        ] {
            assert_eq!(read(query), expected, "{query}");
        }
        let refused = read("from=2025-10-24T12:34:56+0000").unwrap_err().to_string();
        insta::assert_snapshot!(refused, @r#"from: expected a UTC time like 2025-10-24T12:34:56.789000, found "2025-10-24T12:34:56 0000"; an offset's + is written %2B"#);
    }

    #[test]
    fn a_list_may_come_in_parts() {
        let filter = Pairs::read(Some("spell=summon&daemon=a,b&spell=invoke&daemon=c")).filter().unwrap();
        assert_eq!((filter.spell.len(), filter.daemon.len()), (2, 3));
    }
}
