//! Which text format a reader of metrics wants, and the older one of the two made from the newer. Pure.

use std::fmt::Write;

use axum::http::{HeaderMap, header};

/// The formats of `/metrics`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Format {
    /// What readers get that do not mind.
    OpenMetrics,
    /// What came before it.
    Prometheus,
}

impl Format {
    /// What `Accept` asks for: the format that it likes better, `OpenMetrics` if it likes both as well, or neither.
    pub(crate) fn wanted(headers: &HeaderMap) -> Self {
        let lists: Vec<_> =
            headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).collect();
        let likes = |kind: &str, range: &str| {
            let quality = |wanted: &str| {
                let items = lists.iter().flat_map(|list| list.split(','));
                let matching = items.filter(|item| media_range(item) == wanted);
                matching.map(quality_of).reduce(f64::max)
            };
            quality(kind).or_else(|| quality(range)).or_else(|| quality("*/*")).unwrap_or(0.0)
        };
        let (newer, older) =
            (likes("application/openmetrics-text", "application/*"), likes("text/plain", "text/*"));
        if older > newer { Self::Prometheus } else { Self::OpenMetrics }
    }

    /// The `Content-Type`.
    pub(crate) fn media_type(self) -> &'static str {
        match self {
            Self::OpenMetrics => "application/openmetrics-text; version=1.0.0; charset=utf-8",
            Self::Prometheus => "text/plain; version=0.0.4; charset=utf-8",
        }
    }

    /// A text of the newer format in this one.
    pub(crate) fn write(self, openmetrics: String) -> String {
        match self {
            Self::OpenMetrics => openmetrics,
            Self::Prometheus => to_prometheus(&openmetrics),
        }
    }
}

fn media_range(item: &str) -> String {
    item.split(';').next().unwrap_or_default().trim().to_ascii_lowercase()
}

fn quality_of(item: &str) -> f64 {
    let q = item.split(';').skip(1).find_map(|part| part.trim().strip_prefix("q=").map(str::trim));
    q.map_or(1.0, |q| q.parse().unwrap_or(0.0))
}

/// The older format names a counter by its samples, and knows neither units nor an end.
fn to_prometheus(openmetrics: &str) -> String {
    let mut out = String::with_capacity(openmetrics.len());
    let mut help = None;
    for line in openmetrics.lines() {
        let mut words = line.splitn(4, ' ');
        match (words.next(), words.next(), words.next(), words.next()) {
            (Some("#"), Some("HELP"), Some(name), text) => help = Some((name, text.unwrap_or_default())),
            (Some("#"), Some("TYPE"), Some(name), Some(kind)) => {
                let suffix = if kind == "counter" { "_total" } else { "" };
                if let Some((_, text)) = help.take().filter(|(of, _)| *of == name) {
                    let _ = writeln!(out, "# HELP {name}{suffix} {text}");
                }
                let _ = writeln!(out, "# TYPE {name}{suffix} {kind}");
            }
            (Some("#"), ..) => {}
            _ => {
                let _ = writeln!(out, "{line}");
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wanted(accept: &str) -> Format {
        Format::wanted(&HeaderMap::from_iter([(header::ACCEPT, accept.parse().unwrap())]))
    }

    #[test]
    fn the_format_is_the_one_that_is_asked_for() {
        assert_eq!(Format::wanted(&HeaderMap::new()), Format::OpenMetrics);
        for accept in [
            "*/*",
            "application/openmetrics-text",
            "application/openmetrics-text;version=1.0.0;q=0.6,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
            "application/json",
            "text/plain;q=0, */*",
        ] {
            assert_eq!(wanted(accept), Format::OpenMetrics, "{accept}");
        }
        for accept in [
            "text/plain",
            "text/*",
            "Text/Plain; version=0.0.4",
            "text/plain, application/openmetrics-text;q=0.5",
            "application/openmetrics-text;q=0, */*",
        ] {
            assert_eq!(wanted(accept), Format::Prometheus, "{accept}");
        }
    }

    #[test]
    fn the_older_format_names_counters_by_their_samples() {
        let openmetrics = "# HELP a_log_commit_seconds Time.\n# TYPE a_log_commit_seconds counter\n# UNIT a_log_commit_seconds seconds\na_log_commit_seconds_total 1.5\n# HELP a_up Up.\n# TYPE a_up gauge\na_up 1\n# EOF\n";
        insta::assert_snapshot!(to_prometheus(openmetrics), @"
        # HELP a_log_commit_seconds_total Time.
        # TYPE a_log_commit_seconds_total counter
        a_log_commit_seconds_total 1.5
        # HELP a_up Up.
        # TYPE a_up gauge
        a_up 1
        ");
    }
}
