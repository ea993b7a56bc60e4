//! `arcane.toml`: scalar settings under the names of the flags, `[daemons.NAME]`, `[voice]`, `[prices]`, `[[rules]]`, `[[ingest.map]]` and `[[notify]]`.

use std::collections::BTreeMap;
use std::path::Path;

use arcane_shared::DaemonName;

use super::{DaemonConfig, Maps, Notify, Prices, Rules, VoiceConfig, WrongRule, near};

/// What a configuration file says.
#[derive(Debug, Clone, Default)]
pub struct ConfigFile {
    /// Settings by the name of their flag (with `-`), as the command line would write them.
    pub settings: BTreeMap<String, String>,
    /// `[daemons.NAME]`.
    pub daemons: BTreeMap<DaemonName, DaemonConfig>,
    /// `[voice]`.
    pub voice: Option<VoiceConfig>,
    /// `[[ingest.map]]`.
    pub maps: Maps,
    /// `[[notify]]`.
    pub notify: Notify,
    /// `[prices]`, and the shipped ones.
    pub prices: Prices,
    /// `[[rules]]`.
    pub rules: Rules,
}

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It cannot be read.
    #[error("cannot read {path}: {source}")]
    Read {
        /// Which file.
        path: String,
        /// Why.
        source: std::io::Error,
    },
    /// It is no TOML.
    #[error("{path} is not valid TOML: {source}")]
    Syntax {
        /// Which file.
        path: String,
        /// Where and why.
        source: Box<toml::de::Error>,
    },
    /// It has a key that nobody knows.
    #[error("{path}: unknown key {key:?}{}", nearest.as_ref().map(|name| format!("; did you mean {name:?}?")).unwrap_or_default())]
    UnknownKey {
        /// Which file.
        path: String,
        /// The key.
        key: String,
        /// A known one that is spelled almost like it.
        nearest: Option<String>,
    },
    /// A value has the wrong type.
    #[error("{path}: {key}: {detail}")]
    Value {
        /// Which file.
        path: String,
        /// The key.
        key: String,
        /// What is wrong.
        detail: String,
    },
}

impl ConfigFile {
    /// Reads a file. `known` are the names of the scalar settings.
    ///
    /// # Errors
    /// If it cannot be read, is no TOML, or has a key or value that does not fit.
    pub fn read(path: &Path, known: &[String]) -> Result<Self, FileError> {
        let name = path.display().to_string();
        let text =
            std::fs::read_to_string(path).map_err(|source| FileError::Read { path: name.clone(), source })?;
        Self::parse(&text, &name, known)
    }

    fn parse(text: &str, path: &str, known: &[String]) -> Result<Self, FileError> {
        let table: toml::Table = text
            .parse()
            .map_err(|source| FileError::Syntax { path: path.into(), source: Box::new(source) })?;
        let mut file = Self::default();
        for (key, value) in table {
            let wrong = |detail: String| FileError::Value { path: path.into(), key: key.clone(), detail };
            match key.as_str() {
                "daemons" => file.daemons = daemons(value, path)?,
                "ingest" => {
                    file.maps = Maps::read(value).map_err(|error| wrong_rule(path, error))?;
                }
                "log" if value.is_table() => file.take_table(&key, value, path, known)?,
                "notify" => {
                    file.notify = Notify::read(value).map_err(|error| wrong_rule(path, error))?;
                }
                "prices" => {
                    file.prices = Prices::read(value).map_err(|error| FileError::Value {
                        path: path.into(),
                        key: error.place,
                        detail: error.detail,
                    })?;
                }
                "rules" => {
                    file.rules = Rules::read(value).map_err(|error| wrong_rule(path, error))?;
                }
                "voice" => file.voice = Some(value.try_into().map_err(|e| wrong(in_line(&e)))?),
                _ => {
                    let flag = key.replace('_', "-");
                    if !known.contains(&flag) {
                        let nearest = nearest(&flag, known);
                        return Err(FileError::UnknownKey { path: path.into(), key, nearest });
                    }
                    file.settings.insert(
                        flag,
                        scalar(&value).ok_or_else(|| {
                            wrong("expected a string, a number, true, false, or a list of those".into())
                        })?,
                    );
                }
            }
        }
        Ok(file)
    }
}

impl ConfigFile {
    /// `[log]`: each key is a setting of its own; `servers` is the one that the table has its name of.
    fn take_table(
        &mut self,
        table: &str,
        value: toml::Value,
        path: &str,
        known: &[String],
    ) -> Result<(), FileError> {
        let toml::Value::Table(values) = value else { return Ok(()) };
        for (key, value) in values {
            let flag = match key.as_str() {
                "servers" => table.to_owned(),
                _ => format!("{table}-{}", key.replace('_', "-")),
            };
            let key = format!("{table}.{key}");
            if !known.contains(&flag) {
                let own = known.iter().filter_map(|name| name.strip_prefix(&format!("{table}-")));
                let own: Vec<String> = own.map(ToOwned::to_owned).chain(["servers".to_owned()]).collect();
                let nearest = nearest(key.rsplit('.').next().unwrap_or_default(), &own);
                return Err(FileError::UnknownKey { path: path.into(), key, nearest });
            }
            let detail = || "expected a string, a number, true, false, or a list of those".to_owned();
            let value = scalar(&value).ok_or_else(|| FileError::Value {
                path: path.into(),
                key,
                detail: detail(),
            })?;
            self.settings.insert(flag, value);
        }
        Ok(())
    }
}

fn wrong_rule(path: &str, WrongRule { place, detail }: WrongRule) -> FileError {
    FileError::Value { path: path.into(), key: place, detail }
}

/// `[daemons.NAME]`, each read for itself, so that the error names the one that is wrong.
fn daemons(value: toml::Value, path: &str) -> Result<BTreeMap<DaemonName, DaemonConfig>, FileError> {
    let wrong = |key: String, detail: String| FileError::Value { path: path.into(), key, detail };
    let toml::Value::Table(tables) = value else {
        return Err(wrong("daemons".into(), "expected a table for each daemon: [daemons.NAME]".into()));
    };
    let mut daemons = BTreeMap::new();
    for (key, value) in tables {
        let wrong = |detail| wrong(format!("daemons.{key}"), detail);
        let name = DaemonName::parse(&key).map_err(|error| wrong(error.to_string()))?;
        let daemon = value.try_into().map_err(|error| wrong(in_line(&error)))?;
        if daemons.insert(name, daemon).is_some() {
            return Err(wrong("comes twice: names do not distinguish case".into()));
        }
    }
    Ok(daemons)
}

/// An error with the key that it is about, in one line.
fn in_line(error: &toml::de::Error) -> String {
    error.to_string().split_whitespace().collect::<Vec<_>>().join(" ")
}

fn scalar(value: &toml::Value) -> Option<String> {
    match value {
        toml::Value::String(text) => Some(text.clone()),
        toml::Value::Integer(n) => Some(n.to_string()),
        toml::Value::Float(n) => Some(n.to_string()),
        toml::Value::Boolean(flag) => Some(flag.to_string()),
        toml::Value::Array(list) => {
            list.iter().map(scalar).collect::<Option<Vec<_>>>().map(|list| list.join(","))
        }
        toml::Value::Datetime(_) | toml::Value::Table(_) => None,
    }
}

fn nearest(key: &str, known: &[String]) -> Option<String> {
    let tables = ["daemons", "voice", "ingest", "notify", "prices", "rules"];
    let near = near::nearest(key, known.iter().map(String::as_str).chain(tables));
    near.map(|name| name.replace('-', "_"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<ConfigFile, String> {
        let known = ["listen", "history-size", "rooms", "log", "log-prefix", "log-tls-ca"].map(str::to_owned);
        ConfigFile::parse(text, "arcane.toml", &known).map_err(|error| error.to_string())
    }

    #[test]
    fn settings_daemons_and_voice() {
        let file = parse(
            "history_size = 7\nrooms = [\"main\", \"lab\"]\n[daemons.Git]\nconduit = \"command\"\nprogram = \"git\"\n[voice]\nprogram = \"espeak-ng\"",
        )
        .unwrap();
        assert_eq!(file.settings["history-size"], "7");
        assert_eq!(file.settings["rooms"], "main,lab");
        assert_eq!(file.daemons[&DaemonName::parse("git").unwrap()].program, Some("git".into()));
        assert_eq!(file.voice.unwrap().suffix, "wav");
    }

    #[test]
    fn the_log_may_have_a_table() {
        let file =
            parse("[log]\nservers = [\"nats://a:4222\", \"nats://b:4222\"]\ntls_ca = \"ca.pem\"").unwrap();
        let settings: Vec<_> = file.settings.iter().map(|(name, value)| format!("{name}={value}")).collect();
        assert_eq!(settings, ["log=nats://a:4222,nats://b:4222", "log-tls-ca=ca.pem"]);
        assert_eq!(parse("log = \"nats://a:4222\"").unwrap().settings["log"], "nats://a:4222");
        assert!(parse("[log]").unwrap().settings.is_empty());
        let wrong = |line: &str| parse(&format!("[log]\n{line}")).unwrap_err();
        insta::assert_snapshot!(wrong("server = \"nats://a\""), @r#"arcane.toml: unknown key "log.server"; did you mean "servers"?"#);
        insta::assert_snapshot!(wrong("tls-kca = \"ca.pem\""), @r#"arcane.toml: unknown key "log.tls-kca"; did you mean "tls_ca"?"#);
        insta::assert_snapshot!(wrong("log_prefix = \"x\""), @r#"arcane.toml: unknown key "log.log_prefix"; did you mean "prefix"?"#);
        insta::assert_snapshot!(wrong("qqq = 1"), @r#"arcane.toml: unknown key "log.qqq""#);
        insta::assert_snapshot!(wrong("prefix = {}"), @"arcane.toml: log.prefix: expected a string, a number, true, false, or a list of those");
        insta::assert_snapshot!(wrong("servers = [{}]"), @"arcane.toml: log.servers: expected a string, a number, true, false, or a list of those");
        insta::assert_snapshot!(parse("[lgo]\nservers = \"nats://a\"").unwrap_err(), @r#"arcane.toml: unknown key "lgo""#);
    }

    #[test]
    fn rules_are_read_in_their_order() {
        let rule = |name: &str, rest: &str| format!("[[rules]]\nname = \"{name}\"\n{rest}\n");
        let file = parse(
            &(rule("b", "command = \"cargo test\"\ndecision = \"allow\"") + &rule("a", "decision = \"ask\"")),
        );
        let file = file.unwrap();
        let names: Vec<_> = file.rules.as_slice().iter().map(|rule| rule.name.as_str()).collect();
        assert_eq!(names, ["b", "a"]);
        insta::assert_snapshot!(parse(&rule("all", "decision = \"allow\"")).unwrap_err(), @"arcane.toml: [[rules]] 1 (all): decision: allows everything; name what it allows: a tool, a command or a path");
        insta::assert_snapshot!(parse("[rules]\nname = \"a\"").unwrap_err(), @"arcane.toml: rules: expected an array of tables: write [[rules]]");
        insta::assert_snapshot!(parse("rule = 1").unwrap_err(), @r#"arcane.toml: unknown key "rule"; did you mean "rules"?"#);
    }

    #[test]
    fn what_does_not_fit_is_named() {
        insta::assert_snapshot!(parse("histroy_size = 3").unwrap_err(), @r#"arcane.toml: unknown key "histroy_size"; did you mean "history_size"?"#);
        insta::assert_snapshot!(parse("qqq = 3").unwrap_err(), @r#"arcane.toml: unknown key "qqq""#);
        insta::assert_snapshot!(parse("listen = {}").unwrap_err(), @"arcane.toml: listen: expected a string, a number, true, false, or a list of those");
        let daemons = |text: &str| parse(&format!("[daemons.git]\n[daemons.x]\n{text}")).unwrap_err();
        insta::assert_snapshot!(daemons("pass_env = [\"A=b\"]"), @r#"arcane.toml: daemons.x: "A=b" is no name of a variable: it must not be empty or hold '='; its value comes from the server's own environment in `pass_env`"#);
        insta::assert_snapshot!(daemons("programm = \"x\""), @"arcane.toml: daemons.x: unknown field `programm`, expected one of `role`, `domain`, `model`, `capabilities`, `color`, `conduit`, `program`, `args`, `working_dir`, `pass_env`, `timeout_s`, `output_bytes_max`, `budget_usd`");
        insta::assert_snapshot!(daemons("timeout_s = \"x\""), @r#"arcane.toml: daemons.x: invalid type: string "x", expected u64 in `timeout_s`"#);
        insta::assert_snapshot!(daemons("budget_usd = 0"), @"arcane.toml: daemons.x: 0 is no budget: it is a number of dollars above 0 and at most 1000000; leave it out to have none in `budget_usd`");
        insta::assert_snapshot!(daemons("budget_usd = nan"), @"arcane.toml: daemons.x: NaN is no budget: it is a number of dollars above 0 and at most 1000000; leave it out to have none in `budget_usd`");
        insta::assert_snapshot!(daemons("[daemons.X]"), @"arcane.toml: daemons.x: comes twice: names do not distinguish case");
        insta::assert_snapshot!(parse("[daemons.\"a b\"]").unwrap_err(), @"arcane.toml: daemons.a b: a name consists of a-z, 0-9, '.', '_' and '-', not ' '");
        insta::assert_snapshot!(parse("daemons = 3").unwrap_err(), @"arcane.toml: daemons: expected a table for each daemon: [daemons.NAME]");
        insta::assert_snapshot!(parse("[voice]\nprogram = 3").unwrap_err(), @"arcane.toml: voice: invalid type: integer `3`, expected path string in `program`");
    }
}
