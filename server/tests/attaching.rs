//! `arcane attach` and `arcane detach`, on the files of agents in an empty home.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::collections::BTreeMap;
use std::io::Write;
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;
use support::TestServer;
use support::hooks::told;
use support::recordings::recording;

const AGENTS: [&str; 8] =
    ["claude", "codex", "gemini", "copilot", "qwen", "cursor", "opencode", "antigravity"];

/// Somebody's home.
struct Home(tempfile::TempDir);

impl Home {
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

    fn run(&self, args: &[&str]) -> Output {
        let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
        command.env_clear().env("HOME", self.0.path()).env("PATH", "/usr/bin:/bin");
        command.current_dir(self.0.path()).args(args).output().unwrap()
    }

    /// What a command prints that succeeds.
    fn does(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
        assert_eq!(output.stderr, b"", "{args:?}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// What a command says that fails.
    fn refuses(&self, args: &[&str]) -> String {
        let output = self.run(args);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        String::from_utf8(output.stderr).unwrap()
    }

    /// Every file and folder, and what is in it.
    fn all(&self) -> BTreeMap<PathBuf, Vec<u8>> {
        let mut all = BTreeMap::new();
        look(self.0.path(), &mut all);
        all
    }
}

fn look(folder: &Path, all: &mut BTreeMap<PathBuf, Vec<u8>>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            look(&path, all);
            all.insert(path, b"folder".to_vec());
        } else {
            all.insert(path.clone(), std::fs::read(path).unwrap());
        }
    }
}

fn with(command: &str, agents: &[&'static str], more: &[&'static str]) -> Vec<&'static str> {
    let command = if command == "attach" { "attach" } else { "detach" };
    [&[command], agents, more].concat()
}

#[test]
fn where_no_agent_is_found_the_next_step_is_said() {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    let home = Home::new();
    command.env_clear().env("HOME", home.path("")).env("PATH", home.path("bin")).current_dir(home.path(""));
    let output = command.args(["attach", "--all"]).output().unwrap();
    let said = String::from_utf8(output.stderr).unwrap();
    assert_eq!(output.status.code(), Some(1), "{said}");
    assert!(said.contains("arcane attach claude") && said.contains("arcane serve --demo"), "{said}");
}

#[test]
fn after_both_nothing_is_left_of_either() {
    let home = Home::new();
    std::fs::create_dir_all(home.path(".local/state")).unwrap();
    home.write(".claude/settings.json", "{\r\n\t\"model\": \"opus\",\r\n\t\"env\": {}\r\n}");
    home.write(
        ".codex/config.toml",
        "# mine\nmodel = \"gpt\"\n[projects.\"/x\"]\ntrust_level = \"trusted\"\n",
    );
    let before = home.all();
    let attached = home.does(&with("attach", &AGENTS, &[]));
    assert_eq!(attached.matches(" now in ").count(), 9, "{attached}");
    let after = home.all();
    let again = home.does(&with("attach", &AGENTS, &[]));
    assert_eq!(again.matches("there already").count(), 9, "{again}");
    assert_eq!(home.all(), after);
    home.does(&with("detach", &AGENTS, &[]));
    let mut left = home.all();
    // It was made for one file and had another in it when that went.
    left.remove(&home.path(".gemini"));
    assert_eq!(left, before);
}

#[test]
fn all_are_detached_that_were_attached_and_no_file_of_another_is_touched() {
    let home = Home::new();
    // No newline at its end, and nothing of ours in it.
    home.write(".codex/config.toml", "x = 1\n[a]\nb = 1");
    // The folder of states is everybody's, and stays.
    home.write(".local/state/other", "");
    let before = home.all();
    home.does(&["attach", "antigravity"]);
    assert_ne!(home.all(), before);
    let said = home.does(&["detach", "--all"]);
    assert!(said.contains("antigravity:") && said.contains("codex: nothing is in"), "{said}");
    assert_eq!(home.all(), before);
}

#[test]
fn what_a_user_changed_meanwhile_stays() {
    let home = Home::new();
    let settings = "{\n  // my model\n  \"model\": \"flash\", // quick\n  \"hooks\": {\n    \"AfterTool\": [\n      { \"matcher\": \"*\", \"hooks\": [{ \"type\": \"command\", \"command\": \"mine\" }] } // keep\n    ]\n  }\n}\n";
    home.write(".gemini/settings.json", settings);
    home.does(&["attach", "gemini"]);
    let now = home.read(".gemini/settings.json");
    assert!(now.contains("// keep\n") && now.contains("\"timeout\": 2000"), "{now}");
    home.write(
        ".gemini/settings.json",
        &now.replace("flash", "pro").replace("// my model", "// a better one"),
    );
    home.does(&["detach", "gemini"]);
    let back = home.read(".gemini/settings.json");
    assert_eq!(back, settings.replace("flash", "pro").replace("// my model", "// a better one"));
}

#[test]
fn modes_and_links_stay() {
    let home = Home::new();
    home.write("dotfiles/claude.json", "{}\n");
    std::fs::set_permissions(home.path("dotfiles/claude.json"), PermissionsExt::from_mode(0o640)).unwrap();
    std::fs::create_dir(home.path(".claude")).unwrap();
    symlink("../dotfiles/claude.json", home.path(".claude/settings.json")).unwrap();
    home.does(&["attach", "claude"]);
    assert!(home.path(".claude/settings.json").is_symlink());
    let mode = home.path("dotfiles/claude.json").metadata().unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o640);
    assert!(home.read("dotfiles/claude.json").contains("hook --agent claude"));
    home.does(&["detach", "claude"]);
    assert!(home.path(".claude/settings.json").is_symlink());
    assert_eq!(home.read("dotfiles/claude.json"), "{}\n");
}

#[test]
fn what_is_kept_is_its_users_alone() {
    let home = Home::new();
    home.write(".claude/settings.json", "{\"env\": {\"KEY\": \"secret\"}}");
    home.does(&["attach", "claude"]);
    let kept = home.path(".local/state/arcane/attached");
    assert_eq!(kept.metadata().unwrap().permissions().mode() & 0o777, 0o700);
    let mut backups = 0;
    for entry in std::fs::read_dir(kept).unwrap() {
        let path = entry.unwrap().path();
        assert_eq!(path.metadata().unwrap().permissions().mode() & 0o777, 0o600, "{path:?}");
        if path.extension().is_some_and(|ending| ending == "before") {
            assert_eq!(std::fs::read_to_string(path).unwrap(), "{\"env\": {\"KEY\": \"secret\"}}");
            backups += 1;
        }
    }
    assert_eq!(backups, 1);
}

#[test]
fn a_file_that_its_agent_would_not_take_is_refused_and_nothing_is_written() {
    let home = Home::new();
    home.write(".claude/settings.json", "{\n  \"model\": \"opus\",\n}\n");
    home.write(".codex/hooks.json", "{\"hooks\": {}}");
    home.write(".codex/config.toml", "model = \n");
    let before = home.all();
    let said = home.refuses(&["attach", "claude", "codex"]);
    assert!(said.contains("settings.json: line 2, column 18: Trailing commas are not allowed"), "{said}");
    // Of an agent's files none is written, if one cannot be.
    assert!(said.contains("config.toml: line 1, column"), "{said}");
    assert_eq!(home.all(), before);
    // Others are attached all the same.
    let said = home.refuses(&["attach", "claude", "gemini"]);
    assert!(said.contains("1 not attached"), "{said}");
    assert!(home.path(".gemini/settings.json").exists());
    // What became unreadable is not touched, either.
    home.write(".gemini/settings.json", "{");
    let said = home.refuses(&["detach", "gemini"]);
    assert!(said.contains("settings.json: line 1, column 1"), "{said}");
    assert_eq!(home.read(".gemini/settings.json"), "{");
}

#[test]
fn a_dry_run_shows_the_difference_and_writes_nothing() {
    let home = Home::new();
    home.write(".qwen/settings.json", "{\n  \"model\": { \"name\": \"q\" }\n}\n");
    let before = home.all();
    let shown = home.does(&["attach", "--all", "--dry-run"]);
    assert!(
        shown.contains("\n-  \"model\": { \"name\": \"q\" }\n+  \"model\": { \"name\": \"q\" },\n"),
        "{shown}"
    );
    assert_eq!(home.all(), before);
    home.does(&["attach", "--all"]);
    let attached = home.all();
    let shown = home.does(&["detach", "qwen", "--dry-run"]);
    assert!(shown.contains("\n-  \"hooks\": {\n"), "{shown}");
    assert_eq!(home.all(), attached);
    assert!(!home.path(".claude").exists(), "it was not found");
}

#[test]
fn telemetry_is_an_option_and_stays_on_this_machine_by_itself() {
    let home = Home::new();
    home.does(&["attach", "claude", "codex", "--url", "https://arcane.example"]);
    let settings = home.read(".claude/settings.json");
    assert!(!settings.contains("OTEL") && settings.contains("--url https://arcane.example"), "{settings}");
    assert!(!home.path(".codex/config.toml").exists());
    home.does(&["attach", "claude", "codex", "--telemetry", "http://127.0.0.1:9999/"]);
    let settings: Value = serde_json::from_str(&home.read(".claude/settings.json")).unwrap();
    assert_eq!(settings["env"]["OTEL_EXPORTER_OTLP_ENDPOINT"], "http://127.0.0.1:9999");
    assert!(
        settings["env"]
            .as_object()
            .unwrap()
            .keys()
            .all(|name| !name.contains("LOG_USER") && !name.contains("LOG_TOOL"))
    );
    assert!(!settings.to_string().contains("--url"), "{settings}");
    assert!(home.read(".codex/config.toml").contains("http://127.0.0.1:9999/v1/logs"));
    home.does(&["attach", "claude", "codex", "--telemetry", "off"]);
    assert!(!home.read(".claude/settings.json").contains("OTEL"));
    assert!(!home.path(".codex/config.toml").exists());
    assert!(
        home.refuses(&["attach", "claude", "--telemetry", "yes"]).contains("--telemetry yes: an endpoint is")
    );
    home.does(&["detach", "claude", "codex"]);
    assert!(!home.path(".claude").exists() && !home.path(".codex").exists());
}

#[test]
fn a_project_has_hooks_that_any_machine_survives() {
    let home = Home::new();
    std::fs::create_dir_all(home.path("work/.git")).unwrap();
    home.does(&["attach", "claude", "codex", "copilot", "opencode", "--project", "work"]);
    for file in ["work/.claude/settings.json", "work/.codex/hooks.json", "work/.github/hooks/arcane.json"] {
        let text = home.read(file);
        assert!(text.contains("\"arcane hook --agent ") && text.contains("|| true"), "{text}");
    }
    assert!(home.path("work/.opencode/plugins/arcane.js").exists());
    assert!(!home.path(".claude").exists());
    home.does(&["detach", "claude", "codex", "copilot", "opencode", "--project", "work"]);
    assert_eq!(std::fs::read_dir(home.path("work")).unwrap().count(), 1);
}

/// The lines that a file runs, each with its event.
fn lines(value: &Value, event: &str, found: &mut Vec<(String, String)>) {
    match value {
        Value::Object(all) => {
            for (name, value) in all {
                match value.as_str().filter(|_| name == "command" || name == "bash") {
                    Some(line) => found.push((event.to_owned(), line.to_owned())),
                    None if matches!(&**name, "hooks" | "arcane") => lines(value, event, found),
                    None => lines(value, name, found),
                }
            }
        }
        Value::Array(all) => all.iter().for_each(|value| lines(value, event, found)),
        _ => {}
    }
}

fn sh(line: &str, home: &Path, input: &str) -> Output {
    let mut command = Command::new("sh");
    command.env_clear().env("HOME", home).env("PATH", "/usr/bin:/bin").args(["-c", line]);
    let mut child =
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let _ = child.stdin.take().unwrap().write_all(input.as_bytes());
    child.wait_with_output().unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_written_tells_of_an_agents_session() {
    for (agent, file, name) in [
        ("claude", ".claude/settings.json", "claude/headless"),
        ("codex", ".codex/hooks.json", "codex/headless"),
        ("gemini", ".gemini/settings.json", "gemini/headless"),
        ("copilot", ".copilot/hooks/arcane.json", "copilot/headless"),
        ("qwen", ".qwen/settings.json", "qwen/headless"),
    ] {
        let (home, server) = (Home::new(), TestServer::start().await);
        let mut reader = server.connect("recent=0").await;
        reader.next().await;
        let url = server.url("");
        tokio::task::spawn_blocking(move || {
            home.does(&["attach", agent, "--url", &url]);
            let mut found = Vec::new();
            lines(&serde_json::from_str(&home.read(file)).unwrap(), "", &mut found);
            for one in recording(name).iter().take(12) {
                let Some((_, line)) = found.iter().find(|(event, _)| *event == one.event) else { continue };
                let output = sh(line, home.0.path(), &one.payload.to_string());
                assert!(
                    output.status.success() && output.stdout.is_empty() && output.stderr.is_empty(),
                    "{line}: {output:?}"
                );
            }
        })
        .await
        .unwrap();
        let told = told(&server, &mut reader).await;
        assert!(told.starts_with(&format!("summon {agent}")) && told.contains("tool="), "{agent}: {told}");
    }
}

#[test]
fn agents_that_stop_for_a_hook_go_on_without_the_program() {
    let home = Home::new();
    for (agent, file, prints) in [
        ("gemini", ".gemini/settings.json", ""),
        ("copilot", ".copilot/hooks/arcane.json", ""),
        ("cursor", ".cursor/hooks.json", ""),
        ("antigravity", ".gemini/config/hooks.json", "{}\n"),
    ] {
        home.does(&["attach", agent]);
        let mut found = Vec::new();
        lines(&serde_json::from_str(&home.read(file)).unwrap(), "", &mut found);
        assert!(found.len() > 2, "{agent}");
        for (event, line) in found {
            let gone = line.replace(env!("CARGO_BIN_EXE_arcane"), "/no/such/arcane");
            assert_ne!(gone, line);
            let output = sh(&gone, home.0.path(), "{}");
            let (out, err) =
                (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
            assert_eq!((output.status.code(), &*out, &*err), (Some(0), prints, ""), "{agent} {event}");
        }
    }
}
