//! Links of notifications: who opens one may do little, in one room, for a short time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use arcane_server::config::{Config, Dashboard, KeysConfig, NetConfig, Notify};
use reqwest::Method;
use serde_json::{Value, json};
use support::asking::{self, Hook};
use support::guarded::{connect_to, now, token, write_keys};
use support::receiver::Receiver;
use support::{Client, TestServer};

struct Lab {
    server: TestServer,
    receiver: Receiver,
    /// What an agent asks, and the hook that waits for the answer.
    request: String,
    expires_at: String,
    hook: Option<Hook>,
    _page: Client,
    _dir: tempfile::TempDir,
}

impl Lab {
    /// A server with keys, of which a target is told; claude asks something in the room `lab`, and a page there is watched.
    async fn start(lines: &str) -> Self {
        let receiver = Receiver::start().await;
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("keys.json");
        write_keys(&file, &json!([]));
        let url = receiver.url("/topic");
        let tables =
            format!("[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl = \"{url}\"\nafter_s = 0\n{lines}");
        let mut table: toml::Table = tables.parse().unwrap();
        let config = Config {
            notify: Notify::read(table.remove("notify").unwrap()).unwrap(),
            net: NetConfig {
                public_url: Some("https://arcane.example".parse().unwrap()),
                ..NetConfig::default()
            },
            keys: Some(KeysConfig { file, audience: "arcane".into() }),
            dashboard: Dashboard::Off,
            ..Config::default()
        };
        let mut server = TestServer::with(config).await;
        let all = token(&json!({}));
        let mut page = connect_to(&server, &all, "room=lab&recent=0").await;
        page.next().await;
        asking::watch(&mut page).await;
        let mut headers = reqwest::header::HeaderMap::new();
        headers.insert("authorization", format!("Bearer {all}").parse().unwrap());
        server.http = reqwest::Client::builder().tls_certs_only([]).default_headers(headers).build().unwrap();
        let payload = asking::claude("PermissionRequest", "s1", asking::bash("git push"));
        let hook = Hook::asks(&server, "/hooks/claude?room=lab&hold=60", payload);
        let opening = asking::event(&mut page, "await").await;
        let expires_at = opening["metadata"]["expires_at"].as_str().unwrap().to_owned();
        let request = asking::request(&opening);
        Self { server, receiver, request, expires_at, hook: Some(hook), _page: page, _dir: dir }
    }

    /// The token of the link of the message.
    async fn link(&mut self) -> String {
        let received = self.receiver.next().await;
        let expected = format!("https://arcane.example/?room=lab&request={}#login=", self.request);
        let link = received.header("click").strip_prefix(&expected);
        link.unwrap_or_else(|| panic!("{}", received.header("click"))).to_owned()
    }

    async fn ask(&self, token: &str, method: Method, path: &str, body: Option<Value>) -> (u16, Value) {
        let http = support::http_client();
        let request = http.request(method, self.server.url(path)).bearer_auth(token);
        let request = body.into_iter().fold(request, |request, body| request.json(&body));
        let response = request.send().await.unwrap();
        (response.status().as_u16(), response.json().await.unwrap_or_default())
    }

    async fn exchanged(&self, link: &str) -> String {
        let (status, answer) = self.ask(link, Method::POST, "/login", None).await;
        assert_eq!(status, 200, "{answer}");
        answer["token"].as_str().unwrap().to_owned()
    }

    async fn answer(&self, token: &str) -> (u16, Value) {
        let path = format!("/requests/{}/answer", self.request);
        self.ask(token, Method::POST, &path, Some(json!({"decision": "allow"}))).await
    }

    async fn who(&self, token: &str) -> Value {
        self.ask(token, Method::GET, "/whoami", None).await.1
    }
}

#[tokio::test]
async fn a_link_lets_read_one_room_and_no_more() {
    let mut lab = Lab::start("").await;
    let link = lab.link().await;
    // By itself it does nothing but sign in.
    assert_eq!(lab.ask(&link, Method::GET, "/roster?room=lab", None).await.0, 401);
    let token = lab.exchanged(&link).await;
    assert_eq!(lab.ask(&link, Method::POST, "/login", None).await.0, 401, "a link is opened once");
    let who = lab.who(&token).await;
    assert_eq!(
        (&who["subject"], &who["can"], &who["rooms"]),
        (&json!("notify phone"), &json!(["subscribe"]), &json!(["lab"]))
    );
    assert_eq!(lab.ask(&token, Method::GET, "/roster?room=lab", None).await.0, 200);
    assert_eq!(lab.ask(&token, Method::GET, "/roster?room=main", None).await.0, 403);
    assert_eq!(lab.answer(&token).await.0, 403);
    for (path, body) in [
        ("/events?room=lab", json!({"spell_name": "invoke", "daemon_name": "claude"})),
        ("/summon", json!({"daemon_name": "claude"})),
    ] {
        assert_eq!(lab.ask(&token, Method::POST, path, Some(body)).await.0, 403, "{path}");
    }
    lab.server.stop().await;
}

#[tokio::test]
async fn a_link_lets_answer_where_its_target_says_so() {
    let mut lab = Lab::start("link_may_answer = true").await;
    let link = lab.link().await;
    let token = lab.exchanged(&link).await;
    let who = lab.who(&token).await;
    assert_eq!((&who["can"], &who["rooms"]), (&json!(["subscribe", "answer"]), &json!(["lab"])));
    // The token ends soon after what it is for.
    let micros =
        |text: &Value| arcane_shared::Timestamp::parse(text.as_str().unwrap()).unwrap().unix_micros();
    let (ends, expires) = (micros(&who["expires_at"]), micros(&json!(lab.expires_at)));
    assert!((0..=121_000_000).contains(&(ends - expires)), "{who} {}", lab.expires_at);
    assert!(ends < i64::try_from(now() + 60 + 122).unwrap() * 1_000_000);
    let (status, end) = lab.answer(&token).await;
    assert_eq!((status, &end["by"]), (200, &json!("notify phone")), "{end}");
    assert_eq!(lab.hook.take().unwrap().hears().await, asking::decided(json!({"behavior": "allow"})));
    assert_eq!(lab.ask(&token, Method::POST, "/summon", Some(json!({"daemon_name": "x"}))).await.0, 403);
    lab.server.stop().await;
}

/// Whoever publishes may tell of a request that there is not, which never ends.
#[tokio::test]
async fn an_event_that_tells_of_no_request_of_the_server_gives_no_token() {
    let mut lab = Lab::start("link_may_answer = true\nmin_interval_s = 0").await;
    lab.link().await;
    let metadata = json!({"attention": true, "task": "x", "session": "s9", "request_id": "abcdefghjkm", "expires_at": "2099-01-01T00:00:00Z"});
    let event = json!({"spell_name": "voice", "daemon_name": "codex", "metadata": metadata});
    lab.server.post("/events?room=lab", event).await;
    let click = lab.receiver.next().await.header("click").to_owned();
    assert_eq!(click, "https://arcane.example/?room=lab&request=abcdefghjkm");
    lab.server.stop().await;
}
