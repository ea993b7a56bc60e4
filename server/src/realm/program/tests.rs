//! Real programs, and what they leave behind.

use std::path::Path;

use futures_util::FutureExt;

use super::*;

fn shell(script: &str, timeout_ms: u64) -> Order {
    Order {
        path: "/bin/sh".into(),
        args: vec!["-c".into(), script.into()],
        working_dir: None,
        pass_env: vec![],
        timeout: Duration::from_millis(timeout_ms),
        output_bytes_max: Some(65_536),
    }
}

/// A process in a session of its own that writes its number into a file, and the wait for that.
fn detached(pid_file: &Path, streams: &str) -> String {
    let file = pid_file.display();
    format!(
        "setsid sh -c 'echo $$ > {file}.new; mv {file}.new {file}; exec sleep 600' {streams} & \
         while ! [ -e {file} ]; do sleep 0.01; done"
    )
}

fn lives(pid_file: &Path) -> bool {
    let pid: u32 = std::fs::read_to_string(pid_file).expect("a file").trim().parse().expect("a number");
    table::table().iter().any(|process| process.id == pid && !process.dead)
}

#[tokio::test]
async fn a_program_sees_a_named_few_variables() {
    let order = Order { path: "/usr/bin/env".into(), args: vec![], ..shell("", 20_000) };
    let Ended::Exited { stdout, .. } = order.run(String::new()).await else { panic!("it ends by itself") };
    let text = stdout.text();
    let names: Vec<_> = text.lines().filter_map(|line| Some(line.split_once('=')?.0)).collect();
    assert!(names.contains(&"PATH") && names.contains(&mark::VARIABLE), "{names:?}");
    // Cargo gives its tests a good many of these.
    assert!(!names.iter().any(|name| name.starts_with("CARGO")), "{names:?}");

    let pass_env = vec![VariableName::parse("CARGO_PKG_NAME".into()).unwrap()];
    let Ended::Exited { stdout, .. } = (Order { pass_env, ..order }).run(String::new()).await else {
        panic!("it ends by itself")
    };
    assert!(stdout.text().contains("CARGO_PKG_NAME=arcane-server\n"), "{}", stdout.text());
}

#[tokio::test]
async fn a_session_of_its_own_does_not_outlive_the_timeout() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    // The time is over once the file is there: so long it takes whatever the machine does.
    let mut timeout_ms = 500;
    loop {
        let script = detached(&file, "") + "; sleep 600";
        assert!(matches!(shell(&script, timeout_ms).run(String::new()).await, Ended::TimedOut));
        if file.exists() {
            break;
        }
        timeout_ms *= 2;
    }
    assert!(!lives(&file));
}

#[tokio::test]
async fn what_a_program_starts_ends_with_it() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    let script = detached(&file, "</dev/null >/dev/null 2>&1") + "; echo done";
    let Ended::Exited { status, stdout, .. } = shell(&script, 20_000).run(String::new()).await else {
        panic!("it ends by itself")
    };
    assert!(status.success() && stdout.text() == "done\n");
    assert!(!lives(&file));
}

#[tokio::test]
async fn who_holds_the_pipes_of_a_program_that_has_ended_is_not_waited_for() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pid");
    for script in [
        String::from("sleep 600 & echo done"),
        // Without the mark, its number is still known by its group.
        String::from("env -i /bin/sleep 600 & echo done"),
        detached(&file, "") + "; echo done",
        // Its input, which nobody reads.
        String::from("exec 3<&0; sleep 600 & echo done"),
    ] {
        let input = "x".repeat(1_000_000);
        let Ended::Exited { status, stdout, .. } = shell(&script, 60_000).run(input).await else {
            panic!("it ends by itself: {script}")
        };
        assert!(status.success() && stdout.text() == "done\n", "{script}");
    }
    assert!(!lives(&file));
}

#[tokio::test]
async fn a_program_without_output_is_not_kept_by_who_holds_its_input() {
    let order = Order { output_bytes_max: None, ..shell("exec 3<&0; sleep 600 & true", 60_000) };
    let ended = order.run("x".repeat(1_000_000)).await;
    assert!(matches!(ended, Ended::Exited { status, .. } if status.success()), "{ended:?}");
}

#[tokio::test]
async fn all_that_a_program_said_before_its_end_is_its_output() {
    let script = "sleep 600 & head -c 60000 /dev/zero | tr '\\0' x; echo done >&2; exit 3";
    let Ended::Exited { status, stdout, stderr } = shell(script, 60_000).run(String::new()).await else {
        panic!("it ends by itself")
    };
    assert_eq!((status.code(), stdout.read, stderr.text().as_str()), (Some(3), 60_000, "done\n"));
}

#[tokio::test]
async fn a_run_goes_on_if_its_caller_leaves() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("done");
    let order = shell(&format!("read task; echo $task > {}", file.display()), 20_000);
    let mut running = Box::pin(order.run("a task\n".into()));
    assert!(running.as_mut().now_or_never().is_none());
    drop(running);
    let written = async {
        while std::fs::read_to_string(&file).unwrap_or_default() != "a task\n" {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), written).await.unwrap();
}

#[tokio::test]
async fn runs_beside_each_other_leave_each_other_alone() {
    let dir = tempfile::tempdir().unwrap();
    let (file, gate) = (dir.path().join("pid"), dir.path().join("gate"));
    let patient = format!("{}; while ! [ -e {} ]; do sleep 0.01; done", detached(&file, ""), gate.display());
    let patient = shell(&patient, 60_000);
    let running = tokio::spawn(async move { patient.run(String::new()).await });
    let there = async {
        while !file.exists() {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), there).await.unwrap();
    for _ in 0..3 {
        assert!(matches!(shell("sleep 600", 20).run(String::new()).await, Ended::TimedOut));
        assert!(matches!(shell("true", 20_000).run(String::new()).await, Ended::Exited { .. }));
        assert!(lives(&file));
    }
    running.abort();
}
