//! What fuzz targets throw at parts that nothing else outside reaches, and the laws that must hold. Compiled for them alone.
#![allow(clippy::unwrap_used, reason = "a law that is broken ends the run")]

use std::sync::LazyLock;

use arcane_shared::{DaemonName, EventFilter, SpellName};
use jsonwebtoken::{EncodingKey, Header};

use crate::config::{Decision, Question, Rule, Rules, Subject, decide};
use crate::gate::Pass;
use crate::gate::keys::Keys;
use crate::gate::rights::Right;
use crate::gate::token::{AUDIENCE, verify};
use crate::ingest;
use crate::stream::LastId;

/// Unix seconds.
const NOW: u64 = 1_700_000_000;
/// Rules for JSON that comes without any.
const MAPS: &str = r#"
[[ingest.map]]
name = "ci.done"
when = { "/event" = ["finished", true, 1], "/run/status" = "ok" }
spell = "invoke"
daemon = "/run/agent"
description = "Build {/run/number} of {/repo}"
task = "{/repo}"
success = { "/run/status" = "ok" }
time = "/at"
id = "/delivery"
execution_time = "/run/seconds"
input_tokens = "/tokens"
error = "/why"
metadata = { branch = "/ref", prompt = "/said", all = "" }

[[ingest.map]]
name = "any"
spell = "reveal"
daemon = "/name"
query_type = "/kind"
time = "/time"
success = "/ok"
"#;
/// Rules for questions that come without any.
const RULES: &str = r#"
[[rules]]
name = "list"
command = "ls"
decision = "allow"

[[rules]]
name = "tests"
project = "shop"
command = "cargo test"
decision = "allow"

[[rules]]
name = "sources"
path = "src/**/*.rs"
decision = "allow"

[[rules]]
name = "data"
path = "/srv/data/**"
decision = "allow"

[[rules]]
name = "no force"
command = "git push --force"
decision = "deny"
message = "ask a person"

[[rules]]
name = "keys"
path = "**/.env*"
decision = "ask"
"#;
const SECRET: &[u8; 32] = b"a secret of thirty-two bytes: 32";

static KEYS: LazyLock<Keys> = LazyLock::new(|| {
    let k = "YSBzZWNyZXQgb2YgdGhpcnR5LXR3byBieXRlczogMzI";
    Keys::parse(&format!(r#"{{"keys":[{{"kty":"oct","alg":"HS256","k":"{k}"}}]}}"#)).unwrap()
});

/// A text that nobody signed is no token that holds.
pub fn unsigned_token(text: &str) {
    assert!(verify(text, &KEYS, AUDIENCE, NOW).is_err());
}

/// Claims of any kind under a right signature: what holds has an end, a subject, and lets nobody see more than it says.
pub fn signed_claims(claims: &serde_json::Value) {
    let token = jsonwebtoken::encode(&Header::default(), claims, &EncodingKey::from_secret(SECRET)).unwrap();
    let Ok(grant) = verify(&token, &KEYS, AUDIENCE, NOW) else { return };
    assert!(grant.expires_at.unwrap() > NOW && !grant.subject.is_empty());
    for right in Right::ALL {
        let named = claims["can"].as_array().is_some_and(|can| can.iter().any(|name| name == right.as_str()));
        assert!(named || !grant.rights.has(right), "{right:?} was not given");
    }
    let said = grant.filter.clone();
    assert!(claims.get("filter").is_none_or(|filter| filter.is_object() || filter.is_null()));
    let pass = Pass::from(std::sync::Arc::new(grant));
    for wanted in [EventFilter::default(), said.clone()] {
        let left = pass.narrow(&wanted).unwrap();
        within(&left, &said);
    }
}

/// Two filters put on each other let through what both let through, and nothing else.
pub fn filters(one: &EventFilter, other: &EventFilter) {
    let both = one.and(other);
    assert_eq!(both, other.and(one));
    for spell in SpellName::ALL {
        for name in one.daemon.iter().chain(&other.daemon).map(Some).chain([None]) {
            for success in [true, false] {
                let passes = |filter: &EventFilter| filter.passes(spell, name, success);
                let passes_both = both.as_ref().is_some_and(passes);
                assert_eq!(
                    passes_both,
                    passes(one) && passes(other),
                    "{one:?} {other:?} {spell} {name:?} {success}"
                );
            }
        }
    }
}

/// Payloads of an agent's hooks, one a line, each of them twice: what is read is told in events that anybody may publish, within bounds.
pub fn hooks(agent: &str, text: &str) {
    let payloads: Vec<serde_json::Value> =
        text.lines().take(64).filter_map(|line| serde_json::from_str(line).ok()).collect();
    let twice = payloads.iter().flat_map(|payload| [payload, payload]);
    told_in_bounds(ingest::fuzzed::told(agent, twice));
}

/// A request of telemetry, in either encoding, twice: what is read is told in events that anybody may publish, within bounds.
pub fn otlp(signal: &str, body: &[u8]) {
    told_in_bounds(ingest::fuzzed::told_by_telemetry(signal, body));
}

/// A body that is read as a `CloudEvent` in each mode: one, a batch, and what stands after headers, one a line, and a blank one.
pub fn cloudevents(body: &[u8]) {
    told_in_bounds(ingest::fuzzed::told_by_cloudevents(body));
}

/// Rules of the configuration, a line `---`, and JSON that they are for.
pub fn maps(text: &str) {
    let (rules, payload) = text.split_once("\n---\n").unwrap_or((MAPS, text));
    let Ok(mut file) = rules.parse::<toml::Table>() else { return };
    let Some(Ok(maps)) = file.remove("ingest").map(crate::config::Maps::read) else { return };
    let Ok(payload) = ingest::cloudevent::json(payload.as_bytes()) else { return };
    for address in maps.addresses() {
        for content in [false, true] {
            let keeping = ingest::kept::Keeping { content };
            let mapped = ingest::mapping::map(maps.named(address), &payload, keeping, "/0");
            let Some(Ok(mapped)) = mapped else { continue };
            assert!(mapped.id.is_none_or(|id| !id.is_empty() && id.len() <= 512));
            assert!(mapped.draft.daemon_name.is_some());
            crate::event::metadata::check(mapped.draft.spell_name, &mapped.draft.metadata).unwrap();
        }
    }
}

/// Rules that answer for a person, a line `---`, and what agents ask, one a line. What is allowed is plain, and is denied as soon as the rule that allows it denies;
/// one more rule that denies or asks allows nothing more.
pub fn rules(text: &str) {
    let (rules, questions) = text.split_once("\n---\n").unwrap_or((RULES, text));
    let Ok(mut file) = rules.parse::<toml::Table>() else { return };
    let Some(Ok(rules)) = file.remove("rules").map(Rules::read) else { return };
    let agent = DaemonName::parse("claude").unwrap();
    let turned: Vec<Rule> = rules.as_slice().iter().cloned().map(denying).collect();
    let with_denials = [rules.as_slice(), &turned].concat();
    for line in questions.split('\n').chain([questions]) {
        for (command, path) in [(Some(line), None), (None, Some(line)), (Some(line), Some(line))] {
            let question = Question {
                agent: &agent,
                project: Some("shop"),
                tool: "Bash",
                command,
                path,
                cwd: Some("/home/u/shop"),
            };
            let Some(verdict) = decide(rules.as_slice(), &question) else { continue };
            let rule = rules.as_slice().iter().find(|rule| rule.name == verdict.rule).unwrap();
            if rule.decision != Decision::Allow {
                continue;
            }
            if rule.subject != Subject::Any {
                let is_plain =
                    |byte: u8| byte.is_ascii_alphanumeric() || b"-_./:,@+= '\"#()[]{}".contains(&byte);
                assert!(
                    line.bytes().all(is_plain) && (command.is_none() || path.is_none()),
                    "{line:?} by {rule:?}"
                );
            }
            let denied = decide(&with_denials, &question).unwrap();
            assert!(matches!(denied.decision, Decision::Deny { .. }), "{line:?} by {rule:?}");
        }
    }
}

/// The same rule, which denies; a rule that asks as it is.
fn denying(mut rule: Rule) -> Rule {
    if rule.decision == Decision::Allow {
        rule.decision = Decision::Deny { message: None };
    }
    rule
}

/// Events of AG-UI, as JSON and as a stream, which come twice: what is read is told in events that anybody may publish, within bounds.
pub fn ag_ui(body: &[u8]) {
    told_in_bounds(ingest::fuzzed::told_by_ag_ui(body));
}

fn told_in_bounds(drafts: Vec<crate::intake::Draft>) {
    for draft in drafts {
        assert!(draft.daemon_name.is_some());
        crate::event::metadata::check(draft.spell_name, &draft.metadata).unwrap();
        let bytes = serde_json::to_string(&draft.metadata).unwrap().len();
        assert!(bytes < 64 * 1024, "{bytes} bytes of metadata");
    }
}

/// What a client says it received last is read, or is nothing.
pub fn last_id(text: &str) {
    assert_eq!(LastId::read(text).is_none(), text.trim().is_empty());
}

fn within(narrow: &EventFilter, wide: &EventFilter) {
    let stranger = DaemonName::parse("stranger").unwrap();
    for spell in SpellName::ALL {
        for name in narrow.daemon.iter().map(Some).chain([None, Some(&stranger)]) {
            for success in [true, false] {
                assert!(!narrow.passes(spell, name, success) || wide.passes(spell, name, success));
            }
        }
    }
}
