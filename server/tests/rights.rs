//! Who may do what: every route, with every kind of token.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;

use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::TestServer;
use support::guarded::{Guarded, OTHER_SECRET, all_rights_but, now, signed, token, write_keys};

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing.
    Nothing,
    /// A link's token, which `signing_in.rs` has a table of: every other is refused.
    Link,
    /// A token that holds, whatever it allows.
    Token,
    /// This right, whatever the room: what it answers is cut to the token's rooms.
    Anywhere(&'static str),
    /// This right, in the room of the request.
    Room(&'static str),
    /// This right, and every event of the room of the request.
    Whole(&'static str),
    /// This right, and every event of every room.
    AllRooms(&'static str),
}
use Needs::{AllRooms, Anywhere, Link, Nothing, Room, Token, Whole};

/// Every route. A route that is not here fails the test.
const ROUTES: &[(&str, &str, Needs)] = &[
    ("get", "/health", Nothing),
    ("get", "/healthz", Nothing),
    ("get", "/livez", Nothing),
    ("get", "/ready", Nothing),
    ("get", "/readyz", Nothing),
    ("get", "/openapi.json", Nothing),
    ("get", "/docs", Nothing),
    ("get", "/docs.css", Nothing),
    ("post", "/login", Link),
    ("get", "/whoami", Token),
    // What its tools need has a test of its own.
    ("post", "/mcp", Token),
    ("get", "/metrics", Anywhere("metrics")),
    ("get", "/rooms", Anywhere("subscribe")),
    ("get", "/consumers", Anywhere("subscribe")),
    ("get", "/spell/examples", Anywhere("subscribe")),
    ("get", "/arcane_audio/{file}", Anywhere("subscribe")),
    ("get", "/events", Room("subscribe")),
    ("get", "/events/recent", Room("subscribe")),
    ("get", "/events/stream", Room("subscribe")),
    ("post", "/consumers/{name}/ack", Room("subscribe")),
    ("get", "/events/activity", Whole("subscribe")),
    ("get", "/roster", Whole("subscribe")),
    ("get", "/daemons", Whole("subscribe")),
    ("get", "/daemons/active", Whole("subscribe")),
    ("get", "/daemons/{name}", Whole("subscribe")),
    ("get", "/statistics", Whole("subscribe")),
    ("get", "/statistics/days", Whole("subscribe")),
    ("get", "/events/stats", AllRooms("subscribe")),
    ("post", "/events", Room("publish")),
    ("post", "/hooks/{agent}", Room("publish")),
    ("post", "/v1/logs", Room("publish")),
    ("post", "/v1/traces", Room("publish")),
    ("post", "/v1/metrics", Room("publish")),
    ("post", "/cloudevents", Room("publish")),
    ("options", "/cloudevents", Room("publish")),
    ("post", "/ingest/{address}", Room("publish")),
    ("post", "/ag-ui", Room("publish")),
    ("post", "/summon", Room("cast")),
    ("post", "/invoke", Room("cast")),
    ("post", "/banish", Room("cast")),
    ("post", "/voice", Room("cast")),
    ("post", "/spell/parse", Room("cast")),
    ("post", "/spell/cast", Room("cast")),
    ("post", "/daemons/{name}/seen", Room("answer")),
    ("get", "/requests", Anywhere("answer")),
    ("get", "/requests/{id}", Anywhere("answer")),
    ("post", "/requests/{id}/answer", Anywhere("answer")),
    ("get", "/rules", Whole("answer")),
    ("post", "/rules/test", Whole("answer")),
    ("post", "/rules", AllRooms("admin")),
    ("delete", "/rules/{name}", AllRooms("admin")),
    ("delete", "/events", Room("admin")),
    ("delete", "/rooms/{name}", Room("admin")),
    ("delete", "/consumers/{name}", Room("admin")),
    ("delete", "/daemons/{name}", Room("admin")),
    ("delete", "/daemons/active", Room("admin")),
];

/// A request for a route that would be answered if it might.
fn example(path: &str) -> (String, Option<Value>) {
    let event = json!({"spell_name": "reveal"});
    let body = match path {
        "/events" => Some(event),
        "/summon" | "/banish" => Some(json!({"daemon_name": "claude"})),
        "/invoke" => Some(json!({"daemon_name": "claude", "task": "x"})),
        "/voice" => Some(json!({"daemon_name": "claude", "text": "x"})),
        // What other spells mean has a table of its own.
        "/spell/parse" | "/spell/cast" => Some(json!({"spell": "summon claude"})),
        "/consumers/{name}/ack" => Some(json!({"seq": 1})),
        "/hooks/{agent}" => Some(json!({"hook_event_name": "Stop", "session_id": "s"})),
        "/requests/{id}/answer" => Some(json!({"decision": "allow"})),
        "/rules" => Some(json!({"name": "a", "decision": "ask"})),
        "/rules/test" => Some(json!({"rules": []})),
        "/mcp" => Some(json!({"jsonrpc": "2.0", "id": 1, "method": "tools/list"})),
        "/v1/logs" | "/v1/traces" | "/v1/metrics" => Some(json!({})),
        _ => None,
    };
    (
        path.replace("{agent}", "claude")
            .replace("{address}", "ci")
            .replace("{name}", "main")
            .replace("{id}", "none")
            .replace("{file}", "none.mp3"),
        body,
    )
}

/// What a server says of itself, and what its source adds to that.
async fn all_routes(server: &TestServer) -> BTreeSet<(String, String)> {
    let document: Value = server.get("/openapi.json").await.json().await.unwrap();
    let mut routes = BTreeSet::new();
    for (path, operations) in document["paths"].as_object().unwrap() {
        for method in operations.as_object().unwrap().keys() {
            routes.insert((method.clone(), path.clone()));
        }
    }
    let source = include_str!("../src/http/mod.rs");
    for rest in source.split(".route(\"").skip(1) {
        routes.insert(("get".into(), rest.split('"').next().unwrap().into()));
    }
    // Its messages have a test of their own.
    assert!(routes.remove(&("get".into(), "/ws/events".into())));
    routes
}

#[tokio::test]
async fn the_table_has_every_route() {
    let guarded = Guarded::start().await;
    let of_table = ROUTES.iter().map(|(method, path, _)| ((*method).to_owned(), (*path).to_owned()));
    assert_eq!(all_routes(&guarded.server).await, of_table.collect());
    assert_eq!(
        include_str!("../src/http/mod.rs").matches(".route(").count(),
        8,
        "a route that is not a literal?"
    );
}

/// A route that is asked.
struct Asked<'a> {
    server: &'a TestServer,
    method: Method,
    path: String,
    body: Option<Value>,
}

/// Status, kind of problem, and whether the answer says how to show a token.
type Answer = (StatusCode, String, bool);

impl Asked<'_> {
    async fn ask(&self, token: Option<&String>, headers: &[(&str, &str)]) -> Answer {
        let mut request = self.server.http.request(self.method.clone(), self.server.url(&self.path));
        request = self.body.iter().fold(request, |request, body| request.json(body));
        request = token.into_iter().fold(request, |request, token| request.bearer_auth(token));
        request = headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let response = request.send().await.unwrap();
        let status = response.status();
        let challenge = response.headers().get("www-authenticate").is_some();
        // A stream has no end to wait for.
        let problem = if status.is_client_error() { response.text().await.unwrap() } else { String::new() };
        let problem = serde_json::from_str::<Value>(&problem).unwrap_or_default();
        let kind = problem["type"].as_str().unwrap_or_default().trim_start_matches("/docs#problem-");
        // Telemetry is refused in the words of its own protocol.
        let reason =
            problem["details"][0]["reason"].as_str().map(|reason| reason.to_lowercase().replace('_', "-"));
        (status, reason.unwrap_or_else(|| kind.to_owned()), challenge)
    }

    async fn allows(&self, token: &String) {
        let answer = self.ask(Some(token), &[]).await;
        let is_refused = matches!(answer.0.as_u16(), 401 | 403);
        assert!(!is_refused && !answer.0.is_server_error(), "{self}: {answer:?}");
    }

    async fn refuses(&self, token: &String, why: &str) {
        let refused = (StatusCode::FORBIDDEN, "forbidden".to_owned(), true);
        assert_eq!(self.ask(Some(token), &[]).await, refused, "{self} {why}");
    }
}

impl std::fmt::Display for Asked<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{} {}", self.method, self.path)
    }
}

/// What is no token that holds, and the kind of problem that it is.
fn no_tokens() -> [(Option<String>, &'static str); 7] {
    [
        (None, "no-token"),
        (Some("rubbish".to_owned()), "bad-token"),
        (Some(token(&json!({"exp": now() - 1}))), "bad-token"),
        (Some(token(&json!({"aud": "another"}))), "bad-token"),
        (Some(token(&json!({"jti": "gone"}))), "bad-token"),
        (Some(token(&json!({"sub": "fired"}))), "bad-token"),
        (Some(signed(OTHER_SECRET, &json!({}))), "bad-token"),
    ]
}

#[tokio::test]
async fn every_route_with_every_kind_of_token() {
    let guarded = Guarded::start().await;
    write_keys(&guarded.file, &json!([{"jti": "gone"}, {"sub": "fired", "before": now() + 600}]));
    until_revoked(&guarded).await;
    for (method, path, needs) in ROUTES {
        let (path, body) = example(path);
        let method = method.to_uppercase().parse().unwrap();
        let route = Asked { server: &guarded.server, method, path, body };
        for (token, kind) in no_tokens() {
            let answer = route.ask(token.as_ref(), &[]).await;
            match needs {
                Nothing => assert!(answer.0.is_success(), "{route} {kind}: {answer:?}"),
                _ => {
                    let refused = (StatusCode::UNAUTHORIZED, kind.to_owned(), true);
                    assert_eq!(answer, refused, "{route} {token:?}");
                }
            }
        }
        match needs {
            Link => assert_eq!(route.ask(Some(&token(&json!({}))), &[]).await.0, StatusCode::UNAUTHORIZED),
            Nothing | Token => route.allows(&token(&json!({"can": []}))).await,
            Anywhere(right) | Room(right) | Whole(right) | AllRooms(right) => {
                route.refuses(&token(&all_rights_but(right)), "without the right").await;
                route.allows(&token(&json!({"can": [right]}))).await;
            }
        }
        if *needs != Link {
            check_scopes(&route, *needs).await;
        }
        for header in
            [("origin", "http://localhost:3000"), ("host", "evil.example"), ("sec-fetch-site", "cross-site")]
        {
            let (status, kind, _) = route.ask(Some(&token(&json!({}))), &[header]).await;
            assert_eq!((status, kind.as_str()), (StatusCode::FORBIDDEN, "origin"), "{route} {header:?}");
        }
    }
}

/// Tokens of other rooms, of some rooms, and with a filter.
async fn check_scopes(route: &Asked<'_>, needs: Needs) {
    let elsewhere = token(&json!({"rooms": ["lab", "team-*"]}));
    match needs {
        Nothing | Link | Token | Anywhere(_) => route.allows(&elsewhere).await,
        Room(_) | Whole(_) | AllRooms(_) => route.refuses(&elsewhere, "elsewhere").await,
    }
    let narrow = token(&json!({"filter": {"spell": ["voice"]}}));
    match needs {
        Nothing | Link | Token | Anywhere(_) | Room(_) => route.allows(&narrow).await,
        Whole(_) | AllRooms(_) => route.refuses(&narrow, "through a filter").await,
    }
    let named = token(&json!({"rooms": ["main"]}));
    match needs {
        AllRooms(_) => route.refuses(&named, "for one room").await,
        _ => route.allows(&named).await,
    }
}

/// Every meaning of a spell in plain words, and whether it answers with what is made of all events.
const MEANINGS: &[(&str, bool)] = &[
    ("list all daemons", true),
    ("list active daemons", true),
    ("status of payroll", true),
    ("show statistics", true),
    ("banish payroll", false),
    ("summon payroll", false),
    ("invoke payroll to count", false),
];

/// Figures of a daemon.
const FIGURES: &[&str] =
    &["total_invocations", "invocation_count", "total_execution_time", "total_time", "failed_invocations"];

/// What a spell is answered, and whether anything in it tells what daemons have done.
async fn cast(guarded: &Guarded, token: &str, path: &str, body: Value) -> (u16, bool) {
    let (status, answer) = guarded.status(token, Method::POST, path, Some(body)).await;
    let daemon = &answer["daemon"];
    let tells = |card: &Value| FIGURES.iter().any(|name| card[*name].as_f64().is_some_and(|n| n > 0.0));
    let told = answer["message"].as_str().is_some_and(|message| message.contains("task(s)"));
    let withheld = answer["figures_withheld"] == json!(true);
    let tells = tells(daemon) || told || !daemon["summoned_at"].is_null() || !answer["daemons"].is_null();
    assert!(status != 200 || tells != withheld, "{path}: {answer}");
    (status, tells)
}

#[tokio::test]
async fn a_spell_tells_no_more_than_the_routes_that_it_stands_for() {
    let guarded = Guarded::start().await;
    let everything = token(&json!({}));
    let blind = [
        ("without subscribe", token(&json!({"can": ["cast"]}))),
        ("through a filter", token(&json!({"filter": {"daemon": ["claude"]}}))),
    ];
    for (name, body) in [
        ("/summon", json!({"daemon_name": "payroll"})),
        ("/invoke", json!({"daemon_name": "payroll", "task": "count"})),
    ] {
        assert_eq!(cast(&guarded, &everything, name, body).await.0, 200);
    }
    for (spell, looks) in MEANINGS {
        let body = json!({"spell": spell});
        for (why, token) in &blind {
            let (status, tells) = cast(&guarded, token, "/spell/cast", body.clone()).await;
            assert!(!tells, "{spell:?} {why} tells");
            match looks {
                true => assert_eq!(status, 403, "{spell:?} {why}"),
                // The second of them may be too late.
                false => assert!(matches!(status, 200 | 409), "{spell:?} {why}: {status}"),
            }
        }
        for (why, claims) in
            [("elsewhere", json!({"rooms": ["lab"]})), ("to read", json!({"can": ["subscribe"]}))]
        {
            assert_eq!(
                cast(&guarded, &token(&claims), "/spell/cast", body.clone()).await,
                (403, false),
                "{spell:?} {why}"
            );
        }
        if *looks {
            assert_eq!(guarded.status(&everything, Method::POST, "/spell/cast", Some(body)).await.0, 200);
        }
    }
    // The routes themselves.
    for (_, token) in &blind {
        let named = json!({"daemon_name": "payroll"});
        let task = json!({"daemon_name": "payroll", "task": "count"});
        for (path, body) in [("/invoke", &task), ("/banish", &named), ("/summon", &named)] {
            assert_eq!(cast(&guarded, token, path, body.clone()).await, (200, false), "{path}");
        }
    }
    let (status, tells) = cast(&guarded, &everything, "/banish", json!({"daemon_name": "payroll"})).await;
    assert_eq!((status, tells), (200, true));
}

/// Waits until the server has reread its keys.
async fn until_revoked(guarded: &Guarded) {
    let gone = token(&json!({"jti": "gone"}));
    while guarded.status(&gone, Method::GET, "/rooms", None).await.0 != 401 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_token_is_never_repeated() {
    let guarded = Guarded::start().await;
    let secret = token(&json!({"aud": "another"}));
    for path in [
        format!("/rooms?token={secret}"),
        format!("/events?token={secret}&nonsense=1"),
        format!("/nothing?token={secret}"),
        format!("/events?room={secret}&token={}", token(&json!({}))),
    ] {
        let response = guarded.server.get(&path).await;
        let head = format!("{:?}", response.headers());
        let body = response.text().await.unwrap();
        // A name that is a token is told of by its length or its first wrong letter.
        assert!(!body.contains(&secret) && !head.contains(&secret), "{path}: {body}");
    }
    let metrics = guarded.status(&token(&json!({})), Method::GET, "/metrics", None).await;
    assert!(!metrics.1.to_string().contains(&secret));
}
