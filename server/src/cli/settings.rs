//! One name in three forms: flag, `ARCANE_…` variable, key in `arcane.toml`. Flags win, then
//! variables, then the file.
//!
//! A file's values become the defaults of the flags of the same name before the command line is
//! parsed, so that they are checked and reported like flags.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use clap::parser::ValueSource;
use clap::{ArgMatches, Command};

use super::remembered::{self, Remembered};
use crate::config::ConfigFile;
use crate::log::jetstream::connect::without_secrets;

/// Read from the working directory if there is one and none is named.
const DEFAULT_FILE: &str = "arcane.toml";

/// The command with the configuration file's values as defaults of `serve`.
pub(super) fn with_file_defaults(command: Command, raw: &[OsString]) -> anyhow::Result<Command> {
    let serving = raw.iter().any(|arg| arg == "serve");
    let Some(path) = path(raw).filter(|_| serving) else { return Ok(command) };
    let names = setting_names(&command);
    let file = ConfigFile::read(&path, &names)?;
    Ok(command.mut_subcommand("serve", |serve| {
        file.settings.into_iter().fold(serve, |serve, (name, value)| {
            serve.mut_arg(name.replace('-', "_"), |arg| arg.default_value(value))
        })
    }))
}

/// The command with the address of the server that is remembered as the default of whoever talks to one.
pub(super) fn with_remembered_server(command: Command, raw: &[OsString]) -> anyhow::Result<Command> {
    let has_url = |of: &Command| of.get_arguments().any(|arg| arg.get_id() == "url");
    let said = raw.iter().skip(1).filter_map(|arg| arg.to_str());
    let named = said.filter_map(|name| command.find_subcommand(name)).next();
    let Some(name) = named.filter(|of| has_url(of)).map(|of| of.get_name().to_owned()) else {
        return Ok(command);
    };
    // Who shares a project's files shares no server.
    let is_of_project =
        |arg: &OsString| arg.to_str().is_some_and(|arg| arg.split('=').next() == Some("--project"));
    if name == "attach" && raw.iter().any(is_of_project) {
        return Ok(command);
    }
    let Some(Remembered { url, .. }) = remembered::read()? else { return Ok(command) };
    Ok(command.mut_subcommand(name, |of| of.mut_arg("url", |arg| arg.default_value(url))))
}

/// The file that the command line or `ARCANE_CONFIG` names, or the default one if it is there.
pub(super) fn path(raw: &[OsString]) -> Option<PathBuf> {
    let mut args = raw.iter().map(|arg| arg.to_string_lossy());
    let named = loop {
        let Some(arg) = args.next() else { break None };
        if arg == "--config" {
            break args.next().map(std::borrow::Cow::into_owned);
        }
        if let Some(path) = arg.strip_prefix("--config=") {
            break Some(path.to_owned());
        }
    };
    named
        .or_else(|| std::env::var("ARCANE_CONFIG").ok())
        .map(PathBuf::from)
        .or_else(|| Some(PathBuf::from(DEFAULT_FILE)).filter(|path| path.is_file()))
}

/// The names of the flags that are keys of the file as well.
pub(super) fn setting_names(command: &Command) -> Vec<String> {
    command
        .find_subcommand("serve")
        .into_iter()
        .flat_map(Command::get_arguments)
        .filter(|arg| !matches!(arg.get_id().as_str(), "config" | "print_config"))
        .filter_map(|arg| arg.get_long().map(str::to_owned))
        .collect()
}

/// Every setting, what holds, and where it came from.
pub(super) fn table(command: &Command, matches: &ArgMatches, file: Option<&Path>) -> String {
    let in_file = file
        .and_then(|path| ConfigFile::read(path, &setting_names(command)).ok())
        .map(|file| file.settings)
        .unwrap_or_default();
    let mut rows = Vec::new();
    for name in setting_names(command) {
        let id = name.replace('-', "_");
        let value = matches
            .get_raw(&id)
            .map(|values| values.map(|value| value.to_string_lossy()).collect::<Vec<_>>().join(","))
            .unwrap_or_default();
        // A password may stand in an address.
        let value = if name == "log" {
            let servers: Vec<String> = value.split(',').map(ToOwned::to_owned).collect();
            without_secrets(&servers)
        } else {
            value
        };
        let source = match matches.value_source(&id) {
            Some(ValueSource::CommandLine) => "flag",
            Some(ValueSource::EnvVariable) => "environment",
            Some(_) if in_file.contains_key(&name) => "file",
            _ => "default",
        };
        rows.push(format!("{name:<20} {value:<32} {source}"));
    }
    rows.join("\n")
}
