//! `arcane ag-ui follow URL`: the SSE stream of an agent's backend, read and handed to the server.

mod batch;
mod deliver;
mod follow;
mod lines;

use arcane_shared::{DaemonName, RoomName};
use clap::{Args, Subcommand};
use reqwest::header::{HeaderName, HeaderValue};

use super::Target;

/// What agents' backends stream to their pages.
#[derive(Debug, Clone, Args)]
pub(super) struct AgUi {
    #[command(subcommand)]
    act: Act,
}

#[derive(Debug, Clone, Subcommand)]
enum Act {
    Follow(Follow),
}

/// Reads a stream of AG-UI (server-sent events) and tells the server what its agent does, until the stream says that it is over (204).
///
/// A stream that breaks off is opened again after 0.25 s, then later and later, up to 30 s; with Last-Event-ID, if it has ids. What cannot be
/// read is left out and counted.
#[derive(Debug, Clone, Args)]
struct Follow {
    /// Where the stream is: http:// or https://.
    #[arg(value_name = "URL")]
    stream: String,
    /// Whose events they are: the name of a daemon.
    #[arg(long, default_value = "ag-ui")]
    agent: DaemonName,
    /// The thread of events that come before any RUN_STARTED.
    #[arg(long)]
    thread: Option<String>,
    /// The room.
    #[arg(long, default_value = "main")]
    room: RoomName,
    /// A header for the stream: NAME: VALUE. May be repeated; - in place of one reads them from standard input, where no list of processes shows them.
    #[arg(long = "header", value_name = "NAME: VALUE")]
    headers: Vec<String>,
    /// Ends with the stream, however it ends.
    #[arg(long)]
    once: bool,
    /// Longest silence of the stream, seconds, before it is opened again.
    #[arg(long, default_value_t = 120, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    silence_s: u64,
    #[command(flatten)]
    target: Target,
}

impl AgUi {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let Act::Follow(follow) = self.act;
        follow.run().await
    }
}

/// Reads a header as people write it.
fn header(text: &str) -> anyhow::Result<(HeaderName, HeaderValue)> {
    let (name, value) = text.split_once(':').ok_or_else(|| anyhow::anyhow!("--header: write NAME: VALUE"))?;
    let name = name.trim();
    let wrong = |what: &str| anyhow::anyhow!("--header {name}: its {what} has characters that no header has");
    let mut value: HeaderValue = value.trim().parse().map_err(|_| wrong("value"))?;
    value.set_sensitive(true);
    Ok((name.parse().map_err(|_| wrong("name"))?, value))
}

/// The headers of the command line; `-` stands for those of standard input, one a line.
fn headers(given: &[String]) -> anyhow::Result<Vec<(HeaderName, HeaderValue)>> {
    let mut all = Vec::new();
    for text in given {
        if text == "-" {
            let text = std::io::read_to_string(std::io::stdin())?;
            for line in text.lines().filter(|line| !line.trim().is_empty()) {
                all.push(header(line)?);
            }
        } else {
            all.push(header(text)?);
        }
    }
    Ok(all)
}

#[cfg(test)]
mod tests {
    use super::header;

    #[test]
    fn headers_are_read_as_people_write_them() {
        let (name, value) = header("X-Api-Key:  a:b ").unwrap();
        assert_eq!((name.as_str(), value.to_str().unwrap()), ("x-api-key", "a:b"));
        for (text, why) in [
            ("key", "--header: write NAME: VALUE"),
            ("a b: c", "--header a b: its name has characters that no header has"),
            ("a: \u{7f}", "--header a: its value has characters that no header has"),
        ] {
            assert_eq!(header(text).unwrap_err().to_string(), why);
        }
    }
}
