//! The command line of the Arcane event bus.

use std::process::ExitCode;

fn main() -> ExitCode {
    arcane_server::cli::run()
}
