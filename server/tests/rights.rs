//! Who may do what: every route and every message, with every kind of token.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use arcane_server::config::{Config, Dashboard, KeysConfig, NetConfig, ProxyConfig};
use jsonwebtoken::{Algorithm, EncodingKey, Header};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use support::{Client, Sse, TestServer};
use tokio_tungstenite::connect_async;
use tokio_tungstenite::tungstenite::client::IntoClientRequest;

/// 32 bytes, base64url.
const SECRET: &str = "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE";
const OTHER_SECRET: &[u8] = b"another secret of thirty-two bytes";

/// What a route needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Needs {
    /// Nothing.
    Nothing,
    /// This right, whatever the room: what it answers is cut to the token's rooms.
    Anywhere(&'static str),
    /// This right, in the room of the request.
    Room(&'static str),
    /// This right, and every event of the room of the request.
    Whole(&'static str),
    /// This right, and every event of every room.
    AllRooms(&'static str),
}
use Needs::{AllRooms, Anywhere, Nothing, Room, Whole};

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
    ("get", "/events/stats", AllRooms("subscribe")),
    ("post", "/events", Room("publish")),
    ("post", "/summon", Room("cast")),
    ("post", "/invoke", Room("cast")),
    ("post", "/banish", Room("cast")),
    ("post", "/voice", Room("cast")),
    ("post", "/spell/parse", Room("cast")),
    ("post", "/spell/cast", Room("cast")),
    ("delete", "/events", Room("admin")),
    ("delete", "/rooms/{name}", Room("admin")),
    ("delete", "/consumers/{name}", Room("admin")),
    ("delete", "/daemons/{name}", Room("admin")),
    ("delete", "/daemons/active", Room("admin")),
];

/// A server with keys, and tokens for it.
struct Guarded {
    server: TestServer,
    file: PathBuf,
    _dir: tempfile::TempDir,
}

impl Guarded {
    async fn start() -> Self {
        Self::with(NetConfig { trust_local_pages: false, ..NetConfig::default() }).await
    }

    async fn with(net: NetConfig) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        write_keys(&file, &json!([]));
        let keys = Some(KeysConfig { file: file.clone(), audience: "arcane".into() });
        let server =
            TestServer::with(Config { keys, net, dashboard: Dashboard::Off, ..Config::default() }).await;
        Self { server, file, _dir: dir }
    }

    async fn connect(&self, token: &str, query: &str) -> Client {
        connect_to(&self.server, token, query).await
    }

    async fn status(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let request = self.server.http.request(method, self.server.url(path)).bearer_auth(token);
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }
}

async fn connect_to(server: &TestServer, token: &str, query: &str) -> Client {
    let mut request = format!("ws://{}/ws/events?{query}", server.address).into_client_request().unwrap();
    let protocols = format!("arcane, bearer.{token}").parse().unwrap();
    request.headers_mut().insert("sec-websocket-protocol", protocols);
    let (socket, response) = connect_async(request).await.unwrap();
    assert_eq!(response.headers()["sec-websocket-protocol"], "arcane", "the token is not repeated");
    Client { socket }
}

/// Writes the keys as programs do that replace a file: at once.
fn write_keys(file: &Path, revoked: &Value) {
    let set = json!({"keys": [{"kty": "oct", "alg": "HS256", "kid": "k", "k": SECRET}], "revoked": revoked});
    let new = file.with_extension("new");
    std::fs::write(&new, set.to_string()).unwrap();
    std::fs::rename(new, file).unwrap();
}

fn now() -> u64 {
    std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
}

/// Claims that allow everything, changed by these.
fn claims(changes: &Value) -> Value {
    let mut claims = json!({
        "exp": now() + 600, "iat": now(), "aud": "arcane", "sub": "tester", "jti": "t1", "rooms": ["*"],
        "can": ["subscribe", "publish", "cast", "answer", "metrics", "admin"],
    });
    claims.as_object_mut().unwrap().extend(changes.as_object().unwrap().clone());
    claims
}

fn signed(secret: &[u8], changes: &Value) -> String {
    let header = Header { kid: Some("k".into()), ..Header::new(Algorithm::HS256) };
    jsonwebtoken::encode(&header, &claims(changes), &EncodingKey::from_secret(secret)).unwrap()
}

fn token(changes: &Value) -> String {
    signed(b"01234567890123456789012345678901", changes)
}

fn all_rights_but(right: &str) -> Value {
    let all = ["subscribe", "publish", "cast", "answer", "metrics", "admin"];
    json!({"can": all.into_iter().filter(|one| *one != right).collect::<Vec<_>>()})
}

/// A request for a route that would be answered if it might.
fn example(path: &str) -> (String, Option<Value>) {
    let event = json!({"spell_name": "reveal"});
    let body = match path {
        "/events" => Some(event),
        "/summon" | "/banish" => Some(json!({"daemon_name": "claude"})),
        "/invoke" => Some(json!({"daemon_name": "claude", "task": "x"})),
        "/voice" => Some(json!({"daemon_name": "claude", "text": "x"})),
        "/spell/parse" | "/spell/cast" => Some(json!({"spell": "list all daemons"})),
        "/consumers/{name}/ack" => Some(json!({"seq": 1})),
        _ => None,
    };
    (path.replace("{name}", "main").replace("{file}", "none.mp3"), body)
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
        (status, kind.to_owned(), challenge)
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
            Nothing => route.allows(&token(&json!({"can": []}))).await,
            Anywhere(right) | Room(right) | Whole(right) | AllRooms(right) => {
                route.refuses(&token(&all_rights_but(right)), "without the right").await;
                route.allows(&token(&json!({"can": [right]}))).await;
            }
        }
        check_scopes(&route, *needs).await;
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
        Nothing | Anywhere(_) => route.allows(&elsewhere).await,
        Room(_) | Whole(_) | AllRooms(_) => route.refuses(&elsewhere, "elsewhere").await,
    }
    let narrow = token(&json!({"filter": {"spell": ["voice"]}}));
    match needs {
        Nothing | Anywhere(_) | Room(_) => route.allows(&narrow).await,
        Whole(_) | AllRooms(_) => route.refuses(&narrow, "through a filter").await,
    }
    let named = token(&json!({"rooms": ["main"]}));
    match needs {
        AllRooms(_) => route.refuses(&named, "for one room").await,
        _ => route.allows(&named).await,
    }
}

/// Waits until the server has reread its keys.
async fn until_revoked(guarded: &Guarded) {
    let gone = token(&json!({"jti": "gone"}));
    while guarded.status(&gone, Method::GET, "/rooms", None).await.0 != 401 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_socket_without_a_token_that_holds_is_closed_with_the_reason() {
    let guarded = Guarded::start().await;
    for (token, code, reason) in [
        ("rubbish".to_owned(), 4401, "the token is no JSON Web Token of at most 4096 bytes"),
        (token(&json!({"exp": now() - 1})), 4401, "the token has expired"),
        (
            token(&json!({"aud": "another"})),
            4401,
            "the token is not for this server: its aud must have \"arcane\"",
        ),
        (signed(OTHER_SECRET, &json!({})), 4401, "the token was not signed with a key of this server"),
        (
            token(&all_rights_but("subscribe")),
            4403,
            "the token of tester does not allow subscribe; it allows publish, cast, answer, metrics, admin",
        ),
        (
            token(&json!({"rooms": ["lab"]})),
            4403,
            "the token of tester is not for the room main; it is for lab",
        ),
    ] {
        let mut client = guarded.connect(&token, "").await;
        assert_eq!(client.closed().await, (code, reason.to_owned()));
    }
    let mut client = guarded.server.connect("").await;
    assert_eq!(client.closed().await.0, 4401, "no token at all");
    let narrow = token(&json!({"filter": {"spell": ["voice"]}}));
    let mut client = guarded.connect(&narrow, "spell=summon").await;
    assert_eq!(client.closed().await.0, 4403, "nothing is left of it");
    // In the address, for who can do nothing else.
    let mut client = guarded.server.connect(&format!("token={}", token(&json!({})))).await;
    assert_eq!(client.next().await["type"], "connection");
    // A connection that only publishes needs no other right, and sees nothing.
    let publisher = token(&json!({"can": ["publish"]}));
    guarded.status(&publisher, Method::POST, "/events", Some(json!({"spell_name": "reveal"}))).await;
    let mut client = guarded.connect(&publisher, "listen=false").await;
    assert_eq!(client.next().await["recent_events"], json!([]));
}

#[tokio::test]
async fn every_message_needs_its_right() {
    let guarded = Guarded::start().await;
    let publish = |room: &str| json!({"type": "publish", "id": "7", "room": room, "events": [{"spell_name": "reveal"}]});
    let said = async |token: &str, message: Value| {
        let mut client = guarded.connect(token, "recent=0").await;
        client.next().await;
        client.say(message).await;
        let answer = client.next().await;
        answer["code"].as_str().or(answer["type"].as_str()).unwrap().to_owned()
    };
    let reader = token(&json!({"can": ["subscribe"], "rooms": ["main"]}));
    let writer = token(&json!({"can": ["subscribe", "publish"], "rooms": ["main", "lab"]}));
    for (token, message, answer) in [
        (&reader, json!({"type": "hello"}), "hello"),
        (&reader, json!({"type": "ping", "t0": 1}), "pong"),
        (&reader, json!({"type": "filter", "spell": ["voice"]}), "filtered"),
        (&reader, json!({"type": "auth", "token": reader}), "authenticated"),
        (&reader, json!({"type": "auth", "token": "rubbish"}), "bad_token"),
        (&reader, json!({"type": "auth", "token": token(&json!({"sub": "other"}))}), "bad_token"),
        (&reader, json!({"type": "auth", "token": token(&json!({"can": ["publish"]}))}), "bad_token"),
        (&reader, json!({"type": "auth", "token": token(&json!({"rooms": ["lab"]}))}), "bad_token"),
        (
            &reader,
            json!({"type": "auth", "token": token(&json!({"filter": {"success": true}}))}),
            "bad_token",
        ),
        (&reader, json!({"type": "ack", "seq": 1}), "no_consumer"),
        (&reader, publish("main"), "forbidden"),
        (&writer, publish("lab"), "published"),
        (&writer, publish("other"), "forbidden"),
    ] {
        assert_eq!(said(token, message.clone()).await, answer, "{message}");
    }
    let all = token(&json!({}));
    let (_, rooms) = guarded.status(&all, Method::GET, "/rooms", None).await;
    let names: Vec<&str> =
        rooms["rooms"].as_array().unwrap().iter().map(|room| room["room"].as_str().unwrap()).collect();
    assert_eq!(names, ["lab", "main"], "a refused publication opens no room");
    let (_, rooms) = guarded.status(&reader, Method::GET, "/rooms", None).await;
    assert_eq!(rooms["rooms"].as_array().unwrap().len(), 1, "and a reader sees its own alone");
    // Rights that are gained are there at once.
    let mut client = guarded.connect(&reader, "recent=0").await;
    client.next().await;
    client.say(json!({"type": "auth", "token": token(&json!({"rooms": ["*"]}))})).await;
    assert_eq!(client.next().await["type"], "authenticated");
    client.say(publish("other")).await;
    assert_eq!(client.next().await["type"], "published");
}

#[tokio::test]
async fn a_filter_of_a_token_cannot_be_widened() {
    let guarded = Guarded::start().await;
    let (all, narrow) = (token(&json!({})), token(&json!({"filter": {"daemon": ["claude"]}})));
    for (spell, daemon) in
        [("summon", "claude"), ("summon", "gemini"), ("voice", "claude"), ("voice", "gemini")]
    {
        let event = json!({"spell_name": spell, "daemon_name": daemon});
        guarded.status(&all, Method::POST, "/events", Some(event)).await;
    }
    let names = |events: &Value| -> BTreeSet<String> {
        let of = |event: &Value| event["daemon_name"].as_str().unwrap_or_default().to_owned();
        events.as_array().unwrap().iter().map(of).collect()
    };
    let claude = BTreeSet::from(["claude".to_owned()]);
    for path in ["/events", "/events?daemon=claude,gemini", "/events/recent", "/events?q=claude"] {
        let (status, page) = guarded.status(&narrow, Method::GET, path, None).await;
        assert_eq!((status, names(&page["events"])), (200, claude.clone()), "{path}");
    }
    let (status, _) = guarded.status(&narrow, Method::GET, "/events?daemon=gemini", None).await;
    assert_eq!(status, 403);
    let mut client = guarded.connect(&narrow, "roster=true").await;
    let first = client.next().await;
    assert_eq!((names(&first["recent_events"]), &first["roster"]), (claude.clone(), &Value::Null));
    client.say(json!({"type": "filter", "daemon": ["gemini"]})).await;
    assert_eq!(client.next().await["code"], "forbidden");
    client.say(json!({"type": "filter"})).await;
    assert_eq!(client.next().await["type"], "filtered");
    for daemon in ["gemini", "claude"] {
        let event = json!({"spell_name": "invoke", "daemon_name": daemon});
        guarded.status(&all, Method::POST, "/events", Some(event)).await;
    }
    assert_eq!(client.next().await["daemon_name"], "claude");
    // A replay, and a look from a position.
    for query in ["from=1&speed=100&max_gap=0", "since=0"] {
        let mut client = guarded.connect(&narrow, query).await;
        client.next().await;
        for _ in 0..3 {
            assert_eq!(client.next().await["daemon_name"], "claude", "{query}");
        }
    }
}

#[tokio::test]
async fn what_is_open_ends_when_its_token_does() {
    let guarded = Guarded::start().await;
    let soon = token(&json!({"exp": now() + 2}));
    let (mut client, mut stream) = (guarded.connect(&soon, "").await, sse(&guarded, &soon).await);
    client.next().await;
    assert_eq!(client.closed().await, (4401, "the token has expired".to_owned()));
    assert_eq!(stream.next().await.unwrap().1, "error");
    // Another token in time.
    let mut client = guarded.connect(&token(&json!({"exp": now() + 2})), "").await;
    client.next().await;
    client.say(json!({"type": "auth", "token": token(&json!({}))})).await;
    assert_eq!(client.next().await["type"], "authenticated");
    let mut other = guarded.connect(&token(&json!({"exp": now() + 2})), "").await;
    other.next().await;
    assert_eq!(other.closed().await.0, 4401);
    client.say(json!({"type": "ping", "t0": 1})).await;
    assert_eq!(client.next().await["type"], "pong", "it goes on");
}

#[tokio::test]
async fn what_is_open_ends_when_its_token_is_revoked() {
    let guarded = Guarded::start().await;
    let (good, bad) = (token(&json!({"jti": "good"})), token(&json!({"jti": "bad"})));
    let mut kept = guarded.connect(&good, "").await;
    let (mut client, mut stream) = (guarded.connect(&bad, "").await, sse(&guarded, &bad).await);
    kept.next().await;
    client.next().await;
    // What cannot be used changes nothing.
    std::fs::write(&guarded.file, "{").unwrap();
    write_keys(&guarded.file, &json!([{"jti": "bad"}]));
    assert_eq!(client.closed().await, (4401, "the token was revoked".to_owned()));
    let end = stream.next().await;
    assert_eq!(end.as_ref().map(|end| end.1.as_str()), Some("error"), "{end:?}");
    assert_eq!(guarded.status(&bad, Method::GET, "/rooms", None).await.0, 401);
    kept.say(json!({"type": "ping", "t0": 1})).await;
    assert_eq!(kept.next().await["type"], "pong");
}

async fn sse(guarded: &Guarded, token: &str) -> Sse {
    let mut stream = Sse::open(&guarded.server, &format!("/events/stream?token={token}"), None).await;
    stream.next().await;
    stream
}

#[tokio::test]
async fn looking_is_an_event_only_of_those_who_may_cast_and_once_a_second() {
    let guarded = Guarded::start().await;
    let (caster, reader) = (token(&json!({"sub": "caster"})), token(&json!({"can": ["subscribe"]})));
    for _ in 0..3 {
        assert_eq!(guarded.status(&reader, Method::GET, "/daemons", None).await.0, 200);
    }
    let count = async || {
        guarded.status(&reader, Method::GET, "/events/recent", None).await.1["count"].as_u64().unwrap()
    };
    assert_eq!(count().await, 0);
    let begun = std::time::Instant::now();
    for path in ["/daemons", "/daemons/active", "/daemons/claude", "/statistics"] {
        assert_eq!(guarded.status(&caster, Method::GET, path, None).await.0, 200);
    }
    // The machine may be slow.
    assert!(count().await <= 1 + begun.elapsed().as_secs(), "{}", count().await);
    assert!(count().await >= 1);
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

fn behind(address: &str) -> Config {
    let proxy = ProxyConfig {
        addresses: vec![address.parse().unwrap()],
        user_header: Some("x-remote-user".into()),
        user_can: vec!["subscribe".into(), "publish".into()],
        user_rooms: vec!["main".into()],
    };
    Config { proxy, dashboard: Dashboard::Off, ..Config::default() }
}

#[tokio::test]
async fn a_proxy_that_knows_its_users_is_believed_at_its_address_alone() {
    let ask = async |server: &TestServer, method: Method, path: &str, user: Option<&str>| {
        let request = server.http.request(method, server.url(path)).json(&json!({"spell_name": "reveal"}));
        let request = user.into_iter().fold(request, |request, user| request.header("x-remote-user", user));
        request.send().await.unwrap().status().as_u16()
    };
    let server = TestServer::with(behind("127.0.0.1")).await;
    assert_eq!(ask(&server, Method::POST, "/events", Some("ada")).await, 201);
    assert_eq!(ask(&server, Method::POST, "/events", None).await, 401);
    assert_eq!(ask(&server, Method::POST, "/events?room=lab", Some("ada")).await, 403);
    assert_eq!(ask(&server, Method::DELETE, "/rooms/main", Some("ada")).await, 403);
    let mut request = format!("ws://{}/ws/events", server.address).into_client_request().unwrap();
    request.headers_mut().insert("x-remote-user", "ada".parse().unwrap());
    let (socket, _) = connect_async(request).await.unwrap();
    assert_eq!(Client { socket }.next().await["type"], "connection");
    let elsewhere = TestServer::with(behind("192.0.2.1")).await;
    assert_eq!(ask(&elsewhere, Method::POST, "/events", Some("ada")).await, 401);
}
