//! `arcane connect URL` and `arcane disconnect`.

use anyhow::{Context, bail};
use arcane_shared::api::WhoAmIAnswer;
use arcane_shared::control::Bearer;
use clap::Args;

use super::Target;
use super::print::remark;
use super::remembered::{self, Remembered};

/// Remembers a server, and a token for it: commands without --url talk to it from now on.
///
/// The file is in the user's folder of settings (arcane/client.toml, or the one that ARCANE_CLIENT_CONFIG names), and no other user can read it.
#[derive(Debug, Clone, Args)]
pub(super) struct Connect {
    /// The server's address.
    #[arg(value_name = "URL")]
    address: String,
    /// A token; - reads it from standard input, where no list of processes shows it.
    #[arg(long, env = "ARCANE_TOKEN", hide_env_values = true)]
    token: Option<Bearer>,
    /// An authority whose certificates are trusted besides the system's, a file of PEM.
    #[arg(long, env = "ARCANE_CA", value_name = "FILE")]
    ca: Option<std::path::PathBuf>,
}

/// Forgets the server that commands talk to, and the token for it.
#[derive(Debug, Clone, Args)]
pub(super) struct Disconnect {}

impl Connect {
    pub(super) async fn run(self) -> anyhow::Result<()> {
        let token = match self.token.as_deref() {
            Some("-") => Some(std::io::read_to_string(std::io::stdin())?.trim().to_owned()),
            token => token.map(str::to_owned),
        };
        let token = token.map(Bearer::from);
        if token.as_deref() == Some("") {
            bail!("there is no token on standard input, or --token is empty");
        }
        let ca = self
            .ca
            .map(|file| file.canonicalize().with_context(|| format!("--ca: cannot read {}", file.display())));
        let target = Target { url: self.address, token, ca: ca.transpose()? };
        // What does not work is not remembered.
        let who: WhoAmIAnswer = target.send(target.get("/whoami")?).await?;
        let Target { url, token, ca } = target;
        let file = remembered::write(&Remembered { url: url.clone(), token, ca })?;
        let until =
            who.expires_at.map(|at| format!(" until {}", at.to_string().get(..16).unwrap_or_default()));
        let can = if who.can.is_empty() { "do nothing".to_owned() } else { who.can.join(", ") };
        remark(&format!(
            "{} at {url} may {can}{}; kept in {}",
            who.subject,
            until.unwrap_or_default(),
            file.display()
        ));
        Ok(())
    }
}

impl Disconnect {
    pub(super) fn run() -> anyhow::Result<()> {
        remark(if remembered::remove()? { "forgotten" } else { "no server was remembered" });
        Ok(())
    }
}
