//! `arcane serve` with a certificate, and the commands that ask it.

#![cfg(unix)]
#![allow(clippy::unwrap_used, reason = "a test that cannot go on fails")]

mod support;

use std::path::Path;
use std::process::{Command, Output};
use std::time::Instant;

use arcane_server::config::TlsFiles;
use rcgen::{BasicConstraints, CertificateParams, IsCa, KeyPair, date_time_ymd};
use support::PATIENCE;
use support::authority::{Authority, write};
use support::process::{Process, command};

struct Server {
    process: Process,
    authority: Authority,
    files: TlsFiles,
    _dir: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let authority = Authority::new();
        let files = authority.files();
        Self::with(authority, files)
    }

    fn with(authority: Authority, files: TlsFiles) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let mut command = serve(dir.path(), &files);
        command.env("ARCANE_LOG", "info");
        let process = Process::try_start_logged(command, &authority.dir().join("log")).unwrap();
        Self { process, authority, files, _dir: dir }
    }

    /// What a command says that fails.
    fn failure(&self, url: &str, args: &[&str], ca: Option<&Path>) -> String {
        let output = run(url, args, ca);
        assert_eq!(output.status.code(), Some(1), "{args:?}");
        let address = self.process.url.trim_start_matches("https://");
        let dir = self.authority.dir().display().to_string();
        text(&output.stderr)
            .replace(address, "ADDRESS")
            .replace(address.rsplit_once(':').unwrap().1, "PORT")
            .replace(&dir, "DIR")
    }

    /// Waits until the log has a line.
    fn logged(&self, part: &str) -> String {
        let since = Instant::now();
        loop {
            let log = std::fs::read_to_string(self.authority.dir().join("log")).unwrap();
            if let Some(line) = log.lines().find(|line| line.contains(part)) {
                return line.to_owned();
            }
            assert!(since.elapsed() < PATIENCE, "{part}: {log}");
            std::thread::yield_now();
        }
    }
}

/// Runs a command that trusts nobody but whom it is told to.
fn run(url: &str, args: &[&str], ca: Option<&Path>) -> Output {
    let mut command = arcane(args);
    command.args(["--url", url]);
    if let Some(ca) = ca {
        command.arg("--ca").arg(ca);
    }
    command.output().unwrap()
}

fn serve(dir: &Path, files: &TlsFiles) -> Command {
    let mut command = command(&dir.join("data"));
    command.arg("--tls-cert").arg(&files.certificate).arg("--tls-key").arg(&files.key);
    command
}

fn arcane(args: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_arcane"));
    command.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG").env_remove("ARCANE_CA").args(args);
    command.env("SSL_CERT_FILE", "/dev/null").env_remove("SSL_CERT_DIR");
    command
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[test]
fn every_command_speaks_https_with_an_authority_of_ones_own() {
    let server = Server::start();
    let url = &server.process.url;
    assert!(url.starts_with("https://"), "{url}");
    let ca = server.authority.file();
    let ask = |args: &[&str]| {
        let output = run(url, args, Some(&ca));
        assert!(output.status.success(), "{args:?}: {}", text(&output.stderr));
        text(&output.stdout)
    };
    assert!(ask(&["publish", "reveal", "--description", "over TLS"]).starts_with("published "));
    assert!(ask(&["tail", "-n", "1"]).contains("over TLS"));
    assert_ne!(ask(&["cast", "summon claude"]), "");
    assert!(
        ask(&["health"]).starts_with(&format!("healthy: arcane {} at https://", env!("CARGO_PKG_VERSION")))
    );
    assert_eq!(ask(&["health", "--ready"]), format!("ready: {url}\n"));
    assert!(ask(&["publish", "reveal", "--room", "lab"]).ends_with("in lab\n"));
    assert_eq!(ask(&["close", "lab"]), "");
    assert!(server.failure(url, &["forget", "claude"], Some(&ca)).contains("banish it first"));

    // Named by a variable, and as an authority of the system.
    for (name, value) in [("ARCANE_CA", &ca), ("SSL_CERT_FILE", &ca)] {
        let mut command = arcane(&["tail", "-n", "1", "--url", url]);
        let output = command.env(name, value).output().unwrap();
        assert!(output.status.success(), "{name}: {}", text(&output.stderr));
    }
}

#[test]
fn what_is_not_trusted_or_not_spoken_is_named() {
    let server = Server::start();
    let url = &server.process.url;
    let (ca, other) = (server.authority.file(), Authority::new());
    let plain = url.replace("https", "http");
    let by_name = url.replace("127.0.0.1", "localhost");
    let empty = server.authority.dir().join("empty");
    std::fs::write(&empty, "").unwrap();
    let mut said = Vec::new();
    for args in [&["publish", "reveal"] as &[&str], &["tail"]] {
        said.push(server.failure(url, args, Some(&other.file())));
        said.push(server.failure(url, args, None));
        said.push(server.failure(url, args, Some(&empty)));
        said.push(server.failure(&plain, args, Some(&ca)));
    }
    said.push(server.failure(url, &["tail"], Some(Path::new("/nowhere"))));
    write(&server.files, &server.authority.issue_with(|params| params.subject_alt_names.truncate(1)));
    server.logged("new connections get the certificate");
    said.push(server.failure(&by_name, &["tail"], Some(&ca)));
    insta::assert_snapshot!(said.concat(), @r#"
    arcane: the certificate of https://ADDRESS is of no authority that is trusted here; --ca FILE names one's own
    arcane: this system names no authority whose certificates could be trusted; name one with --ca FILE
    arcane: --ca DIR/empty: there is no certificate in it; it takes PEM (-----BEGIN CERTIFICATE-----)
    arcane: this port takes TLS alone: ask with https:// (wss:// for a WebSocket) instead of http://
    arcane: the certificate of https://ADDRESS is of no authority that is trusted here; --ca FILE names one's own
    arcane: this system names no authority whose certificates could be trusted; name one with --ca FILE
    arcane: --ca DIR/empty: there is no certificate in it; it takes PEM (-----BEGIN CERTIFICATE-----)
    arcane: this port takes TLS alone: ask with https:// (wss:// for a WebSocket) instead of http://
    arcane: --ca /nowhere: No such file or directory (os error 2)
    arcane: the certificate of https://localhost:PORT cannot be trusted: certificate not valid for name "localhost"; certificate is only valid for IpAddress(127.0.0.1)
    "#);

    let dir = tempfile::tempdir().unwrap();
    let plain = Process::try_start(command(dir.path())).unwrap();
    for args in [&["publish", "reveal"] as &[&str], &["tail"], &["health"]] {
        let secured = plain.url.replace("http", "https");
        let said = server.failure(&secured, args, Some(&ca));
        assert!(said.contains("does not speak TLS; without TLS the address begins with http://"), "{said}");
    }
}

fn self_signed(change: impl FnOnce(&mut CertificateParams)) -> (String, String) {
    let mut params = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap();
    change(&mut params);
    let key = KeyPair::generate().unwrap();
    (params.self_signed(&key).unwrap().pem(), key.serialize_pem())
}

#[test]
fn a_certificate_of_ones_own_is_its_own_authority() {
    let authority = Authority::new();
    let files = authority.files();
    write(&files, &self_signed(|_| ()));
    let server = Server::with(authority, files);
    let url = &server.process.url;
    let output = run(url, &["publish", "reveal"], Some(&server.files.certificate));
    assert!(output.status.success(), "{}", text(&output.stderr));

    write(&server.files, &self_signed(|params| params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained)));
    server.logged("new connections get the certificate");
    let said = server.failure(url, &["publish", "reveal"], Some(&server.files.certificate));
    insta::assert_snapshot!(said, @"arcane: the certificate of https://ADDRESS is an authority's (CA:TRUE), and no server's");
}

#[test]
fn an_operator_is_told_of_a_pair_that_does_not_do() {
    let authority = Authority::new();
    let files = authority.files();
    write(&files, &authority.issue_with(|params| params.not_after = date_time_ymd(2020, 1, 2)));
    let server = Server::with(authority, files);
    let warned = server.logged("WARN");
    assert!(warned.contains("cert.pem") && warned.contains("expired at 2020-01-02"), "{warned}");
    let (certificate, _) = server.authority.issue();
    std::fs::write(&server.files.certificate, certificate).unwrap();
    let error = server.logged("ERROR");
    assert!(error.contains("cert.pem") && error.contains("does not belong to"), "{error}");
    assert!(error.contains("the certificate from before stays"), "{error}");
}

#[test]
fn one_file_without_the_other_or_a_pair_that_cannot_be_used_is_an_error() {
    let authority = Authority::new();
    let files = authority.files();
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("arcane.toml");
    let refusal = |toml: String, variables: &[(&str, &Path)], more: &[&str]| {
        std::fs::write(&config, toml).unwrap();
        let mut command = command(&dir.path().join("data"));
        command.arg("--config").arg(&config).args(more).envs(variables.iter().copied());
        let output = command.output().unwrap();
        assert_eq!(output.status.code(), Some(1));
        text(&output.stderr).replace(&authority.dir().display().to_string(), "DIR")
    };
    let cert = |path: &Path| format!("tls_cert = {:?}\n", path.display().to_string());
    let only_cert = refusal(cert(&files.certificate), &[], &[]);
    let only_key = refusal(String::new(), &[("ARCANE_TLS_KEY", &files.key)], &[]);
    let swapped = refusal(cert(&files.key), &[("ARCANE_TLS_KEY", &files.key)], &["--print-config"]);
    insta::assert_snapshot!(only_cert + &only_key + &swapped, @"
    arcane: --tls-cert needs --tls-key, the file of the certificate's private key
    arcane: --tls-key needs --tls-cert, the file of the key's certificate
    arcane: DIR/key.pem has no certificate; it takes PEM (-----BEGIN CERTIFICATE-----), the server's own certificate first, and the file has a private key: that is for --tls-key
    ");
}
