//! What a service manager or a container engine asks of the server and is told by it.

#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::io::{Read, Write};
use std::net::TcpListener;
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{SocketAddr, UnixDatagram};
use std::process::{Command, Output};

use rustix::process::{Pid, Resource, Rlimit, prlimit};
use support::PATIENCE;
use support::process::{Process, command};

fn arcane(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG").args(args);
    command
}

/// The exit code of a probe, what it printed, and its reason.
fn told(output: &Output) -> (i32, String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
    (output.status.code().unwrap(), text(&output.stdout), text(&output.stderr))
}

fn probe(url: &str, args: &[&str]) -> (i32, String, String) {
    told(&arcane(&["health", "--url", url]).args(args).output().unwrap())
}

#[test]
fn a_probe_is_one_line_and_a_status() {
    let dir = tempfile::tempdir().unwrap();
    let server = Process::start(dir.path());
    let url = &server.url;
    let (code, line, _) = probe(url, &[]);
    assert_eq!(code, 0);
    let begins = format!("healthy: arcane {} at {url}, up ", env!("CARGO_PKG_VERSION"));
    assert!(line.starts_with(&begins) && line.ends_with(" s, 0 readers\n"), "{line}");
    assert_eq!(probe(url, &["--ready"]), (0, format!("ready: {url}\n"), String::new()));

    // The log cannot grow any more.
    let pid = Pid::from_raw(i32::try_from(server.id()).unwrap());
    prlimit(pid, Resource::Fsize, Rlimit { current: Some(0), maximum: None }).unwrap();
    assert!(!arcane(&["publish", "reveal", "--url", url]).output().unwrap().status.success());
    let (code, line, reason) = probe(url, &["--ready"]);
    assert_eq!((code, line.as_str()), (1, ""));
    assert!(
        reason.starts_with(&format!("arcane: {url} is not ready: ")) && reason.contains("ulimit -f"),
        "{reason}"
    );
    assert_eq!(probe(url, &[]).0, 0, "it is there nevertheless");
    let url = server.url.clone();
    prlimit(pid, Resource::Fsize, Rlimit { current: None, maximum: None }).unwrap();
    server.stop();
    for args in [&[] as &[&str], &["--ready"]] {
        let (code, _, reason) = probe(&url, args);
        assert_eq!(code, 1);
        assert!(reason.starts_with(&format!("arcane: no server answers at {url}")), "{reason}");
    }
}

/// A server that takes a request and answers it with this, or not at all.
fn other_server(answer: Option<&'static str>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        match answer {
            Some(answer) => {
                let _ = stream.read(&mut [0; 4096]);
                stream.write_all(answer.as_bytes()).unwrap();
            }
            None => drop(stream.read_to_end(&mut Vec::new())),
        }
    });
    url
}

#[test]
fn a_probe_is_not_taken_in_and_does_not_wait_for_ever() {
    let silent = other_server(None);
    let waiting = arcane(&["health", "--url", &silent]).stderr(std::process::Stdio::piped()).spawn().unwrap();

    let page = "HTTP/1.1 200 OK\r\nContent-Length: 5\r\nConnection: close\r\n\r\nhello";
    for args in [&[] as &[&str], &["--ready"]] {
        let (code, line, reason) = probe(&other_server(Some(page)), args);
        assert_eq!((code, line.as_str()), (1, ""));
        assert!(reason.starts_with("arcane: the server's answer cannot be read"), "{reason}");
    }
    let busy = "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nConnection: close\r\n\r\n";
    for args in [&[] as &[&str], &["--ready"]] {
        let (code, _, reason) = probe(&other_server(Some(busy)), args);
        assert_eq!((code, reason.as_str()), (1, "arcane: the server answered 503 Service Unavailable\n"));
    }

    let (code, _, reason) = told(&waiting.wait_with_output().unwrap());
    assert_eq!((code, reason), (1, format!("arcane: {silent} gave no answer within 5 s\n")));
}

#[test]
fn a_server_of_this_machine_is_asked_without_a_proxy() {
    let dir = tempfile::tempdir().unwrap();
    let server = Process::start(dir.path());
    let by_name = server.url.replace("127.0.0.1", "localhost");
    for url in [&server.url, &by_name] {
        for args in [&["health"] as &[&str], &["cast", "list daemons"]] {
            let mut command = arcane(args);
            command.args(["--url", url]).env_remove("no_proxy").env_remove("NO_PROXY");
            let output = command.env("http_proxy", "http://127.0.0.1:1").output().unwrap();
            assert!(output.status.success(), "{url} {args:?}: {:?}", told(&output));
        }
    }
}

/// A service manager that says where it listens, and wants a sign of life every 200 ms.
struct Manager {
    socket: UnixDatagram,
    name: String,
}

impl Manager {
    fn new(name: String, address: &SocketAddr) -> Self {
        let socket = UnixDatagram::bind_addr(address).unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        Self { socket, name }
    }

    fn start(&self, dir: &std::path::Path) -> Process {
        let mut command = command(dir);
        command.env("NOTIFY_SOCKET", &self.name).env("WATCHDOG_USEC", "200000").env_remove("WATCHDOG_PID");
        Process::try_start(command).unwrap()
    }

    fn hears(&self) -> String {
        let mut message = [0; 4096];
        let len = self.socket.recv(&mut message).unwrap();
        String::from_utf8(message[..len].to_vec()).unwrap()
    }
}

#[test]
fn a_service_manager_is_told_of_its_life() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let hidden = format!("arcane-test-{}", std::process::id());
    for manager in [
        Manager::new(path.display().to_string(), &SocketAddr::from_pathname(&path).unwrap()),
        Manager::new(format!("@{hidden}"), &SocketAddr::from_abstract_name(&hidden).unwrap()),
    ] {
        let server = manager.start(&dir.path().join("data"));
        assert_eq!(manager.hears(), format!("READY=1\nSTATUS=listening on {}\n", server.url));
        for _ in 0..3 {
            assert_eq!(manager.hears(), "WATCHDOG=1\n");
        }
        server.stop();
        let last = loop {
            let heard = manager.hears();
            if heard != "WATCHDOG=1\n" {
                break heard;
            }
        };
        assert!(last.starts_with("STOPPING=1\nSTATUS=stopping"), "{last}");
    }
}

#[test]
fn a_service_manager_that_is_gone_or_does_not_read_holds_up_nothing() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("notify");
    let manager = Manager::new(path.display().to_string(), &SocketAddr::from_pathname(&path).unwrap());
    let full = UnixDatagram::unbound().unwrap();
    full.set_nonblocking(true).unwrap();
    while full.send_to(b"x", &path).is_ok() {}
    let data = dir.path().join("data");
    let server = manager.start(&data);
    assert_eq!(probe(&server.url, &[]).0, 0);
    server.stop();
    drop(manager);
    let gone = Manager { socket: UnixDatagram::unbound().unwrap(), name: path.display().to_string() };
    let server = gone.start(&data);
    assert_eq!(probe(&server.url, &[]).0, 0);
    server.stop();
}
