//! One try to tell a target, and when there is another one.

use std::error::Error as _;
use std::time::Duration;

use reqwest::header::{HeaderMap, RETRY_AFTER};
use reqwest::{Response, StatusCode};

use super::message::Message;
use super::outlet::Outlet;

/// The times between tries: after these, no other is made.
const AGAIN_AFTER: [Duration; 3] = [Duration::from_secs(2), Duration::from_secs(10), Duration::from_secs(30)];
/// The longest that a service may ask to be left alone for before another try.
const RETRY_AFTER_MAX: Duration = Duration::from_secs(60);
/// What is read of an answer, bytes.
const ANSWER_BYTES_MAX: usize = 2048;

/// What came of a try.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Tried {
    /// The service took it.
    Sent(StatusCode),
    /// It did not, and never will.
    Refused(StatusCode),
    /// It may take it later; not before this, if it said so.
    Busy(StatusCode, Option<Duration>),
    /// It was not reached.
    Unreachable(String),
    /// It was not asked: all that the message told of was over.
    Stale,
}

impl Tried {
    /// How long it is until the next try, after so many; `None`: there is none.
    pub(super) fn again_after(&self, tries: usize) -> Option<Duration> {
        let pause = *AGAIN_AFTER.get(tries.checked_sub(1)?)?;
        match self {
            Self::Sent(_) | Self::Refused(_) | Self::Stale => None,
            Self::Busy(_, Some(asked)) => Some(pause.max((*asked).min(RETRY_AFTER_MAX))),
            Self::Busy(_, None) | Self::Unreachable(_) => Some(pause),
        }
    }

    fn of(status: StatusCode, headers: &HeaderMap) -> Self {
        if status.is_success() {
            return Self::Sent(status);
        }
        let is_busy = status.is_server_error()
            || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT);
        if !is_busy {
            return Self::Refused(status);
        }
        let seconds = headers.get(RETRY_AFTER).and_then(|value| value.to_str().ok()?.trim().parse().ok());
        Self::Busy(status, seconds.map(Duration::from_secs))
    }
}

impl std::fmt::Display for Tried {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Refused(status) if status.is_redirection() => {
                write!(
                    f,
                    "{status}: it leads elsewhere, which is not followed; write the address that it leads to"
                )
            }
            Self::Refused(status @ (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN)) => {
                write!(f, "{status}: token_env or headers_env names the variable of what it wants")
            }
            Self::Sent(status) | Self::Refused(status) | Self::Busy(status, _) => write!(f, "{status}"),
            Self::Unreachable(why) => f.write_str(why),
            Self::Stale => f.write_str("what it told of was over before the service took it"),
        }
    }
}

/// Tells a target once.
pub(super) async fn attempt(outlet: &Outlet, message: &Message, link: &str) -> Tried {
    match outlet.request(message, link).send().await {
        Ok(answer) => Tried::of(answer.status(), answer.headers()),
        Err(error) => Tried::Unreachable(why(error)),
    }
}

/// Tells a target once; also gives the beginning of what it answers.
pub(super) async fn attempt_and_read(outlet: &Outlet, message: &Message, link: &str) -> (Tried, String) {
    match outlet.request(message, link).send().await {
        Ok(mut answer) => (Tried::of(answer.status(), answer.headers()), beginning(&mut answer).await),
        Err(error) => (Tried::Unreachable(why(error)), String::new()),
    }
}

async fn beginning(answer: &mut Response) -> String {
    let mut read = Vec::new();
    while read.len() < ANSWER_BYTES_MAX {
        match answer.chunk().await {
            Ok(Some(chunk)) => {
                read.extend_from_slice(&chunk[..chunk.len().min(ANSWER_BYTES_MAX - read.len())]);
            }
            Ok(None) | Err(_) => break,
        }
    }
    String::from_utf8_lossy(&read).trim().to_owned()
}

/// Why a service was not reached, without its address: that is a password with many.
fn why(error: reqwest::Error) -> String {
    if error.is_timeout() {
        return format!("no answer within {} s", super::client::TIMEOUT.as_secs());
    }
    let error = error.without_url();
    let mut causes = vec![error.to_string()];
    let mut cause = error.source();
    while let Some(error) = cause {
        causes.push(error.to_string());
        cause = error.source();
    }
    causes.dedup();
    causes.join(": ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_taken_later_is_tried_again_three_times() {
        let tried = |status: u16, headers: &[(&str, &str)]| {
            let headers = headers.iter().map(|(name, value)| (name.parse().unwrap(), value.parse().unwrap()));
            Tried::of(StatusCode::from_u16(status).unwrap(), &headers.collect())
        };
        let pauses = |tried: &Tried| {
            (1..=4).map(|tries| tried.again_after(tries).map(|pause| pause.as_secs())).collect::<Vec<_>>()
        };
        for status in [500, 503, 429, 408] {
            assert_eq!(pauses(&tried(status, &[])), [Some(2), Some(10), Some(30), None], "{status}");
        }
        assert_eq!(pauses(&tried(429, &[("retry-after", "20")])), [Some(20), Some(20), Some(30), None]);
        assert_eq!(pauses(&tried(503, &[("retry-after", "9999999")])), [Some(60), Some(60), Some(60), None]);
        assert_eq!(pauses(&tried(503, &[("retry-after", "soon")])), [Some(2), Some(10), Some(30), None]);
        for status in [200, 204, 301, 400, 401, 404] {
            assert_eq!(pauses(&tried(status, &[])), [None; 4], "{status}");
        }
        assert_eq!(pauses(&Tried::Unreachable("x".into()))[0], Some(2));
    }
}
