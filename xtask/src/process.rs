//! Running other programs, in the open.

use std::process::{Command, Stdio};

use anyhow::{Context as _, Result, bail};

/// A command as one would type it.
pub(crate) fn line(command: &Command) -> String {
    let words = std::iter::once(command.get_program()).chain(command.get_args());
    let quoted = words.map(|word| {
        let word = word.to_string_lossy();
        if word.is_empty() || word.contains(' ') { format!("'{word}'") } else { word.into_owned() }
    });
    quoted.collect::<Vec<_>>().join(" ")
}

/// Runs a command with its output on the terminal; `remedy` says what helps when it fails.
pub(crate) fn run(command: &mut Command, remedy: &str) -> Result<()> {
    let line = line(command);
    println!("$ {line}");
    let status = command.status().with_context(|| format!("`{line}` could not be started: {remedy}"))?;
    if !status.success() {
        bail!("`{line}` failed ({status}): {remedy}");
    }
    Ok(())
}

/// What a command prints, if it can be started and succeeds.
pub(crate) fn output(command: &mut Command) -> Option<String> {
    let output = command.stdin(Stdio::null()).stderr(Stdio::null()).output().ok()?;
    output.status.success().then(|| String::from_utf8_lossy(&output.stdout).trim().to_owned())
}

/// Turns this process into another one, so that signals reach it directly.
#[cfg(unix)]
pub(crate) fn become_it(command: &mut Command) -> Result<()> {
    println!("$ {}", line(command));
    replace_by(command)
}

/// The same without a word.
#[cfg(unix)]
pub(crate) fn replace_by(command: &mut Command) -> Result<()> {
    use std::os::unix::process::CommandExt as _;
    let error = command.exec();
    Err(error).with_context(|| format!("`{}` could not be started", line(command)))
}

/// Runs another process to its end.
#[cfg(not(unix))]
pub(crate) fn become_it(command: &mut Command) -> Result<()> {
    run(command, "its own messages say what is wrong")
}

/// Runs another process to its end without a word.
#[cfg(not(unix))]
pub(crate) fn replace_by(command: &mut Command) -> Result<()> {
    let status = command.status().with_context(|| format!("`{}` could not be started", line(command)))?;
    std::process::exit(status.code().unwrap_or(1))
}
