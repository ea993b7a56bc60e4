//! How a request shows its token, and where it needs none.

use serde_json::{Value, json};

use crate::gate::credentials::PARAMETER;

/// Adds the ways of carrying a token. Each is enough; none is needed by a server without keys.
pub(super) fn describe(document: &mut Value) {
    document["components"]["securitySchemes"] = json!({
        "bearer": {
            "type": "http",
            "scheme": "bearer",
            "bearerFormat": "JWT",
            "description": "A token that `arcane token new` made. A WebSocket may carry it as a subprotocol, `bearer.TOKEN` beside `arcane`",
        },
        "query": {
            "type": "apiKey",
            "in": "query",
            "name": PARAMETER,
            "description": "The same, for clients that can set no header",
        },
    });
    // The last one: a server without keys.
    document["security"] = json!([{"bearer": []}, {"query": []}, {}]);
}

/// Whether everybody may ask, keys or not.
pub(super) fn is_public(path: &str) -> bool {
    crate::http::PUBLIC.contains(&path)
}
