//! Which agents, and how.

use std::path::PathBuf;

use anyhow::{Result, bail};
use lexopt::prelude::*;

use super::agent::Agent;

/// What `cargo xtask agents` was asked for.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) agents: Vec<Agent>,
    /// A built server instead of building one.
    pub(crate) binary: Option<PathBuf>,
    /// Keeps the folders of homes, logs and screens.
    pub(crate) keep: bool,
    /// Only the sessions without a terminal.
    pub(crate) headless: bool,
    /// Answers what the agents ask from elsewhere, instead of counting what is told of them.
    pub(crate) answer: bool,
    /// Where each agent's server shows the dashboard to who looks on.
    pub(crate) watch: Option<u16>,
}

impl Options {
    /// Reads them; `None`: help is wanted.
    pub(crate) fn read(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let mut options = Self {
            agents: Agent::ALL.to_vec(),
            binary: None,
            keep: false,
            headless: false,
            answer: false,
            watch: None,
        };
        while let Some(arg) = args.next()? {
            match arg {
                Long("only") => options.agents = named(&args.value()?.string()?)?,
                Long("binary") => options.binary = Some(std::path::absolute(args.value()?)?),
                Long("keep") => options.keep = true,
                Long("watch") => options.watch = Some(args.value()?.parse()?),
                Long("answer") => options.answer = true,
                Long("headless") => options.headless = true,
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        Ok(Some(options))
    }
}

fn named(list: &str) -> Result<Vec<Agent>> {
    list.split(',')
        .map(|name| {
            let found = Agent::ALL.into_iter().find(|agent| agent.name() == name.trim());
            match found {
                Some(agent) => Ok(agent),
                None => {
                    bail!("--only: no agent {name:?} is driven: {}", Agent::ALL.map(Agent::name).join(", "))
                }
            }
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>> {
        Options::read(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn agents_are_chosen_by_name() {
        assert_eq!(read("--only codex,claude").unwrap().unwrap().agents, [Agent::Codex, Agent::Claude]);
        assert_eq!(read("").unwrap().unwrap().agents, Agent::ALL);
        assert_eq!(read("--watch 8123").unwrap().unwrap().watch, Some(8123));
        let error = read("--only cursor").unwrap_err().to_string();
        assert!(error.contains("\"cursor\"") && error.contains("claude, codex"), "{error}");
    }
}
