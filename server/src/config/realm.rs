//! Who the daemons are and how they perform.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use arcane_shared::{DaemonName, Rgb};
use serde::Deserialize;

use super::{BudgetSetting, DailyBudget};

/// The realm's settings.
#[derive(Debug, Clone)]
pub struct RealmConfig {
    /// What the configuration file says of daemons: `[daemons.NAME]`.
    pub daemons: BTreeMap<DaemonName, DaemonConfig>,
    /// The voice engine: `[voice]`. `None`: lines are narrated.
    pub voice: Option<VoiceConfig>,
    /// Where the voice engine's files go.
    pub audio_dir: PathBuf,
    /// Whether a conduit's output may stand in events. Default: no.
    pub capture_content: bool,
    /// Most daemons that the realm knows. Default 10,000.
    pub daemons_max: usize,
    /// Most invocations at a time. Default 64; further ones are refused.
    pub invocations_max: usize,
    /// What each daemon may spend on a day that has no budget of its own. Default: no bound.
    pub budget_usd: Option<DailyBudget>,
}

impl Default for RealmConfig {
    fn default() -> Self {
        Self {
            daemons: BTreeMap::new(),
            voice: None,
            audio_dir: PathBuf::from("arcane-data/audio"),
            capture_content: false,
            daemons_max: 10_000,
            invocations_max: 64,
            budget_usd: None,
        }
    }
}

/// One `[daemons.NAME]` table. Everything is optional.
#[derive(Debug, Clone, Default, PartialEq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct DaemonConfig {
    /// Its title.
    pub role: Option<String>,
    /// What it is good at.
    pub domain: Option<String>,
    /// The model behind it.
    pub model: Option<String>,
    /// What it can do.
    pub capabilities: Option<Vec<String>>,
    /// Its colour.
    pub color: Option<Rgb>,
    /// How it performs: `echo` (the default) or `command`.
    pub conduit: ConduitKind,
    /// The program of a `command` conduit. Only ever from the configuration.
    pub program: Option<PathBuf>,
    /// Its arguments. The task comes on standard input, never here.
    pub args: Vec<String>,
    /// Where it runs; default: where the server runs.
    pub working_dir: Option<PathBuf>,
    /// Variables of the server's environment that it sees, besides a few that every program needs.
    pub pass_env: Vec<VariableName>,
    /// Seconds that it may take. Default 60.
    pub timeout_s: Option<u64>,
    /// Bytes of output that are kept. Default 65,536; the rest is read and dropped.
    pub output_bytes_max: Option<usize>,
    /// Dollars that it may spend on a day; otherwise what `--budget-usd` says.
    pub budget_usd: Option<DailyBudget>,
}

/// The name of an environment variable.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub struct VariableName(String);

/// What cannot be the name of a variable.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{0:?} is no name of a variable: it must not be empty or hold '='; its value comes from the server's own environment"
)]
pub struct NoVariable(String);

impl VariableName {
    /// Checks a name.
    ///
    /// # Errors
    /// If it is empty, or holds `=` or a zero byte.
    pub fn parse(name: String) -> Result<Self, NoVariable> {
        if name.is_empty() || name.contains(['=', '\0']) { Err(NoVariable(name)) } else { Ok(Self(name)) }
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl TryFrom<String> for VariableName {
    type Error = NoVariable;

    fn try_from(name: String) -> Result<Self, NoVariable> {
        Self::parse(name)
    }
}

/// How a daemon performs.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ConduitKind {
    /// It gives the task back.
    #[default]
    Echo,
    /// It runs a program.
    Command,
}

/// `[voice]`: a program that turns text on standard input into a sound file.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct VoiceConfig {
    /// The program, for example `espeak-ng`.
    pub program: PathBuf,
    /// Its arguments; `{file}` stands for the file that it must write.
    #[serde(default)]
    pub args: Vec<String>,
    /// The suffix of that file. Default `wav`.
    #[serde(default = "default_suffix")]
    pub suffix: String,
    /// Variables of the server's environment that it sees, besides a few that every program needs.
    #[serde(default)]
    pub pass_env: Vec<VariableName>,
    /// Seconds that it may take. Default 10.
    #[serde(default = "default_voice_timeout_s")]
    pub timeout_s: u64,
}

fn default_suffix() -> String {
    "wav".into()
}

fn default_voice_timeout_s() -> u64 {
    10
}

impl DaemonConfig {
    /// How long its program may take.
    #[must_use]
    pub fn timeout(&self) -> Duration {
        Duration::from_secs(self.timeout_s.unwrap_or(60))
    }

    /// How much of its output is kept.
    #[must_use]
    pub fn output_bytes_max(&self) -> usize {
        self.output_bytes_max.unwrap_or(65_536)
    }
}

impl RealmConfig {
    /// What a daemon may spend on a day, and which setting says so; `None`: it has no budget.
    #[must_use]
    pub fn budget_of(&self, name: &DaemonName) -> Option<(DailyBudget, BudgetSetting)> {
        let own = self.daemons.get(name).and_then(|daemon| daemon.budget_usd);
        let own = own.map(|budget| (budget, BudgetSetting::Daemon(name.clone())));
        own.or_else(|| Some((self.budget_usd?, BudgetSetting::Each)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_daemons_own_budget_goes_before_that_of_each() {
        let name = |name: &str| DaemonName::parse(name).unwrap();
        let own = DaemonConfig { budget_usd: DailyBudget::new(2.0).ok(), ..Default::default() };
        let mut config = RealmConfig { daemons: [(name("claude"), own)].into(), ..RealmConfig::default() };
        assert_eq!(config.budget_of(&name("codex")), None);
        config.budget_usd = DailyBudget::new(5.0).ok();
        let of = |who: &str| {
            config.budget_of(&name(who)).map(|(budget, setting)| (budget.usd().get(), setting.to_string()))
        };
        assert_eq!(of("claude"), Some((2.0, "budget_usd in [daemons.claude]".into())));
        assert_eq!(of("codex"), Some((5.0, "--budget-usd".into())));
    }
}
