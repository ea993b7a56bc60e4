//! An agent's empty home, with what makes it speak to the model endpoint and to nobody else, and an empty project.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, Result, bail};
use serde_json::{Value, json};

use super::agent::Agent;

/// Folders of one agent, below a temporary one.
#[derive(Debug)]
pub(crate) struct Home {
    pub(crate) root: PathBuf,
    pub(crate) home: PathBuf,
    pub(crate) project: PathBuf,
    variables: Vec<(String, String)>,
}

impl Home {
    /// Makes the folders and an empty project in them.
    pub(crate) fn make(root: &Path) -> Result<Self> {
        let root = root.canonicalize().context("finding the temporary folder")?;
        let home = root.join("home");
        let project = home.join("project");
        fs::create_dir_all(&project).context("making a home")?;
        fs::write(project.join("README.md"), "# Empty\n").context("making a project")?;
        let this = Self { root, home, project, variables: Vec::new() };
        let author = ["-c", "user.name=nobody", "-c", "user.email=nobody@example.invalid"];
        for words in
            [&["init", "-q"][..], &["add", "-A"], &[&author[..], &["commit", "-qm", "Begin"]].concat()]
        {
            let status = this.command("git").args(words).status().context("git does not run")?;
            if !status.success() {
                bail!("git {} failed ({status})", words.join(" "));
            }
        }
        Ok(this)
    }

    /// Writes the settings that an agent has before it is attached. `model` and `otlp` are ports.
    pub(crate) fn settle(&mut self, agent: Agent, model: u16, otlp: u16) -> Result<()> {
        let url = format!("http://127.0.0.1:{model}");
        for (file, text) in settings(agent, &url, &self.project) {
            let file = self.home.join(file);
            fs::create_dir_all(file.parent().context("a file has a folder")?).context("making a folder")?;
            fs::write(&file, text).with_context(|| file.display().to_string())?;
        }
        let owned = |(name, value): (&str, String)| (name.to_owned(), value);
        self.variables = variables(agent, &url, otlp).into_iter().map(owned).collect();
        Ok(())
    }

    /// A program in the project, which has nothing of this machine's environment but the way to its programs, and ends with this
    /// one, however that ends: some agents outlive their terminal.
    pub(crate) fn command(&self, program: impl AsRef<std::ffi::OsStr>) -> Command {
        let mut command = match std::env::current_exe() {
            Ok(own) => {
                let mut command = Command::new(own);
                command.args(["pinned", "--"]).arg(program);
                command
            }
            Err(_) => Command::new(program),
        };
        command.current_dir(&self.project).env_clear().env("HOME", &self.home);
        command.env("PATH", std::env::var_os("PATH").unwrap_or_default());
        command.env("TERM", "xterm-256color").env("LANG", "C.UTF-8");
        command.envs(self.variables.iter().map(|(name, value)| (name, value)));
        command
    }
}

/// Files below the home.
fn settings(agent: Agent, url: &str, project: &Path) -> Vec<(&'static str, String)> {
    let here = project.display().to_string();
    let text = |value: Value| format!("{value:#}\n");
    match agent {
        Agent::Claude => {
            let allowed = ["Bash(echo:*)", "Bash(cat:*)", "Write", "Edit", "Read", "Agent"];
            let state = json!({
                "hasCompletedOnboarding": true, "theme": "dark",
                "customApiKeyResponses": {"approved": ["made-up-000000000000"], "rejected": []},
                "projects": {here: {"hasTrustDialogAccepted": true, "hasCompletedProjectOnboarding": true}},
            });
            let settings = json!({"permissions": {"defaultMode": "default", "allow": allowed}});
            vec![(".claude.json", text(state)), (".claude/settings.json", text(settings))]
        }
        Agent::Codex => vec![(".codex/config.toml", codex(url, &here))],
        Agent::Gemini => {
            let settings = json!({
                "security": {"auth": {"selectedType": "gemini-api-key"}, "folderTrust": {"enabled": false}},
                "general": {"disableAutoUpdate": true, "enableAutoUpdate": false},
                "privacy": {"usageStatisticsEnabled": false},
            });
            vec![(".gemini/settings.json", text(settings))]
        }
        Agent::Copilot => {
            let config = json!({"trusted_folders": [here], "banner": "never", "auto_update": false});
            vec![(".copilot/config.json", text(config))]
        }
        Agent::Qwen => {
            let settings = json!({
                "security": {"auth": {"selectedType": "openai"}},
                "general": {"disableAutoUpdate": true, "enableAutoUpdate": false},
                "privacy": {"usageStatisticsEnabled": false},
                "model": {"name": "stand-in"},
            });
            vec![(".qwen/settings.json", text(settings))]
        }
        Agent::Opencode => {
            let model = json!({
                "name": "Stand-in", "limit": {"context": 200_000, "output": 8000},
                "cost": {"input": 1, "output": 5, "cache_read": 0.1},
            });
            let config = json!({
                "autoupdate": false, "share": "disabled", "model": "here/stand-in", "small_model": "here/stand-in",
                "permission": {"bash": {"*": "allow", "mkdir*": "ask"}},
                "provider": {"here": {
                    "npm": "@ai-sdk/openai-compatible", "name": "Here",
                    "options": {"baseURL": format!("{url}/v1"), "apiKey": KEY}, "models": {"stand-in": model},
                }},
            });
            vec![(".config/opencode/opencode.json", text(config))]
        }
    }
}

/// A key that opens nothing.
const KEY: &str = "sk-ant-made-up-000000000000";

fn codex(url: &str, project: &str) -> String {
    format!(
        "model = \"gpt-6.1-sol\"\nmodel_provider = \"here\"\ncheck_for_update_on_startup = false\n\
         approval_policy = \"on-request\"\nsandbox_mode = \"danger-full-access\"\n\n\
         [analytics]\nenabled = false\n\n\
         [model_providers.here]\nname = \"here\"\nbase_url = \"{url}/v1\"\nenv_key = \"OPENAI_API_KEY\"\n\
         wire_api = \"responses\"\nrequest_max_retries = 1\nstream_max_retries = 1\n\n\
         [projects.\"{project}\"]\ntrust_level = \"trusted\"\n"
    )
}

fn variables(agent: Agent, url: &str, otlp: u16) -> Vec<(&'static str, String)> {
    let own = |name, value: &str| (name, value.to_owned());
    // Of the agents that take their telemetry from the environment alone: docs/agents.md says so.
    let telemetry = ("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://127.0.0.1:{otlp}"));
    match agent {
        Agent::Claude => vec![
            own("ANTHROPIC_BASE_URL", url),
            own("ANTHROPIC_API_KEY", KEY),
            own("DISABLE_AUTOUPDATER", "1"),
            own("CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC", "1"),
        ],
        Agent::Codex => vec![own("OPENAI_API_KEY", KEY)],
        Agent::Gemini => {
            vec![own("GEMINI_API_KEY", KEY), own("GOOGLE_GEMINI_BASE_URL", url), own("NO_BROWSER", "1")]
        }
        Agent::Copilot => vec![
            ("COPILOT_PROVIDER_BASE_URL", format!("{url}/v1")),
            own("COPILOT_PROVIDER_TYPE", "openai"),
            own("COPILOT_PROVIDER_API_KEY", KEY),
            own("COPILOT_MODEL", "gpt-5"),
            own("COPILOT_OFFLINE", "true"),
            own("COPILOT_AUTO_UPDATE", "false"),
            telemetry,
        ],
        Agent::Qwen => vec![
            own("OPENAI_API_KEY", KEY),
            ("OPENAI_BASE_URL", format!("{url}/v1")),
            own("OPENAI_MODEL", "stand-in"),
            own("NO_BROWSER", "1"),
        ],
        Agent::Opencode => vec![
            own("OPENCODE_DISABLE_AUTOUPDATE", "1"),
            own("OPENCODE_DISABLE_MODELS_FETCH", "1"),
            own("OPENCODE_DISABLE_LSP_DOWNLOAD", "1"),
            own("OPENCODE_DISABLE_SHARE", "1"),
            telemetry,
        ],
    }
}
