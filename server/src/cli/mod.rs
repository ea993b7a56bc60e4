//! `arcane …`: one file per subcommand.

mod ag_ui;
mod answer;
mod attach;
mod cast;
mod client;
mod connect;
mod demo;
mod detach;
mod doctor;
mod export;
mod guard;
mod guards;
mod health;
mod hook;
mod keys;
mod log_flags;
mod login;
mod manual;
mod mcp;
mod memory;
mod metrics_listener;
mod narrowed;
mod notify;
mod otlp_listener;
mod output;
mod print;
mod process;
mod publish;
mod remembered;
mod remove;
mod requests;
mod rules;
mod screen;
mod serve;
mod service;
mod settings;
mod signals;
mod size;
mod tail;
mod token;
mod trust;
mod which_agents;

use std::process::ExitCode;

use arcane_shared::control::Bearer;
use clap::{Args, CommandFactory, FromArgMatches, Parser, Subcommand};

/// See and hear what your AI agents do, the moment they do it.
#[derive(Debug, Parser)]
#[command(name = "arcane", version, max_term_width = 100, disable_help_subcommand = true)]
struct Arcane {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the bus, its API and its dashboard.
    Serve(Box<serve::Serve>),
    /// Watch events in the terminal.
    Tail(tail::Tail),
    /// Cast a spell in plain words: arcane cast "summon claude".
    Cast(cast::Cast),
    /// List what agents ask and nobody has answered, or show one of these whole.
    Requests(requests::Requests),
    Rules(rules::Rules),
    /// Answer what an agent asks: arcane answer ID allow.
    Answer(answer::Answer),
    /// Publish an event: from flags, or JSON and NDJSON from standard input.
    Publish(publish::Publish),
    /// Ask a server whether it is there, or with --ready whether it takes work: for probes.
    Health(health::Health),
    /// Write what agents need into their settings, so that what they do is told here.
    Attach(attach::Attach),
    /// Take everything out of agents' settings that `arcane attach` put there.
    Detach(detach::Detach),
    /// Say whether what agents do gets here, what it costs them, and what to do if it does not.
    Doctor(doctor::Doctor),
    /// Hand a payload of an agent's hook from standard input to the server: for settings of agents.
    Hook(hook::Hook),
    /// Speak the Model Context Protocol, so that an agent can tell of itself: for settings of agents.
    Mcp(mcp::Mcp),
    /// Follow what an agent's backend streams to its page, and tell of it here.
    #[command(name = "ag-ui")]
    AgUi(ag_ui::AgUi),
    /// Try the targets that the server tells of what needs a human.
    Notify(notify::NotifyCommand),
    /// Forget an absent daemon and what it has done.
    Forget(remove::Forget),
    /// Close a room that nobody uses, and delete what was kept of it.
    Close(remove::Close),
    /// Write the event log as NDJSON, or what can be saved of a damaged one.
    Export(export::Export),
    /// Make an event log of an export.
    Import(export::Import),
    /// Make and change the keys that tokens are signed with.
    Keys(keys::KeysCommand),
    /// Make, show and revoke tokens.
    Token(token::TokenCommand),
    /// Remember a server and a token for it, so that other commands need not be told.
    Connect(connect::Connect),
    /// Forget the server and the token that are remembered.
    Disconnect(connect::Disconnect),
    /// Print a link that signs a browser in.
    Login(login::Login),
    /// Print completions for a shell, or man pages.
    Manual(manual::Manual),
}

/// Where the server is, for the commands that talk to one.
#[derive(Debug, Clone, Args)]
struct Target {
    /// The server's address; otherwise the one that `arcane connect` remembers.
    #[arg(long, env = "ARCANE_URL", default_value = "http://127.0.0.1:8000")]
    url: String,
    /// A token, for servers that want one; otherwise the one that is remembered for the same address.
    #[arg(long, env = "ARCANE_TOKEN", hide_env_values = true)]
    token: Option<Bearer>,
    /// An authority whose certificates are trusted besides the system's, a file of PEM.
    #[arg(long, env = "ARCANE_CA", value_name = "FILE")]
    ca: Option<std::path::PathBuf>,
}

/// Runs the command that the process was started with.
#[must_use]
pub fn run() -> ExitCode {
    let raw: Vec<_> = std::env::args_os().collect();
    if let Some(code) = hook::run_if_asked(&raw) {
        return code;
    }
    outlive_file_limit();
    let command = settings::with_file_defaults(Arcane::command(), &raw)
        .and_then(|command| settings::with_remembered_server(command, &raw));
    let command = match command {
        Ok(command) => command,
        Err(error) => return fail(&error),
    };
    let matches = command.get_matches_from(raw);
    let arcane = match Arcane::from_arg_matches(&matches) {
        Ok(arcane) => arcane,
        Err(error) => error.exit(),
    };
    let result = match arcane.command {
        Command::Serve(serve) => {
            serve.run(matches.subcommand_matches("serve").expect("clap matched the subcommand serve"))
        }
        Command::Tail(tail) => block_on(tail.run()),
        Command::Cast(cast) => block_on(cast.run()),
        Command::Requests(requests) => block_on(requests.run()),
        Command::Rules(rules) => block_on(rules.run()),
        Command::Answer(answer) => block_on(answer.run()),
        Command::Publish(publish) => block_on(publish.run()),
        Command::Health(health) => block_on(health.run()),
        Command::Attach(attach) => attach.run(),
        Command::Detach(detach) => detach.run(),
        Command::Doctor(doctor) => block_on(doctor.run()),
        Command::Hook(hook) => return hook.run(),
        Command::Mcp(mcp) => block_on(mcp.run()),
        Command::AgUi(ag_ui) => block_on(ag_ui.run()),
        Command::Notify(notify) => block_on(notify.run()),
        Command::Forget(forget) => block_on(forget.run()),
        Command::Close(close) => block_on(close.run()),
        Command::Export(export) => export.run(),
        Command::Import(import) => import.run(),
        Command::Keys(keys) => keys.run(),
        Command::Token(token) => token.run(),
        Command::Connect(connect) => block_on(connect.run()),
        Command::Disconnect(_) => connect::Disconnect::run(),
        Command::Login(login) => login.run(),
        Command::Manual(manual) => manual.run(),
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if matches!(error.downcast_ref(), Some(print::Unwritten::Unread)) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

/// A file that is as large as the process may write one is an error like a full disk, no reason to end: unless its
/// signal is taken, it ends the process. Programs that this one starts have their own.
fn outlive_file_limit() {
    #[cfg(unix)]
    {
        let taken = std::sync::Arc::new(std::sync::atomic::AtomicBool::new(false));
        // Without it the signal does what it always did.
        let _ = signal_hook::flag::register(rustix::process::Signal::XFSZ.as_raw(), taken);
    }
}

fn block_on(command: impl Future<Output = anyhow::Result<()>>) -> anyhow::Result<()> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()?.block_on(command)
}

fn fail(error: &anyhow::Error) -> ExitCode {
    print::remark(&format!("arcane: {}", print::reasons(error)));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_command_line_is_consistent() {
        Arcane::command().debug_assert();
    }
}
