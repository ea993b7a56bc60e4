use super::*;

fn read(text: &str) -> Result<Notify, String> {
    let table: toml::Table = text.parse().unwrap();
    Notify::read(table["notify"].clone()).map_err(|error| format!("{}: {}", error.place, error.detail))
}

fn refused(lines: &str) -> String {
    read(&format!("[[notify]]\nname = \"phone\"\n{lines}")).unwrap_err()
}

fn of_webhook(lines: &str) -> String {
    refused(&format!("kind = \"webhook\"\nurl = \"https://hooks.example/a\"\n{lines}"))
}

fn of_ntfy(lines: &str) -> String {
    refused(&format!("kind = \"ntfy\"\nurl = \"https://ntfy.example/topic\"\n{lines}"))
}

#[test]
fn a_target_that_says_little_has_defaults() {
    let notify = read("[[notify]]\nname = \"phone\"\nkind = \"ntfy\"\nurl_env = \"NTFY_URL\"").unwrap();
    let target = &notify.targets()[0];
    assert_eq!((target.after.as_secs(), target.min_interval.as_secs()), (30, 60));
    assert_eq!(target.on, Occasion::ALL);
    assert!(!target.link_may_answer && target.rooms.is_none() && target.daemons.is_none());
    assert!(target.is_for(&"main".parse().unwrap(), &"claude".parse().unwrap()));
}

#[test]
fn a_target_is_told_of_what_it_names() {
    let notify = read(
        "[[notify]]\nname = \"ops\"\nkind = \"webhook\"\nurl = \"http://hooks.example:9/x\"\non = [\"failures\"]\nrooms = [\"lab\"]\n\
         daemons = [\"Claude\"]\nafter_s = 0\nmin_interval_s = 5\ntoken_env = \"T\"\nheaders_env = { X-Key = \"K\" }",
    )
    .unwrap();
    let target = &notify.targets()[0];
    let is_for = |room: &str, daemon: &str| target.is_for(&room.parse().unwrap(), &daemon.parse().unwrap());
    assert!(is_for("lab", "claude") && !is_for("main", "claude") && !is_for("lab", "codex"));
    assert_eq!(target.headers_env["x-key"].as_str(), "K");
}

#[test]
fn what_does_not_fit_is_named_with_its_table_and_key() {
    let one = "[[notify]]\nname = \"a\"\nkind = \"ntfy\"\nurl = \"http://n.example/t\"\n";
    insta::assert_snapshot!(read("notify = 3").unwrap_err(), @"notify: expected an array of tables: write [[notify]]");
    insta::assert_snapshot!(read("[[notify]]\nkind = \"ntfy\"").unwrap_err(), @r#"[[notify]] 1: name: is missing; metrics and the log call the target by it: name = "phone""#);
    insta::assert_snapshot!(read(&one.repeat(2)).unwrap_err(), @"[[notify]] 2 (a): name: table 1 has the same; metrics name targets, so each needs a name of its own");
    insta::assert_snapshot!(refused("url = \"https://x.example\""), @r#"[[notify]] 1 (phone): kind: is missing; write "webhook" or "ntfy""#);
    insta::assert_snapshot!(refused("kind = \"slack\"\nurl = \"https://x.example\""), @r#"[[notify]] 1 (phone): kind: "slack" is no kind of service; write "webhook" or "ntfy""#);
    insta::assert_snapshot!(refused("kind = \"ntfy\""), @r#"[[notify]] 1 (phone): url: is missing; write the service's address, or the variable that holds it: url_env = "NAME""#);
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl = \"ntfy.example/topic\""), @"[[notify]] 1 (phone): url: is no address; write https://HOST/PATH");
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl = \"ftp://ntfy.example/topic\""), @"[[notify]] 1 (phone): url: is not of http or https; write https://HOST/PATH");
    insta::assert_snapshot!(refused("kind = \"ntfy\"\nurl = \"https://me:secret@ntfy.example/topic\""), @r#"[[notify]] 1 (phone): url: has a user before its host; name a variable with its token: token_env = "NAME""#);
    insta::assert_snapshot!(of_ntfy("url_env = \"NTFY\""), @"[[notify]] 1 (phone): url_env: stands beside url; leave one of them out");
    insta::assert_snapshot!(of_ntfy("on = [\"wating\"]"), @r#"[[notify]] 1 (phone): on: "wating" is nothing that is told; did you mean "waiting"?"#);
    insta::assert_snapshot!(of_ntfy("on = []"), @"[[notify]] 1 (phone): on: has 0 values; it has 1 to 64, or is left out");
    insta::assert_snapshot!(of_ntfy("after_s = -1"), @"[[notify]] 1 (phone): after_s: is -1; it is a whole number of seconds, 0 to 86400");
    insta::assert_snapshot!(of_ntfy("min_intervall_s = 1"), @r#"[[notify]] 1 (phone): min_intervall_s: is not known; did you mean "min_interval_s"?"#);
    insta::assert_snapshot!(of_ntfy("rooms = [\"a b\"]"), @"[[notify]] 1 (phone): rooms: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
    insta::assert_snapshot!(of_ntfy("content_type = \"text/plain\""), @r#"[[notify]] 1 (phone): content_type: is for kind = "webhook"; this table is "ntfy""#);
    insta::assert_snapshot!(of_ntfy("priority = 7"), @r#"[[notify]] 1 (phone): priority: "7" is no priority of ntfy: 1 to 5, or min, low, default, high, max"#);
    insta::assert_snapshot!(of_ntfy("tags = [\"a,b\"]"), @r#"[[notify]] 1 (phone): tags: "a,b" is no tag of ntfy: letters without accents, and no comma"#);
    insta::assert_snapshot!(of_ntfy("token_env = \"A=b\""), @r#"[[notify]] 1 (phone): token_env: "A=b" is no name of a variable: it must not be empty or hold '='; its value comes from the server's own environment"#);
    insta::assert_snapshot!(of_webhook("title = \"x\""), @r#"[[notify]] 1 (phone): title: is for kind = "ntfy"; this table is "webhook""#);
    insta::assert_snapshot!(of_webhook("template = '{\"text\": {text}}'"), @r#"[[notify]] 1 (phone): template: is no JSON once it is filled (expected value at line 1 column 10): a place stands in quotation marks, "{title}"; {count} may stand without; other texts need content_type = "text/plain""#);
    insta::assert_snapshot!(of_webhook("template = '{\"text\": \"{titel}\"}'"), @"[[notify]] 1 (phone): template: has {titel}, which nothing fills; did you mean {title}?");
    insta::assert_snapshot!(of_webhook("headers_env = { Host = \"X\" }"), @r#"[[notify]] 1 (phone): headers_env: "Host" is a header that the server writes itself; leave it out"#);
    insta::assert_snapshot!(of_webhook("token_env = \"T\"\nheaders_env = { authorization = \"X\" }"), @r#"[[notify]] 1 (phone): headers_env: "authorization" stands beside token_env, which is sent in it; leave one of them out"#);
    insta::assert_snapshot!(of_webhook("link_may_answer = 1"), @"[[notify]] 1 (phone): link_may_answer: must be true or false");
}

#[test]
fn a_template_escapes_what_fills_json() {
    let template = Template::parse(r#"{"text": "{title}: {text}", "n": {count}, "x": {}}"#).unwrap();
    template.check_json().unwrap();
    let filled = template.fill_json(|place| match place {
        Placeholder::Title => "say \"hi\" {text}".into(),
        Placeholder::Count => "2".into(),
        _ => "a\nb\\\u{1}".into(),
    });
    insta::assert_snapshot!(filled, @r#"{"text": "say \"hi\" {text}: a\nb\\\u0001", "n": 2, "x": {}}"#);
    let value: serde_json::Value = serde_json::from_str(&filled).unwrap();
    assert_eq!(value["text"], "say \"hi\" {text}: a\nb\\\u{1}");
}

#[test]
fn an_address_is_shown_without_what_may_be_a_secret() {
    let url = NotifyUrl::parse("https://hooks.example:8443/services/T0/SECRET?key=SECRET").unwrap();
    assert_eq!(
        format!("{url} {url:?}"),
        "https://hooks.example:8443 NotifyUrl(https://hooks.example:8443/…)"
    );
}
