//! `arcane attach` and `arcane detach` where files are odd, or what stands in them is the user's own.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::PathBuf;
use std::process::Command;

/// Somebody's home.
struct Home(tempfile::TempDir);

impl Home {
    /// With the file that Claude Code reads.
    fn with(settings: &str) -> Self {
        let home = Self::new();
        home.write(".claude/settings.json", settings);
        home
    }

    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, text: &str) {
        std::fs::create_dir_all(self.path(name).parent().unwrap()).unwrap();
        std::fs::write(self.path(name), text).unwrap();
    }

    fn read(&self, name: &str) -> String {
        std::fs::read_to_string(self.path(name)).unwrap()
    }

    /// What a command says, and whether it succeeds.
    fn says(&self, args: &[&str]) -> (String, bool) {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin");
        let output = command.current_dir(self.0.path()).args(args).output().unwrap();
        let said = [output.stdout, output.stderr].concat();
        (String::from_utf8(said).unwrap(), output.status.success())
    }

    fn does(&self, args: &[&str]) -> String {
        let (said, is_well) = self.says(args);
        assert!(is_well, "{args:?}: {said}");
        said
    }

    fn refuses(&self, args: &[&str]) -> String {
        let (said, is_well) = self.says(args);
        assert!(!is_well, "{args:?}: {said}");
        said
    }
}

const SETTINGS: &str = ".claude/settings.json";
const CODEX: &str = ".codex/config.toml";

#[test]
fn what_a_user_wrote_by_hand_stays() {
    let by_hand = "{\"hooks\": {\"Stop\": [{\"hooks\": [{\"type\": \"command\", \"command\": \"arcane hook --agent claude --room mine\"}]}]}}\n";
    let home = Home::with(by_hand);
    home.does(&["detach", "claude"]);
    assert_eq!(home.read(SETTINGS), by_hand);
    home.does(&["attach", "claude"]);
    assert_eq!(home.read(SETTINGS).matches("hook --agent claude").count(), 20);
    home.does(&["detach", "claude"]);
    assert_eq!(home.read(SETTINGS), by_hand);
    let own =
        "[otel.exporter.otlp-http]\nendpoint = \"http://127.0.0.1:4318/v1/logs\"\nprotocol = \"binary\"\n";
    home.write(CODEX, own);
    home.does(&["attach", "codex"]);
    let said = home.does(&["detach", "codex"]);
    assert_eq!(home.read(CODEX), own);
    assert!(said.contains("its telemetry, to http://127.0.0.1:4318, stays"), "{said}");
}

#[test]
fn what_is_said_of_telemetry_is_what_was_done() {
    for settings in ["{\"env\": null}\n", "{\"env\": []}\n"] {
        let home = Home::with(settings);
        let said = home.does(&["attach", "claude"]);
        assert!(said.contains("claude: hooks are now in") && !said.contains("hooks and telemetry"), "{said}");
        assert!(said.contains("telemetry is left as it is: env is set otherwise in"), "{said}");
        assert!(!home.read(SETTINGS).contains("OTEL"));
    }
    let home = Home::new();
    home.write(CODEX, "[otel]\nexporter = \"none\"\n");
    let said = home.does(&["attach", "codex"]);
    assert!(said.contains("telemetry is left as it is: otel.exporter is set otherwise in"), "{said}");
    assert!(!said.contains("telemetry is there already") && !said.contains("telemetry is now"), "{said}");
}

#[test]
fn the_path_of_a_signal_is_no_part_of_an_endpoint() {
    for endpoint in ["http://127.0.0.1:9/v1/logs", "http://127.0.0.1:9/v1/traces/", "http://127.0.0.1:9/"] {
        let home = Home::new();
        home.does(&["attach", "claude", "codex", "--telemetry", endpoint]);
        assert!(home.read(SETTINGS).contains("\"OTEL_EXPORTER_OTLP_ENDPOINT\": \"http://127.0.0.1:9\""));
        assert!(home.read(CODEX).contains("endpoint = \"http://127.0.0.1:9/v1/logs\""));
    }
}

#[test]
fn what_is_no_file_of_settings_is_said_to_be_what_it_is() {
    let home = Home::new();
    std::fs::create_dir(home.path(".claude")).unwrap();
    symlink("../nowhere.json", home.path(SETTINGS)).unwrap();
    let said = home.refuses(&["attach", "claude"]);
    assert!(said.contains("is a link to ../nowhere.json, which is not there: make that file"), "{said}");
    std::fs::remove_file(home.path(SETTINGS)).unwrap();
    assert!(Command::new("mkfifo").arg(home.path(SETTINGS)).status().unwrap().success());
    let said = home.refuses(&["attach", "claude"]);
    assert!(said.contains("it is a pipe, a socket or a device; move it away"), "{said}");
    std::fs::remove_file(home.path(SETTINGS)).unwrap();
    std::fs::create_dir(home.path(SETTINGS)).unwrap();
    let said = home.refuses(&["attach", "claude"]);
    assert!(said.contains("it is a folder; move it away"), "{said}");
}

#[test]
fn a_byte_order_mark_is_named_where_its_agent_does_not_take_it() {
    let home = Home::new();
    home.write(".codex/hooks.json", "\u{feff}{}");
    let said = home.refuses(&["attach", "codex"]);
    assert!(said.contains("begins with a byte order mark") && said.contains("save it as UTF-8"), "{said}");
    std::fs::write(home.path(".codex/hooks.json"), b"\xff\xfe{\0}\0").unwrap();
    let said = home.refuses(&["attach", "codex"]);
    assert!(said.contains("line 1 is not UTF-8; save the file as UTF-8"), "{said}");
    home.write(".codex/hooks.json", "{}");
    let config = "\u{feff}model = \"x\"\n";
    home.write(CODEX, config);
    let (said, is_well) = home.says(&["attach", "codex"]);
    assert!(is_well || said.contains("byte order mark"), "{said}");
    if is_well {
        home.does(&["detach", "codex"]);
    }
    assert_eq!(home.read(CODEX), config);
}

#[test]
fn a_file_that_is_read_only_is_not_replaced() {
    let home = Home::with("{}\n");
    std::fs::set_permissions(home.path(SETTINGS), PermissionsExt::from_mode(0o444)).unwrap();
    let said = home.refuses(&["attach", "claude"]);
    assert!(said.contains("is read-only: `chmod u+w` it"), "{said}");
    assert_eq!(home.read(SETTINGS), "{}\n");
    assert!(!home.path(".local/state/arcane").exists(), "something is kept of what was not written");
}

#[test]
fn a_damaged_note_is_said_to_be_one_with_what_to_do() {
    let home = Home::with("{\"model\": \"x\"}\n");
    home.does(&["attach", "claude"]);
    let kept = std::fs::read_dir(home.path(".local/state/arcane/attached")).unwrap();
    let note = kept
        .map(|entry| entry.unwrap().path())
        .find(|path| path.extension().is_some_and(|is| is == "json"))
        .unwrap();
    for damage in [&b"{"[..], b"\xff\xfe", b"", b"{}"] {
        std::fs::write(&note, damage).unwrap();
        let said = home.refuses(&["detach", "claude"]);
        let remedy = "is damaged: remove that file and try again; then hooks are known by their form";
        assert!(said.contains(note.to_str().unwrap()) && said.contains(remedy), "{said}");
        assert!(said.contains(".before"), "{said}");
    }
    std::fs::remove_file(&note).unwrap();
    home.does(&["detach", "claude"]);
    assert_eq!(home.read(SETTINGS).replace([' ', '\n'], ""), "{\"model\":\"x\"}");
}

#[test]
fn a_room_that_cannot_be_is_refused_with_the_rule_of_names() {
    let home = Home::with("{}\n");
    for room in ["a;b c", "", "a/b"] {
        let said = home.refuses(&["attach", "claude", "--room", room]);
        assert!(said.contains("--room") && said.contains("a name"), "{said}");
    }
    assert_eq!(home.read(SETTINGS), "{}\n");
}
