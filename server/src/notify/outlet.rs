//! A target with what its secrets are: where a message goes, and in which form.

use axum::http::{HeaderMap, HeaderName, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

use super::client;
use super::message::Message;
use crate::config::{Delivery, NotifyTarget, NotifyUrl, Service, VariableName};

/// Longest text of a message of ntfy, bytes: what is longer it takes for a file.
const NTFY_TEXT_BYTES_MAX: usize = 4000;
/// Longest title of a message of ntfy, bytes.
const NTFY_TITLE_BYTES_MAX: usize = 250;

/// Why a target cannot be told.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NotifyError {
    /// A variable is not there.
    #[error(
        "[[notify]] {target}: {key}: there is no variable {variable} in the server's environment; set it, or name another"
    )]
    NoVariable {
        /// Which target.
        target: String,
        /// Which key of its table.
        key: &'static str,
        /// Which variable.
        variable: String,
    },
    /// A variable has something else in it. What it is is not told: it may be a secret.
    #[error("[[notify]] {target}: {key}: what is in the variable {variable} {detail}")]
    Variable {
        /// Which target.
        target: String,
        /// Which key of its table.
        key: &'static str,
        /// Which variable.
        variable: String,
        /// What is wrong with it.
        detail: String,
    },
    /// There can be no connections to it.
    #[error("[[notify]] {target}: {detail}")]
    Client {
        /// Which target.
        target: String,
        /// Why.
        detail: String,
    },
}

/// A target that can be told.
pub(crate) struct Outlet {
    pub(super) target: NotifyTarget,
    pub(super) url: NotifyUrl,
    /// Headers with secrets.
    secret: HeaderMap,
    client: reqwest::Client,
}

impl std::fmt::Debug for Outlet {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Outlet")
            .field("target", &self.target.name)
            .field("url", &self.url)
            .finish_non_exhaustive()
    }
}

impl Outlet {
    /// Finds the secrets of a target in the environment.
    ///
    /// # Errors
    /// If a variable is not there, or cannot be what it is for.
    pub(crate) fn open(
        target: &NotifyTarget,
        variable: impl Fn(&str) -> Option<String>,
    ) -> Result<Self, NotifyError> {
        let secrets = Secrets { target: &target.name, variable: &variable };
        let url = match &target.to {
            Delivery::Url(url) => url.clone(),
            Delivery::Variable(name) => {
                let url = NotifyUrl::parse(secrets.of("url_env", name)?.trim());
                url.map_err(|detail| secrets.wrong("url_env", name, detail))?
            }
        };
        let mut secret = HeaderMap::new();
        if let Some(name) = &target.token_env {
            let bearer = format!("Bearer {}", secrets.of("token_env", name)?.trim());
            secret.insert(header::AUTHORIZATION, secrets.header("token_env", name, &bearer)?);
        }
        for (header, name) in &target.headers_env {
            let value = secrets.of("headers_env", name)?;
            let value = secrets.header("headers_env", name, value.trim())?;
            let no_header = |_| secrets.wrong("headers_env", name, "is for no header".into());
            secret.insert(HeaderName::try_from(header.as_str()).map_err(no_header)?, value);
        }
        let client = client::open(&url)
            .map_err(|detail| NotifyError::Client { target: target.name.clone(), detail })?;
        Ok(Self { target: target.clone(), url, secret, client })
    }

    /// The request that tells a message.
    pub(super) fn request(&self, message: &Message, link: &str) -> reqwest::RequestBuilder {
        let (headers, body) = form(&self.target.service, message, link);
        let request = self.client.post(self.url.url().clone()).headers(headers).headers(self.secret.clone());
        request.body(body)
    }
}

struct Secrets<'a, V> {
    target: &'a str,
    variable: &'a V,
}

impl<V: Fn(&str) -> Option<String>> Secrets<'_, V> {
    fn of(&self, key: &'static str, name: &VariableName) -> Result<String, NotifyError> {
        (self.variable)(name.as_str()).filter(|value| !value.trim().is_empty()).ok_or_else(|| {
            NotifyError::NoVariable { target: self.target.into(), key, variable: name.as_str().into() }
        })
    }

    fn wrong(&self, key: &'static str, name: &VariableName, detail: String) -> NotifyError {
        NotifyError::Variable { target: self.target.into(), key, variable: name.as_str().into(), detail }
    }

    fn header(
        &self,
        key: &'static str,
        name: &VariableName,
        value: &str,
    ) -> Result<HeaderValue, NotifyError> {
        let mut value = HeaderValue::from_str(value).map_err(|_| {
            self.wrong(
                key,
                name,
                "cannot stand in a header: it has a line break or a control character".into(),
            )
        })?;
        value.set_sensitive(true);
        Ok(value)
    }
}

/// Headers and body of a message as its service wants them.
fn form(service: &Service, message: &Message, link: &str) -> (HeaderMap, String) {
    let value = |place| message.value(place, link);
    let mut headers = HeaderMap::new();
    let mut put = |name: &'static str, value: &str| {
        if let Ok(value) = HeaderValue::from_str(&in_header(value)) {
            headers.insert(HeaderName::from_static(name), value);
        }
    };
    let body = match service {
        Service::Webhook { template, content_type, is_json } => {
            put("content-type", content_type);
            if *is_json { template.fill_json(value) } else { template.fill(value) }
        }
        Service::Ntfy { title, template, priority, tags } => {
            put("content-type", "text/plain; charset=utf-8");
            put("title", &cut(&title.fill(value), NTFY_TITLE_BYTES_MAX).replace('\n', " "));
            if let Some(priority) = priority {
                put("priority", &priority.number().to_string());
            }
            if !tags.is_empty() {
                put("tags", &tags.join(","));
            }
            if !link.is_empty() {
                put("click", link);
            }
            cut(&template.fill(value), NTFY_TEXT_BYTES_MAX)
        }
    };
    (headers, body)
}

/// A text for a header: what is not ASCII as RFC 2047 has it, which ntfy reads.
fn in_header(text: &str) -> String {
    if text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.to_owned();
    }
    format!("=?UTF-8?B?{}?=", STANDARD.encode(text))
}

fn cut(text: &str, bytes_max: usize) -> String {
    if text.len() <= bytes_max {
        return text.to_owned();
    }
    text[..text.floor_char_boundary(bytes_max - '…'.len_utf8())].to_owned() + "…"
}

#[cfg(test)]
mod tests;
