//! `/openapi.json`, and `/docs`, a page of it that works offline.

use std::fmt::Write;
use std::sync::LazyLock;

use axum::Json;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use serde_json::Value;

use super::allowed::Public;
use super::document::DOCUMENT;
use super::error::KINDS;

static PAGE: LazyLock<String> = LazyLock::new(|| page(&DOCUMENT));

/// The OpenAPI document, of the server where it is.
pub(crate) async fn openapi(Public(state): Public) -> Response {
    let base = state.config.net.base_path.as_str();
    if base.is_empty() {
        return Json(&*DOCUMENT).into_response();
    }
    let mut document = DOCUMENT.clone();
    document["servers"][0]["url"] = base.into();
    Json(document).into_response()
}

/// The same, for people.
pub(crate) async fn docs() -> impl IntoResponse {
    let policy =
        "default-src 'none'; style-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";
    (
        [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CONTENT_SECURITY_POLICY, policy)],
        PAGE.as_str(),
    )
}

/// The page's style sheet.
pub(crate) async fn docs_css() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "text/css; charset=utf-8")], include_str!("docs.css"))
}

const METHODS: [&str; 5] = ["get", "post", "put", "patch", "delete"];

fn page(document: &Value) -> String {
    let mut html = String::from(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><title>Arcane event bus: the API</title>\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\
         <link rel=\"stylesheet\" href=\"docs.css\"></head><body><header><h1>Arcane event bus</h1>\
         <p>The HTTP API, from <a href=\"openapi.json\">openapi.json</a>. <a href=\"./\">Dashboard</a></p></header><main>",
    );
    for tag in list(&document["tags"]) {
        let name = text(&tag["name"]);
        let _ =
            write!(html, "<section><h2>{}</h2><p>{}</p>", escape(name), escape(text(&tag["description"])));
        for (path, operations) in document["paths"].as_object().into_iter().flatten() {
            for method in METHODS {
                let operation = &operations[method];
                if list(&operation["tags"]).iter().any(|of| of == name) {
                    write_operation(&mut html, method, path, operation);
                }
            }
        }
        html.push_str("</section>");
    }
    write_problems(&mut html);
    write_schemas(&mut html, document);
    html.push_str("</main></body></html>");
    html
}

fn write_operation(html: &mut String, method: &str, path: &str, operation: &Value) {
    let summary = escape(text(&operation["summary"]));
    let _ = write!(
        html,
        "<details><summary><b class=\"{method}\">{}</b> <code>{}</code> <span>{summary}</span></summary>",
        method.to_uppercase(),
        escape(path)
    );
    if let Some(description) = operation["description"].as_str() {
        let _ = write!(html, "<p>{}</p>", escape(description));
    }
    let parameters = list(&operation["parameters"]);
    if !parameters.is_empty() {
        html.push_str("<h3>Parameters</h3><table>");
        for parameter in parameters {
            let _ = write!(
                html,
                "<tr><td><code>{}</code></td><td>{}</td><td>{}</td></tr>",
                escape(text(&parameter["name"])),
                escape(text(&parameter["in"])),
                escape(text(&parameter["description"]))
            );
        }
        html.push_str("</table>");
    }
    if let Some(content) = operation["requestBody"]["content"].as_object() {
        html.push_str("<h3>Body</h3><table>");
        for (kind, body) in content {
            let _ = write!(html, "<tr><td>{}</td><td>{}</td></tr>", escape(kind), schema(&body["schema"]));
        }
        html.push_str("</table>");
    }
    html.push_str("<h3>Answers</h3><table>");
    for (status, response) in operation["responses"].as_object().into_iter().flatten() {
        let body = response["content"].as_object().and_then(|content| content.values().next());
        let _ = write!(
            html,
            "<tr><td>{}</td><td>{}</td><td>{}</td></tr>",
            escape(status),
            escape(text(&response["description"])),
            body.map(|body| schema(&body["schema"])).unwrap_or_default()
        );
    }
    html.push_str("</table></details>");
}

fn write_problems(html: &mut String) {
    html.push_str(
        "<section><h2>Problems</h2><p>Errors are application/problem+json (RFC 9457); `type` is one of these.</p><table>",
    );
    for (kind, meaning) in KINDS {
        let _ = write!(
            html,
            "<tr id=\"problem-{kind}\"><td><code>{kind}</code></td><td>{}</td></tr>",
            escape(meaning)
        );
    }
    html.push_str("</table></section>");
}

fn write_schemas(html: &mut String, document: &Value) {
    html.push_str("<section><h2>Schemas</h2>");
    for (name, shape) in document["components"]["schemas"].as_object().into_iter().flatten() {
        let name = escape(name);
        let _ = write!(
            html,
            "<details id=\"{name}\"><summary><code>{name}</code> <span>{}</span></summary>",
            escape(text(&shape["description"]))
        );
        if let Some(properties) = shape["properties"].as_object() {
            html.push_str("<table>");
            for (field, of) in properties {
                let required = list(&shape["required"]).iter().any(|name| name == field);
                let _ = write!(
                    html,
                    "<tr><td><code>{}</code>{}</td><td>{}</td><td>{}</td></tr>",
                    escape(field),
                    if required { "" } else { " <i>optional</i>" },
                    schema(of),
                    escape(text(&of["description"]))
                );
            }
            html.push_str("</table>");
        } else {
            let _ = write!(
                html,
                "<pre>{}</pre>",
                escape(&serde_json::to_string_pretty(shape).unwrap_or_default())
            );
        }
        html.push_str("</details>");
    }
    html.push_str("</section>");
}

fn schema(of: &Value) -> String {
    if let Some(name) = of["$ref"].as_str().and_then(|path| path.rsplit('/').next()) {
        return format!("<a href=\"#{0}\">{0}</a>", escape(name));
    }
    if let Some(choices) = of["oneOf"].as_array().or_else(|| of["anyOf"].as_array()) {
        return choices.iter().map(schema).collect::<Vec<_>>().join(" or ");
    }
    match &of["type"] {
        Value::String(kind) if kind == "array" => format!("list of {}", schema(&of["items"])),
        Value::String(kind) => escape(kind),
        Value::Array(kinds) => escape(&kinds.iter().map(text).collect::<Vec<_>>().join(" or ")),
        _ => "any".into(),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}

fn list(value: &Value) -> &[Value] {
    value.as_array().map_or(&[], Vec::as_slice)
}

/// Text as HTML; what stands between backquotes is code.
fn escape(text: &str) -> String {
    let text = text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;");
    let mut html = String::with_capacity(text.len());
    for (index, part) in text.split('`').enumerate() {
        let _ = if index % 2 == 1 { write!(html, "<code>{part}</code>") } else { write!(html, "{part}") };
    }
    html
}
