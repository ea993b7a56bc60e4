//! Settings that mean nothing without another one are refused at the start, wherever they come from.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::process::{Command, Output};

use support::process;

/// What `arcane serve` finds of a file of settings, variables and flags.
fn checked(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> Output {
    let dir = tempfile::tempdir().unwrap();
    let config = dir.path().join("arcane.toml");
    std::fs::write(&config, file).unwrap();
    let mut command = process::command(&dir.path().join("data"));
    command.arg("--print-config").arg("--config").arg(&config).args(flags).envs(variables.iter().copied());
    command.output().unwrap()
}

fn refusal(file: &str, variables: &[(&str, &str)], flags: &[&str]) -> String {
    let output = checked(file, variables, flags);
    assert_eq!(output.status.code(), Some(1), "{file} {variables:?} {flags:?}");
    String::from_utf8(output.stderr).unwrap()
}

#[test]
fn what_users_of_a_proxy_may_is_refused_where_no_proxy_names_users() {
    let by_flag = refusal("", &[], &["--user-can", "publish"]);
    insta::assert_snapshot!(by_flag, @"arcane: --user-can is about the users whom a trusted proxy names: say in which header with --user-header, X-Remote-User for example, or leave --user-can out");
    assert_eq!(refusal("user_can = \"publish\"", &[], &[]), by_flag);
    let proxy = &["--trusted-proxy", "127.0.0.1"];
    let rooms = refusal("", &[("ARCANE_USER_ROOMS", "lab")], proxy);
    assert!(rooms.starts_with("arcane: --user-rooms is about the users"), "{rooms}");
    let header = refusal("user_header = \"X-Remote-User\"", &[], &[]);
    insta::assert_snapshot!(header, @"arcane: --user-header is believed of trusted proxies alone: name their addresses with --trusted-proxy");
    // Each from another place.
    let all = checked(
        "trusted_proxy = \"127.0.0.1\"",
        &[("ARCANE_USER_HEADER", "X-Remote-User")],
        &["--user-can", "publish"],
    );
    assert!(all.status.success(), "{}", String::from_utf8_lossy(&all.stderr));
}

#[test]
fn a_listener_of_metrics_is_for_this_machine_unless_others_are_let_in() {
    let others = refusal("metrics_listen = \"0.0.0.0:9100\"", &[], &[]);
    insta::assert_snapshot!(others, @"arcane: --metrics-listen 0.0.0.0:9100 can be reached by others, and nobody needs a token there: listen on 127.0.0.1, or say --metrics-public if others may know rooms and figures");
    let nowhere = refusal("", &[("ARCANE_METRICS_PUBLIC", "true")], &[]);
    insta::assert_snapshot!(nowhere, @"arcane: --metrics-public is about the listener of --metrics-listen ADDRESS: name an address, or leave it out");
    assert!(checked("", &[], &["--metrics-listen", "0.0.0.0:9100", "--metrics-public"]).status.success());
    assert!(checked("", &[], &["--metrics-listen", "[::1]:9100"]).status.success());
}

#[test]
fn where_the_log_is_is_checked_before_anything_is_asked() {
    let log = "log = \"nats://me:secret@127.0.0.1:1\"";
    let refused = |file: &str, flags: &[&str]| refusal(file, &[], flags).replace("arcane: ", "");
    insta::assert_snapshot!([
        refused(log, &["--ephemeral"]),
        refused("", &["--log-credentials", "a.creds"]),
        refused("[log]\ntls_ca = \"ca.pem\"", &[]),
        refused(log, &["--log-tls-cert", "cert.pem"]),
        refused("[log]\nservers = \"nats://127.0.0.1:1\"\ntls_key = \"key.pem\"", &[]),
        refused(log, &["--log-prefix", "Arcane"]),
        refused(log, &["--log-prefix", "a-room-b"]),
        refused(log, &["--log-credentials", "/none/a.creds"]),
        refused("", &["--log", "http://me:secret@127.0.0.1:1"]),
        refused("", &["--log", "nats://127.0.0.1:1,,"]),
        refused(log, &["--log-monitor", "10.0.0.1:8222"]),
        refused("[log]\nmonitor = \"http://10.0.0.1:8222\"", &[]),
    ].concat(), @r#"
    --ephemeral keeps nothing, and --log names servers that keep all; leave one of them out
    --log-credentials is for servers of NATS; name them with --log nats://host:4222, or leave it out
    --log-tls-ca is for servers of NATS; name them with --log nats://host:4222, or leave it out
    --log-tls-cert needs --log-tls-key, the file of the certificate's private key
    --log-tls-key needs --log-tls-cert, the file of the key's certificate
    --log-prefix: the prefix consists of a-z, 0-9, '_' and '-', not 'A'
    --log-prefix: the prefix must not contain "-room-" or end with "-room": both are between a prefix and a room's name
    --log: --log-credentials names /none/a.creds, which cannot be read: No such file or directory (os error 2)
    --log: "http://127.0.0.1:1" is no list of addresses of nats-servers, for example nats://10.0.0.1:4222,nats://10.0.0.2:4222
    --log: "nats://127.0.0.1:1,," is no list of addresses of nats-servers, for example nats://10.0.0.1:4222,nats://10.0.0.2:4222
    --log: --log-monitor: "10.0.0.1:8222" is no address of a nats-server's monitoring, for example http://10.0.0.1:8222 (`http` in its configuration)
    --log-monitor is for servers of NATS; name them with --log nats://host:4222, or leave it out
    "#);
    let mut demo = Command::new(env!("CARGO_BIN_EXE_arcane"));
    demo.current_dir(std::env::temp_dir()).env_remove("ARCANE_CONFIG");
    demo.args(["serve", "--print-config", "--demo", "--log", "nats://127.0.0.1:1"]);
    let said = String::from_utf8(demo.output().unwrap().stderr).unwrap();
    insta::assert_snapshot!(said, @"arcane: --demo keeps nothing, and --log names servers that keep all; leave one of them out");
    // ARCANE_LOG says what is logged.
    let checked = checked(log, &[("ARCANE_LOG", "debug"), ("ARCANE_LOG_PREFIX", "lab")], &[]);
    let table = String::from_utf8(checked.stdout).unwrap();
    assert!(checked.status.success(), "{}", String::from_utf8_lossy(&checked.stderr));
    let rows: Vec<&str> = table.lines().filter(|line| line.starts_with("log")).collect();
    insta::assert_snapshot!(rows.join("\n"), @r"
    log                  nats://127.0.0.1:1               file
    log-credentials                                       default
    log-tls-ca                                            default
    log-tls-cert                                          default
    log-tls-key                                           default
    log-monitor                                           default
    log-replicas         3                                default
    log-prefix           lab                              environment
    ");
}
