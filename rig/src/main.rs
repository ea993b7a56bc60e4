//! `cargo xtask cluster`: see `arcane_rig`.
#![expect(clippy::print_stdout, reason = "a command line talks")]

use std::process::ExitCode;

#[cfg(unix)]
#[tokio::main]
async fn main() -> ExitCode {
    arcane_rig::cli::perform().await.unwrap_or_else(|error| {
        println!("error: {error:#}");
        ExitCode::FAILURE
    })
}

#[cfg(not(unix))]
fn main() -> ExitCode {
    println!("error: servers are stopped and paused by signals, which only Unix has");
    ExitCode::FAILURE
}
