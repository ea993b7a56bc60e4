use super::*;
use crate::config::Notify;

fn opened(lines: &str) -> Result<Outlet, String> {
    let mut table: toml::Table = format!("[[notify]]\nname = \"phone\"\n{lines}").parse().unwrap();
    let notify = Notify::read(table.remove("notify").unwrap()).unwrap();
    let variable = |name: &str| match name {
        "TOKEN" => Some("tk_SECRET\n".to_owned()),
        "BROKEN" => Some("SEC\u{7}RET".to_owned()),
        "URL" => Some("http://hooks.example/SECRET".to_owned()),
        "NO_URL" => Some("hooks.example/SECRET".to_owned()),
        "EMPTY" => Some(" ".to_owned()),
        _ => None,
    };
    Outlet::open(&notify.targets()[0], variable).map_err(|error| error.to_string())
}

/// The request as it goes out, but for what no message changes.
fn sent(lines: &str, message: &Message, link: &str) -> String {
    let request = opened(lines).unwrap().request(message, link).build().unwrap();
    let headers =
        request.headers().iter().map(|(name, value)| format!("{name}: {}\n", value.to_str().unwrap()));
    let mut headers: Vec<String> = headers.collect();
    headers.sort();
    let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
    format!("{} {}\n{}\n{}", request.method(), request.url(), headers.concat(), String::from_utf8_lossy(body))
}

fn message() -> Message {
    Message {
        title: "claude waits for you".into(),
        text: "claude: echo \"ü\" (webshop)\ncodex: rm x".into(),
        room: "main".into(),
        ..Message::of_test()
    }
}

#[test]
fn a_webhook_is_sent_json() {
    insta::assert_snapshot!(sent("kind = \"webhook\"\nurl_env = \"URL\"\nheaders_env = { X-Key = \"TOKEN\" }", &message(), "https://a.example/"), @r#"
    POST http://hooks.example/SECRET
    content-type: application/json
    x-key: tk_SECRET

    {"kind":"test","title":"claude waits for you","text":"claude: echo \"ü\" (webshop)\ncodex: rm x","count":1,"room":"main","daemon":"","link":"https://a.example/"}
    "#);
    insta::assert_snapshot!(sent("kind = \"webhook\"\nurl = \"http://h.example/\"\ncontent_type = \"text/plain\"\ntemplate = \"{title}!\"", &message(), ""), @"
    POST http://h.example/
    content-type: text/plain

    claude waits for you!
    ");
}

#[test]
fn ntfy_is_sent_a_text_and_headers() {
    let lines = "kind = \"ntfy\"\nurl = \"http://n.example/topic\"\ntoken_env = \"TOKEN\"\npriority = \"high\"\ntags = [\"bell\", \"claude\"]";
    insta::assert_snapshot!(sent(lines, &message(), "https://a.example/?room=main&request=r1"), @r#"
    POST http://n.example/topic
    authorization: Bearer tk_SECRET
    click: https://a.example/?room=main&request=r1
    content-type: text/plain; charset=utf-8
    priority: 4
    tags: bell,claude
    title: claude waits for you

    claude: echo "ü" (webshop)
    codex: rm x
    "#);
    let title = Message { title: "büro wartet".into(), ..message() };
    insta::assert_snapshot!(sent("kind = \"ntfy\"\nurl = \"http://n.example/topic\"\ntemplate = \"{text} {link}\"", &title, ""), @r#"
    POST http://n.example/topic
    content-type: text/plain; charset=utf-8
    title: =?UTF-8?B?YsO8cm8gd2FydGV0?=

    claude: echo "ü" (webshop)
    codex: rm x
    "#);
}

#[test]
fn a_text_that_is_too_long_for_ntfy_is_cut() {
    let long = Message { title: "ä".repeat(400), text: "€".repeat(5000), ..message() };
    let request = opened("kind = \"ntfy\"\nurl = \"http://n.example/topic\"")
        .unwrap()
        .request(&long, "")
        .build()
        .unwrap();
    let body = request.body().unwrap().as_bytes().unwrap();
    assert!(body.len() <= NTFY_TEXT_BYTES_MAX && body.ends_with("€…".as_bytes()));
    assert!(request.headers()["title"].len() < 2 * NTFY_TITLE_BYTES_MAX);
}

#[test]
fn what_is_not_in_the_environment_is_named_and_what_is_there_is_not_told() {
    let refused = |lines: &str| opened(lines).unwrap_err();
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl_env = \"NONE\""), @"[[notify]] phone: url_env: there is no variable NONE in the server's environment; set it, or name another");
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl_env = \"NO_URL\""), @"[[notify]] phone: url_env: what is in the variable NO_URL is no address; write https://HOST/PATH");
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl = \"http://n.example/t\"\ntoken_env = \"EMPTY\""), @"[[notify]] phone: token_env: there is no variable EMPTY in the server's environment; set it, or name another");
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl = \"http://n.example/t\"\nheaders_env = { x-key = \"BROKEN\" }"), @"[[notify]] phone: headers_env: what is in the variable BROKEN cannot stand in a header: it has a line break or a control character");
    let shown = format!("{:?}", opened("kind = \"ntfy\"\nurl_env = \"URL\"\ntoken_env = \"TOKEN\"").unwrap());
    assert!(!shown.contains("SECRET"), "{shown}");
}
