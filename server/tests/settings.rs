//! Settings that mean nothing without another one are refused at the start, wherever they come from.

#![allow(clippy::unwrap_used, reason = "a test")]

mod support;

use std::process::Output;

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
