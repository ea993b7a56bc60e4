//! What the process of a server needs before it serves.

use tracing_subscriber::EnvFilter;

use crate::diagnostics;

/// Has what the server says of itself go to standard error, as much as `ARCANE_LOG` asks for.
pub(super) fn start_telemetry() {
    let filter = EnvFilter::try_from_env("ARCANE_LOG").unwrap_or_else(|_| EnvFilter::new("info"));
    // It writes what agents say, two lines for each request.
    let filter = filter.add_directive("rmcp=off".parse().expect("a directive"));
    let colored = super::client::wants_color(&std::io::stderr());
    tracing_subscriber::fmt()
        .with_env_filter(filter)
        .with_writer(diagnostics::lines())
        .with_ansi(colored)
        .with_target(false)
        .log_internal_errors(false)
        .init();
    diagnostics::log_panics();
}

/// A server of many connections needs many file handles; the hard limit is the operator's to set.
pub(super) fn raise_file_limit() {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
        let limit = getrlimit(Resource::Nofile);
        let _ = setrlimit(Resource::Nofile, Rlimit { current: limit.maximum, maximum: limit.maximum });
    }
}
