//! What a hostile run is asked to do.

use std::path::PathBuf;
use std::time::Duration;

use anyhow::{Result, bail};
use lexopt::prelude::*;

/// Most connections of attackers: what the ports of one address are enough for.
const CONNECTIONS_MAX: usize = 20_000;
/// Longest phase, seconds.
const SECONDS_MAX: u64 = 300;
/// Most rounds.
const ROUNDS_MAX: usize = 20;

/// From where the attackers connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum From {
    /// 127.0.0.2.
    One,
    /// 127.0.1.1 to 127.0.1.250.
    Many,
}

impl From {
    /// As the command line of the attackers has it.
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::One => "one",
            Self::Many => "many",
        }
    }
}

/// The attackers' process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Attack {
    pub(crate) port: u16,
    pub(crate) path: String,
    pub(crate) from: From,
}

/// A run.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Options {
    pub(crate) connections: usize,
    /// How long each phase is measured.
    pub(crate) time: Duration,
    /// How often all phases are measured; the table has the median of each.
    pub(crate) rounds: usize,
    /// The server, if it is built already.
    pub(crate) binary: Option<PathBuf>,
    /// Set where this process is to be the attackers.
    pub(crate) attack: Option<Attack>,
}

impl Options {
    /// Reads the arguments; none where help is asked for.
    pub(crate) fn read(mut args: lexopt::Parser) -> Result<Option<Self>> {
        let time = Duration::from_secs(10);
        let mut options = Self { connections: 10_000, time, rounds: 3, binary: None, attack: None };
        let (mut port, mut path, mut from) = (None, String::from("/"), From::One);
        while let Some(arg) = args.next()? {
            match arg {
                Long("connections") => options.connections = args.value()?.parse()?,
                Long("seconds") => options.time = seconds(args.value()?.parse()?)?,
                Long("rounds") => options.rounds = args.value()?.parse()?,
                Long("binary") => options.binary = Some(std::path::absolute(args.value()?)?),
                Long("attack-port") => port = Some(args.value()?.parse()?),
                Long("attack-path") => path = args.value()?.string()?,
                Long("attack-from") => {
                    from = match args.value()?.string()?.as_str() {
                        "one" => From::One,
                        "many" => From::Many,
                        other => bail!("--attack-from takes one or many, not {other:?}"),
                    };
                }
                Short('h') | Long("help") => return Ok(None),
                other => return Err(other.unexpected().into()),
            }
        }
        if !(5..=CONNECTIONS_MAX).contains(&options.connections) {
            bail!("--connections takes 5 to {CONNECTIONS_MAX}, not {}", options.connections);
        }
        if !(1..=ROUNDS_MAX).contains(&options.rounds) {
            bail!("--rounds takes 1 to {ROUNDS_MAX}, not {}", options.rounds);
        }
        if let Some(binary) = options.binary.as_deref().filter(|binary| !binary.is_file()) {
            bail!("--binary names no file: {}", binary.display());
        }
        options.attack = port.map(|port| Attack { port, path, from });
        Ok(Some(options))
    }

    /// The arguments that make a process the attackers.
    pub(crate) fn flags(&self, attack: &Attack) -> Vec<String> {
        let said = [
            ("--connections", self.connections.to_string()),
            ("--attack-port", attack.port.to_string()),
            ("--attack-path", attack.path.clone()),
            ("--attack-from", attack.from.name().to_owned()),
        ];
        said.into_iter().flat_map(|(flag, value)| [flag.to_owned(), value]).collect()
    }
}

fn seconds(seconds: u64) -> Result<Duration> {
    if !(1..=SECONDS_MAX).contains(&seconds) {
        bail!("--seconds takes 1 to {SECONDS_MAX}, not {seconds}");
    }
    Ok(Duration::from_secs(seconds))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(line: &str) -> Result<Option<Options>> {
        Options::read(lexopt::Parser::from_args(line.split_whitespace()))
    }

    #[test]
    fn the_attackers_get_what_was_said() {
        let options = read("--connections 1000 --seconds 3 --rounds 5").unwrap().unwrap();
        assert_eq!((options.connections, options.time, options.rounds), (1000, Duration::from_secs(3), 5));
        for from in [From::One, From::Many] {
            let attack = Attack { port: 9, path: "/ws".to_owned(), from };
            let told = Options::read(lexopt::Parser::from_args(options.flags(&attack))).unwrap().unwrap();
            assert_eq!((told.connections, told.attack), (1000, Some(attack)));
        }
    }

    #[test]
    fn what_cannot_be_run_is_refused() {
        let counts = ["--connections 4", "--connections 20001", "--seconds 0", "--rounds 0", "--rounds 21"];
        for line in counts.into_iter().chain(["--attack-from mars", "--binary /"]) {
            assert!(read(line).is_err(), "{line}");
        }
        assert_eq!(read("-h").unwrap(), None);
    }
}
