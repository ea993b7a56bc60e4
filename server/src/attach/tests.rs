//! Laws of putting in and taking out, on files as people write them.

use std::path::PathBuf;

use proptest::prelude::*;
use serde_json::Value;

use super::agents::{Folders, Wish, places};
use super::undo::Undo;
use super::{Content, Place, json, toml};
use crate::ingest::Agent;

fn wish(program: &str) -> Wish {
    Wish {
        program: program.into(),
        more: Vec::new(),
        telemetry: Some("http://127.0.0.1:4318".into()),
        answers: false,
    }
}

fn all_places(wish: &Wish) -> Vec<(Agent, Place)> {
    let home = PathBuf::from("/home/user");
    let folders = Folders { home, project: None, claude: None, codex: None, copilot: None, config: None };
    Agent::ALL
        .into_iter()
        .flat_map(|agent| places(agent, &folders, wish).into_iter().map(move |place| (agent, place)))
        .collect()
}

/// Files of JSON, odd but right for at least one agent.
const JSON: [&str; 26] = [
    "",
    "\n",
    "{}",
    "{ }",
    "{\n}",
    "{}\n",
    "{\r\n}\r\n",
    "\u{feff}{\n\t\"model\": \"x\"\n}\n",
    "{\"model\":\"x\"}",
    "{ \"model\": \"x\", \"n\": [1, 2] }",
    "{\n  \"model\": \"x\"\n}",
    "{\n    \"model\": \"x\",\n    \"permissions\": {\n        \"allow\": [\"Bash(ls:*)\"]\n    }\n}\n",
    "{\r\n  \"model\": \"x\",\r\n  \"hooks\": {}\r\n}\r\n",
    "{\n\t\"hooks\": {\n\t\t\"Stop\": []\n\t}\n}\n",
    "{\n  \"hooks\": {\n    \"Stop\": [\n      { \"hooks\": [{ \"type\": \"command\", \"command\": \"say done\" }] }\n    ]\n  },\n  \"model\": \"x\"\n}\n",
    "{\"hooks\":{\"Stop\":[{\"hooks\":[{\"type\":\"command\",\"command\":\"a\"}]},{\"matcher\":\"B\",\"hooks\":[]}]}}",
    "{\"description\": \"d\", \"hooks\": {\"PreToolUse\": [{\"matcher\": \"Bash\", \"hooks\": [{\"type\": \"command\", \"command\": \"guard\"}]}]}}\n",
    "// settings\n{\n  // the model\n  \"model\": \"x\" // the best\n  /* the end */\n}\n// bye",
    "{ // nothing yet\n}",
    "{\n  \"hooks\": {\n    // none\n  }\n}",
    "{\n  \"hooks\": {\n    \"BeforeTool\": [ // first\n      {\"matcher\": \"*\", \"hooks\": [{\"type\": \"command\", \"command\": \"x\"}]} // one\n    ]\n  }\n}",
    "{\"version\": 1, \"hooks\": {\"stop\": [{\"command\": \"./x.sh\"}]}}",
    "{\"env\": {\"A\": \"1\"}, \"telemetry\": {\"enabled\": true, \"target\": \"local\"}}",
    "{\"env\": {\"OTEL_EXPORTER_OTLP_ENDPOINT\": \"http://elsewhere:4318\"}}",
    "{\"é\": \"日本 \\u00e9 // no comment\", \"x\": -1.5e+3, \"deep\": [[[{}]]]}",
    "{\n \"a\": {\n  \"b\": 1 } ,\n \"c\": 2   }   ",
];

/// Files of TOML.
const TOML: [&str; 12] = [
    "",
    "# only a remark\n",
    "model = \"gpt\"",
    "model = \"gpt\"\r\n[features]\r\nhooks = true\r\n",
    "[otel]\n",
    "[otel]\nenvironment = \"dev\" # mine\n\n[tui]\nx = 1\n",
    "  [ otel ] # header\r\nlog_user_prompt = false",
    "[otel]",
    "text = '''\n[otel]\n'''\n",
    "[[hooks.Stop]]\n[[hooks.Stop.hooks]]\ntype = \"command\"\ncommand = \"x\"\n",
    "otel.environment = \"dev\"\n",
    "[otel]\nexporter = \"none\"\n",
];

fn corpus(content: &Content) -> Vec<&'static str> {
    match content {
        Content::Json(_) => JSON.to_vec(),
        Content::Toml(_) => TOML.to_vec(),
        Content::Whole(_) => Vec::new(),
    }
}

fn values(content: &Content, text: &str) -> Option<Value> {
    match content {
        Content::Json(wanted) => json::read(text, wanted.habits).ok(),
        Content::Toml(_) => toml::read(text).ok(),
        Content::Whole(_) => None,
    }
}

/// A place, a text that its agent takes, and what became of it.
fn attached() -> Vec<(Agent, Place, Option<&'static str>, Undo)> {
    let mut all = Vec::new();
    for (agent, place) in all_places(&wish("/usr/local/bin/arcane")) {
        let texts = corpus(&place.content).into_iter().map(Some).chain([None]);
        for text in texts {
            if let Ok(attached) = place.content.attach(text, None) {
                all.push((agent, place.clone(), text, attached.undo));
            }
        }
    }
    assert!(all.len() > 100, "{}", all.len());
    all
}

#[test]
fn taking_out_is_the_inverse_of_putting_in() {
    for (agent, place, text, undo) in attached() {
        let after = &undo.after.text;
        let back = place.content.detach(after, Some(&undo)).unwrap();
        assert_eq!(back.as_deref(), text, "{} {agent:?}", place.what);
    }
}

#[test]
fn twice_is_once() {
    for (agent, place, text, undo) in attached() {
        let after = undo.after.text.clone();
        for known in [Some(&undo), None] {
            let again = place.content.attach(Some(&after), known).unwrap();
            assert_eq!(again.undo.after.text, after, "{agent:?} {text:?} {}", known.is_some());
        }
        let again = place.content.attach(Some(&after), Some(&undo)).unwrap();
        let back = place.content.detach(&after, Some(&again.undo)).unwrap();
        assert_eq!(back.as_deref(), text, "{agent:?}");
    }
}

#[test]
fn what_was_changed_since_stays_to_the_byte() {
    for (agent, place, text, undo) in attached() {
        let Some(text) = text else { continue };
        for (from, to) in [
            ("\"x\"", "\"another, much longer\""),
            ("\"dev\"", "\"prod\""),
            ("\"say done\"", "\"\""),
            ("\"gpt\"", "\"g\""),
        ] {
            if !text.contains(from) {
                continue;
            }
            let now = undo.after.text.replacen(from, to, 1);
            let back = place.content.detach(&now, Some(&undo)).unwrap().unwrap();
            assert_eq!(back, text.replacen(from, to, 1), "{agent:?}");
        }
    }
}

#[test]
fn without_a_note_everything_of_ours_goes_and_nothing_else() {
    for (agent, place, text, undo) in attached() {
        let Some(text) = text.filter(|text| !text.trim().is_empty()) else { continue };
        let after = &undo.after.text;
        let back = place.content.detach(after, None).unwrap();
        let Some(back) = back else { continue };
        if place.what == "telemetry" {
            // A user may have set the very same.
            assert_eq!(back, *after);
            continue;
        }
        assert!(!back.contains("hook --agent") && !back.contains("127.0.0.1:4318"), "{agent:?} {back}");
        let (before, back) = (values(&place.content, text).unwrap(), values(&place.content, &back).unwrap());
        for (name, value) in before.as_object().unwrap() {
            let is_empty = |value: &Value| {
                value == &Value::Array(Vec::new()) || value.as_object().is_some_and(serde_json::Map::is_empty)
            };
            let is_nothing =
                is_empty(value) || value.as_object().is_some_and(|all| all.values().all(is_empty));
            assert!(is_nothing || back[name] == *value, "{agent:?} {name}: {value} became {}", back[name]);
        }
    }
}

/// What a user wrote by hand, and runs this program, too.
const BY_HAND: &str = r#"{"hooks": {"Stop": [{"hooks": [{"type": "command", "command": "arcane hook --agent claude --room mine", "timeout": 2}]}]}}"#;

#[test]
fn a_hook_that_a_user_wrote_by_hand_stays() {
    let (_, place) =
        all_places(&wish("/bin/arcane")).into_iter().find(|(agent, _)| *agent == Agent::Claude).unwrap();
    assert_eq!(place.content.detach(BY_HAND, None).unwrap().as_deref(), Some(BY_HAND));
    let undo = place.content.attach(Some(BY_HAND), None).unwrap().undo;
    let after = &undo.after.text;
    assert_eq!((after.matches("--room mine").count(), after.matches("hook --agent").count()), (1, 20));
    // Also where the file was changed since, and where the note is lost.
    for (now, note) in [(after.replacen('{', "{ ", 1), Some(&undo)), (after.clone(), None)] {
        let again = place.content.attach(Some(&now), note).unwrap().undo;
        assert_eq!(again.after.text.matches("hook --agent").count(), 20, "{}", again.after.text);
        let back = place.content.detach(&now, note).unwrap().unwrap();
        assert_eq!(back.matches("hook --agent").count(), 1, "{back}");
        assert!(back.contains("--room mine"), "{back}");
    }
    // The very line that attach would write, which was there before.
    let same = BY_HAND.replace("arcane hook --agent claude --room mine", "/bin/arcane hook --agent claude");
    let undo = place.content.attach(Some(&same), None).unwrap().undo;
    assert_eq!(undo.after.text.matches("hook --agent").count(), 19);
}

#[test]
fn telemetry_of_codex_that_a_user_set_the_same_way_stays() {
    let (_, place) =
        all_places(&wish("arcane")).into_iter().find(|(_, place)| place.what == "telemetry").unwrap();
    let own =
        "[otel.exporter.otlp-http]\nendpoint = \"http://127.0.0.1:4318/v1/logs\"\nprotocol = \"binary\"\n";
    let attached = place.content.attach(Some(own), None).unwrap();
    assert_eq!((&*attached.undo.after.text, attached.undo.settings.len()), (own, 0));
    for note in [Some(&attached.undo), None] {
        assert_eq!(place.content.detach(own, note).unwrap().as_deref(), Some(own));
    }
}

#[test]
fn settings_within_what_is_no_object_are_said_to_be_others() {
    for (agent, text, named) in
        [(Agent::Claude, "{\"env\": null}", "env"), (Agent::Gemini, "{\"telemetry\": null}", "telemetry")]
    {
        let place = all_places(&wish("/bin/arcane")).into_iter().find(|(one, _)| *one == agent).unwrap().1;
        let attached = place.content.attach(Some(text), None).unwrap();
        assert_eq!(attached.foreign_settings, [named]);
        assert!(attached.undo.after.text.contains("null") && attached.undo.settings.is_empty());
    }
}

#[test]
fn a_newer_program_takes_the_place_of_the_older_one() {
    for ((agent, place, text, undo), (_, newer)) in attached().into_iter().flat_map(|one| {
        let newer = all_places(&wish("/opt/new/arcane"))
            .into_iter()
            .find(|(_, place)| place.file == one.1.file)
            .unwrap();
        [(one, newer)]
    }) {
        let renewed = newer.content.attach(Some(&undo.after.text), Some(&undo)).unwrap();
        let after = &renewed.undo.after.text;
        assert!(!after.contains("/usr/local/bin/arcane"), "{agent:?} {after}");
        let (old, new) =
            (undo.after.text.matches("hook --agent").count(), after.matches("hook --agent").count());
        assert_eq!(old, new, "{agent:?}");
        assert_eq!(place.content.detach(after, Some(&renewed.undo)).unwrap().as_deref(), text, "{agent:?}");
    }
}

#[test]
fn entries_of_others_keep_their_positions() {
    let (_, place) =
        all_places(&wish("arcane")).into_iter().find(|(agent, _)| *agent == Agent::Codex).unwrap();
    let first = place
        .content
        .attach(
            Some("{\"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"a\"}]}]}}"),
            None,
        )
        .unwrap();
    // Another tool adds itself behind.
    let own = "{ \"hooks\": [{ \"type\": \"command\", \"command\": \"arcane hook --agent codex\", \"timeout\": 2 }] }";
    let behind = format!("{own}, {{ \"hooks\": [{{ \"type\": \"command\", \"command\": \"b\" }}] }}");
    let now = first.undo.after.text.replacen(own, &behind, 1);
    assert_ne!(now, first.undo.after.text);
    let newer =
        all_places(&wish("/opt/arcane")).into_iter().find(|(agent, _)| *agent == Agent::Codex).unwrap().1;
    let after = newer.content.attach(Some(&now), Some(&first.undo)).unwrap().undo.after.text;
    let value: Value = serde_json::from_str(&after).unwrap();
    let commands =
        [0, 1, 2].map(|n| value["hooks"]["Stop"][n]["hooks"][0]["command"].as_str().unwrap().to_owned());
    assert_eq!(commands, ["a", "/opt/arcane hook --agent codex", "b"]);
}

#[test]
fn what_an_agent_would_not_take_is_refused_with_its_place() {
    let of = |agent| all_places(&wish("arcane")).into_iter().find(|(one, _)| *one == agent).unwrap().1;
    let says = |agent, text: &str| of(agent).content.attach(Some(text), None).unwrap_err().to_string();
    for (agent, text, begins) in [
        (Agent::Claude, "{\n  // no\n}", "line 2, column 3: a comment, which its agent does not take"),
        (Agent::Claude, "{\n  \"a\": 1,\n}", "line 2, column 9: Trailing commas are not allowed"),
        (Agent::Claude, "{\"a\": 1", "line 1, column 1: Unterminated object"),
        (Agent::Claude, "[]", "line 1, column 1: settings are an object"),
        (
            Agent::Claude,
            "{\"hooks\": {\"Stop\": {}}}",
            "line 1, column 20: the hooks of \"Stop\" are an array",
        ),
        (
            Agent::Claude,
            "{\"hooks\": {\"Stop\": [{\"command\": \"x\"}]}}",
            "line 1, column 21: an entry has its hooks in an array",
        ),
        (Agent::Claude, "{\"a\": 1, \"a\": 2}", "line 1, column 10: \"a\" is there a second time"),
        (Agent::Claude, "{\"a\": \"\u{1}\"}", "line 1, column 8: control character"),
        (Agent::Codex, "\u{feff}{}", "line 1, column 1: the file begins with a byte order mark"),
        (Agent::Codex, "{\"model\": 1}", "line 1, column 2: \"model\" makes the agent ignore the whole file"),
        (
            Agent::Codex,
            "{\"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"http\", \"url\": \"x\"}]}]}}",
            "line 1, column 32: a hook of type http",
        ),
        (Agent::Gemini, "\u{feff}{}", "line 1, column 1: the file begins with a byte order mark"),
        (Agent::Gemini, "{\"a\": 1,}", "line 1, column 8: Trailing commas"),
        (Agent::Copilot, "/* x */ {}", "line 1, column 1: a comment"),
        (Agent::Qwen, "// only a comment", "line 1, column 18: there is nothing but"),
        (Agent::Opencode, "export const X = 1;", "line 1, column 1: this file is of somebody else"),
    ] {
        let said = says(agent, text);
        assert!(said.starts_with(begins), "{text}: {said}");
    }
    let otel =
        all_places(&wish("arcane")).into_iter().find(|(_, place)| place.what == "telemetry").unwrap().1;
    let said = otel.content.attach(Some("a = 1\nb = \n"), None).unwrap_err().to_string();
    assert!(said.starts_with("line 2, column"), "{said}");
}

#[test]
fn telemetry_that_goes_elsewhere_is_left_alone() {
    for (agent, place) in all_places(&wish("arcane")) {
        let text = match (agent, place.what) {
            (Agent::Claude, _) => "{\"env\": {\"OTEL_EXPORTER_OTLP_ENDPOINT\": \"http://elsewhere\"}}",
            (Agent::Gemini | Agent::Qwen, _) => "{\"telemetry\": {\"otlpEndpoint\": \"http://elsewhere\"}}",
            (Agent::Codex, "telemetry") => "[otel]\nexporter = \"none\"\n",
            _ => continue,
        };
        let attached = place.content.attach(Some(text), None).unwrap();
        assert_eq!(attached.foreign_settings.len(), 1, "{agent:?}");
        let after = attached.undo.after.text;
        assert!(after.contains("elsewhere") || after == text, "{after}");
        assert!(!after.contains("4318"), "{after}");
    }
}

fn scalar() -> impl Strategy<Value = String> {
    prop_oneof![
        "-?(0|[1-9][0-9]{0,2})",
        Just("true".to_owned()),
        Just("null".to_owned()),
        "\"[a-z é/*]{0,8}\""
    ]
}

/// Text of JSON with any blanks between its parts, as a person or another program may have written it.
fn text() -> impl Strategy<Value = String> {
    let blank = || "[ \t\n]{0,3}|\r\n";
    let value = scalar().prop_recursive(3, 20, 3, move |inner| {
        let list = (blank(), prop::collection::vec((inner.clone(), blank()), 0..3));
        let list = list.prop_map(|(first, all)| {
            let all: Vec<String> = all.into_iter().map(|(value, blank)| format!("{value}{blank}")).collect();
            format!("[{first}{}]", all.join(","))
        });
        let map = (blank(), prop::collection::vec((inner, blank(), blank()), 0..3));
        let map = map.prop_map(|(first, all)| {
            let all = all.into_iter().enumerate();
            let all: Vec<String> =
                all.map(|(n, (value, a, b))| format!("{a}\"k{n}\"{b}:{a}{value}{b}")).collect();
            format!("{{{first}{}}}", all.join(","))
        });
        prop_oneof![list, map]
    });
    let hooks = || {
        prop_oneof![
        Just(String::new()), Just("\"hooks\": {}".to_owned()), Just("\"hooks\":{\"Stop\":[ ]}".to_owned()),
        Just("\"hooks\": {\r\n \"Stop\": [{\"hooks\": []}, {\"matcher\": \"\", \"hooks\": [{\"type\": \"command\", \"command\": \"x\"}]}]\r\n}".to_owned()),
    ]
    };
    (blank(), prop::collection::vec((value, blank()), 0..3), hooks(), blank()).prop_map(
        |(first, all, hooks, last)| {
            let members = all
                .into_iter()
                .enumerate()
                .map(|(n, (value, blank))| format!("\"m{n}\":{blank}{value}{blank}"));
            let members: Vec<String> = members.chain((!hooks.is_empty()).then_some(hooks)).collect();
            format!("{first}{{{first}{}{last}}}{last}", members.join(","))
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 64, ..ProptestConfig::default() })]

    #[test]
    fn any_file_is_as_it_was_after_both(text in text(), change in "[a-z]{1,9}") {
        let (_, place) = all_places(&wish("/bin/arcane")).into_iter().find(|(agent, _)| *agent == Agent::Claude).unwrap();
        let undo = place.content.attach(Some(&text), None).unwrap().undo;
        prop_assert_eq!(place.content.detach(&undo.after.text, Some(&undo)).unwrap(), Some(text.clone()));
        let again = place.content.attach(Some(&undo.after.text), None).unwrap().undo;
        prop_assert_eq!(&again.after.text, &undo.after.text);
        if text.contains("\"m0\":") {
            let renamed = format!("\"{change}\":");
            let now = undo.after.text.replacen("\"m0\":", &renamed, 1);
            let back = place.content.detach(&now, Some(&undo)).unwrap();
            prop_assert_eq!(back, Some(text.replacen("\"m0\":", &renamed, 1)));
        }
    }
}
