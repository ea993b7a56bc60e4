//! The command line among other programs: readers that have seen enough, full disks, and texts of others.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;
use support::PATIENCE;
use support::process::{Process, command};

fn arcane(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG").args(args);
    command
}

/// A pipe that nobody reads.
fn unread() -> Stdio {
    let (reader, writer) = std::io::pipe().unwrap();
    drop(reader);
    writer.into()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

struct Server {
    process: Process,
    dir: tempfile::TempDir,
}

impl Server {
    fn start(config: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("arcane.toml");
        std::fs::write(&file, config).unwrap();
        let mut command = command(&dir.path().join("data"));
        command.arg("--config").arg(file);
        Self { process: Process::try_start(command).unwrap(), dir }
    }

    fn client(&self, args: &[&str]) -> Command {
        let mut command = arcane(args);
        command.env("ARCANE_URL", &self.process.url).env("ARCANE_DATA_DIR", self.dir.path().join("data"));
        command
    }

    fn run(&self, args: &[&str]) -> Output {
        self.client(args).output().unwrap()
    }

    /// Runs `arcane publish` with this on its standard input.
    fn publish(&self, input: &str) -> Output {
        let piped = |command: &mut Command| {
            command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        };
        let mut child = piped(&mut self.client(&["publish"]));
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child.wait_with_output().unwrap()
    }
}

/// Every command that prints.
const PRINTING: [&[&str]; 10] = [
    &["serve", "--print-config"],
    &["manual", "--shell", "bash"],
    &["cast", "list daemons"],
    &["cast", "--json", "list daemons"],
    &["publish", "reveal"],
    &["tail", "--json"],
    &["tail"],
    &["--help"],
    &["serve", "--help"],
    &["--version"],
];

#[test]
fn a_reader_that_has_seen_enough_is_no_failure() {
    let server = Server::start("");
    assert!(server.run(&["publish", "reveal"]).status.success());
    for args in PRINTING {
        let output = server.client(args).stdout(unread()).output().unwrap();
        let err = text(&output.stderr);
        assert!(output.status.success() && err.is_empty(), "{args:?}: {} {err}", output.status);
        let status = server.client(args).stdout(unread()).stderr(unread()).status().unwrap();
        assert!(status.success(), "{args:?}: {status}");
    }
    // Who goes on with it must not take a part for the whole.
    let export = server.client(&["export"]).stdout(unread()).output().unwrap();
    assert_eq!(export.status.code(), Some(1));
    assert!(text(&export.stderr).ends_with("standard output is not read any more, and it is not complete\n"));
}

#[cfg(target_os = "linux")]
#[test]
fn who_watches_for_a_reader_that_has_left_does_not_wait_for_another_event() {
    let server = Server::start("");
    assert!(server.run(&["publish", "reveal"]).status.success());
    let mut tail = server.client(&["tail", "--json"]).stdout(Stdio::piped()).spawn().unwrap();
    let mut line = String::new();
    BufReader::new(tail.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(serde_json::from_str::<Value>(&line).unwrap()["seq"], 1);
    let began = Instant::now();
    let status = loop {
        if let Some(status) = tail.try_wait().unwrap() {
            break status;
        }
        assert!(began.elapsed() < PATIENCE, "it goes on");
        std::thread::sleep(Duration::from_millis(5));
    };
    assert!(status.success());
}

#[test]
fn tail_prints_plain_words_where_they_are_asked_for_or_the_server_speaks_them() {
    let told = |server: &Server, more: &[&str]| {
        let output =
            server.client(&[&["tail", "-n", "1", "--spell", "summon"], more].concat()).output().unwrap();
        text(&output.stdout)
    };
    let start = |config: &str| {
        let server = Server::start(config);
        assert!(server.run(&["cast", "summon claude"]).status.success());
        server
    };
    let server = start("");
    let looks =
        |plain: &[&str]| text(&server.run(&[&["cast", "list active daemons"], plain].concat()).stdout);
    assert!(looks(&[]).starts_with("✨ One daemon walks the realm: claude. ✨\n"), "{}", looks(&[]));
    assert!(
        looks(&["--plain"]).starts_with("One daemon walks the realm: claude.\n"),
        "{}",
        looks(&["--plain"])
    );
    let line = told(&server, &[]);
    assert!(line.contains("summon ") && !line.contains("started"), "{line}");
    let line = told(&server, &["--plain"]);
    assert!(line.contains(" started claude        started\n"), "{line}");
    let server = start("plain = true\n");
    let line = told(&server, &[]);
    assert!(line.contains(" started claude        started\n"), "{line}");
}

#[test]
fn a_failure_that_nobody_hears_of_is_one() {
    let nobody = ["cast", "list daemons", "--url", "http://127.0.0.1:1"];
    let status = arcane(&nobody).stdout(unread()).stderr(unread()).status().unwrap();
    assert_eq!(status.code(), Some(1));
}

#[cfg(target_os = "linux")]
#[test]
fn a_full_disk_is_a_failure_that_says_so() {
    let server = Server::start("");
    assert!(server.run(&["publish", "reveal"]).status.success());
    let full = || std::fs::OpenOptions::new().write(true).open("/dev/full").unwrap();
    // The last three are not ours to write.
    for args in PRINTING[..7].iter().chain([&["export"] as &[&str]].iter()) {
        let output = server.client(args).stdout(full()).output().unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        assert!(err.starts_with("arcane: ") && err.contains("No space left on device"), "{args:?}: {err}");
    }
}

#[test]
fn an_error_says_each_reason_once() {
    let dir = tempfile::tempdir().unwrap();
    let nowhere = dir.path().join("nowhere");
    let nowhere = nowhere.to_str().unwrap();
    let file = dir.path().join("file");
    std::fs::write(&file, "").unwrap();
    let below = format!("{}/data", file.display());
    for (args, reason) in [
        (vec!["import", nowhere], "No such file or directory"),
        (vec!["serve", "--config", nowhere], "No such file or directory"),
        (vec!["serve", "--no-dashboard", "--data-dir", &below], "Not a directory"),
        (vec!["export", "--data-dir", &below], "Not a directory"),
        (vec!["export", "--salvage", "--data-dir", &below], "Not a directory"),
        (vec!["serve", "--allowed-origins", "*"], "name each in full"),
        (vec!["cast", "list daemons", "--url", "http://127.0.0.1:1"], "no server answers"),
    ] {
        let output = arcane(&args).output().unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}: {err}");
        assert_eq!(err.matches(reason).count(), 1, "{args:?}: {err}");
    }
}

#[test]
fn an_address_that_cannot_be_asked_is_refused_by_every_command() {
    for args in [
        &["cast", "list daemons"] as &[&str],
        &["publish", "reveal"],
        &["tail"],
        &["health"],
        &["forget", "claude"],
        &["close", "lab"],
    ] {
        let output = arcane(args).args(["--url", "ftp://bus.example"]).output().unwrap();
        let err = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let told =
            "arcane: ftp://bus.example: the address of a server is http://HOST:PORT or https://HOST:PORT\n";
        assert_eq!(err, told, "{args:?}");
    }
}

/// What no terminal gets from us: ESC, C1, DEL, and what turns text around.
fn orders(text: &str) -> String {
    let is_order = |c: &char| {
        (c.is_control() && *c != '\n')
            || ('\u{202a}'..='\u{202e}').contains(c)
            || ('\u{2066}'..='\u{2069}').contains(c)
    };
    text.chars().filter(is_order).collect()
}

#[test]
fn texts_of_others_cannot_order_a_terminal_about() {
    let server = Server::start(
        "[daemons.liar]\nconduit = \"command\"\nprogram = \"printf\"\n\
         args = ['\\033[2J\\033]0;title\\007red \\302\\2331m \\342\\200\\256gpj.exe\\r\\nsecond line']",
    );
    assert!(server.run(&["cast", "summon liar"]).status.success());
    let cast = text(&server.run(&["cast", "ask liar to lie"]).stdout);
    assert_eq!(orders(&cast), "", "{cast:?}");
    assert!(cast.ends_with("␛[2J␛]0;title␇red ⟨U+009B⟩1m ⟨RLO⟩gpj.exe\nsecond line\n"), "{cast:?}");
    let cast = text(&server.run(&["cast", "--json", "ask liar to lie"]).stdout);
    assert_eq!(orders(&cast), "", "{cast:?}");
    let answer: Value = serde_json::from_str(&cast).unwrap();
    assert!(answer["result"].as_str().unwrap().contains("\u{9b}1m \u{202e}gpj"), "JSON says the same");

    let lie = "a\u{1b}[31mb\u{9b}31mc\u{7f}d\u{202e}e\u{2066}f";
    assert!(server.run(&["publish", "reveal", "--daemon", "liar", "--description", lie]).status.success());
    let tail = |more: &[&str]| {
        text(&server.run(&[&["tail", "--daemon", "liar", "--recent", "1", "-n", "1"], more].concat()).stdout)
    };
    let plain = tail(&[]);
    assert_eq!(orders(&plain), "", "{plain:?}");
    assert!(plain.contains("a␛[31mb⟨U+009B⟩31mc␡d⟨RLO⟩e⟨LRI⟩f"), "{plain:?}");
    let json = tail(&["--json"]);
    assert_eq!(orders(&json), "", "{json:?}");
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap()["description"], lie);
    let export = text(&server.run(&["export"]).stdout);
    assert!(export.contains("\u{9b}31mc\u{7f}d\u{202e}"), "a file gets every event as it was sent");
}

#[test]
fn nor_can_what_a_server_refuses_with() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    let serving = std::thread::spawn(move || {
        let (mut client, _) = listener.accept().unwrap();
        let head = BufReader::new(client.try_clone().unwrap()).lines();
        assert!(head.map(Result::unwrap).any(|line| line.is_empty()), "the request comes first");
        let problem = r#"{"type":"x","title":"x","status":422,"detail":"no \u001b[2J\u009b\u202e","suggestions":["try \u001b]0;x\u0007"]}"#;
        let head = "HTTP/1.1 422 X\r\ncontent-type: application/problem+json\r\nconnection: close\r\n";
        let answer = format!("{head}content-length: {}\r\n\r\n{problem}", problem.len());
        client.write_all(answer.as_bytes()).unwrap();
        // Until it has gone away: what it sends meanwhile is of no interest.
        let _ = client.read_to_end(&mut Vec::new());
    });
    let output = arcane(&["cast", "x", "--url", &url]).output().unwrap();
    let err = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(err, "arcane: no ␛[2J⟨U+009B⟩⟨RLO⟩\nwhat would be understood:\n  try ␛]0;x␇\n");
    serving.join().unwrap();
}

#[test]
fn what_is_published_from_here_is_read_as_it_is_written() {
    let server = Server::start("");
    let pretty = "\u{feff}{\n  \"spell_name\": \"reveal\",\n  \"description\": \"pretty \\ud83d\"\n}\n";
    let output = server.publish(pretty);
    assert!(output.status.success(), "{}", text(&output.stderr));
    let lines = "\u{feff}{\"spell_name\":\"reveal\"}\n{\"spell_name\":\"reveal\"}\n";
    assert!(text(&server.publish(lines).stdout).starts_with("published 2 events"));
    let big = server.run(&["publish", "reveal", "--meta", "id=18446744073709551616"]);
    assert!(!big.status.success());
    assert!(
        text(&big.stderr).contains("--meta id: 18446744073709551616 is beyond 64 bits"),
        "{}",
        text(&big.stderr)
    );
    assert!(server.run(&["publish", "reveal", "--meta", "id=\"18446744073709551616\""]).status.success());
    let export = [b"\xef\xbb\xbf".to_vec(), server.run(&["export"]).stdout].concat();
    let (file, data) = (server.dir.path().join("export"), server.dir.path().join("other"));
    std::fs::write(&file, export).unwrap();
    let args = ["import", file.to_str().unwrap(), "--data-dir", data.to_str().unwrap()];
    let imported = arcane(&args).output().unwrap();
    assert!(text(&imported.stderr).contains("imported 4 events"), "{}", text(&imported.stderr));
    let tail = text(&server.run(&["tail", "--json", "-n", "4"]).stdout);
    let events: Vec<Value> = tail.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!((&events[0]["description"], events.len()), (&Value::from("pretty \u{fffd}"), 4));
    assert_eq!(events[3]["metadata"]["id"], "18446744073709551616");
}
