//! What would have been understood instead.

use strsim::{jaro_winkler, osa_distance};

use super::examples::EXAMPLES;
use super::grammar;
use super::miss::Miss;
use super::names::{self, KNOWN, Trust};
use super::words::{self, Word};

const SUGGESTIONS_MAX: usize = 3;
/// Longer inputs are not corrected word by word.
const CORRECTED_LEN_MAX: usize = 200;

/// The words that begin a spell, and the shortest spell that each begins (`X` stands for the daemon).
const VERBS: [(&str, &str); 18] = [
    ("summon", "summon X"),
    ("invoke", "invoke X to explain what it can do"),
    ("banish", "banish X"),
    ("ask", "ask X to explain what it can do"),
    ("tell", "tell X to explain what it can do"),
    ("command", "command X: explain what you can do"),
    ("call", "call forth X"),
    ("materialize", "materialize X"),
    ("awaken", "awaken X"),
    ("bring", "bring X to life"),
    ("dismiss", "dismiss X"),
    ("send", "send X back"),
    ("release", "release X"),
    ("status", "status of X"),
    ("check", "check on X"),
    ("show", "show all daemons"),
    ("list", "list active daemons"),
    ("daemons", "which daemons are active"),
];

/// One to three spells that parse, the likeliest first.
pub(super) fn suggestions(input: &str, miss: &Miss) -> Vec<String> {
    let words = words::split(input);
    let mut daemons = mentioned(&words);
    let candidates = if *miss == Miss::Negated {
        // What was forbidden is not offered.
        let daemon = daemons.first().map_or("claude", String::as_str);
        vec![format!("status of {daemon}"), "list active daemons".to_owned()]
    } else {
        if daemons.is_empty() {
            daemons.push("claude".to_owned());
        }
        let verbs =
            words.iter().take(12).filter_map(|word| closest(word.text, VERBS.iter().map(|(verb, _)| *verb)));
        let forms: Vec<&str> =
            verbs.filter_map(|verb| VERBS.iter().find(|(v, _)| *v == verb)).map(|(_, form)| *form).collect();
        let filled = forms.iter().flat_map(|form| daemons.iter().map(|daemon| form.replacen('X', daemon, 1)));
        corrected(input, &words).into_iter().chain(filled).chain(nearest_examples(input)).collect()
    };
    let mut chosen: Vec<String> = Vec::new();
    for candidate in candidates {
        if chosen.len() < SUGGESTIONS_MAX && !chosen.contains(&candidate) && grammar::read(&candidate).is_ok()
        {
            chosen.push(candidate);
        }
    }
    chosen
}

/// The daemons that the input speaks of, also misspelt ones.
fn mentioned(words: &[Word<'_>]) -> Vec<String> {
    let mut found = Vec::new();
    for i in 0..words.len().min(40) {
        let word = words[i];
        let exact = names::known(&words[i..]).map(|(name, _)| name.to_string());
        let distinct = || names::named(word, Trust::PlainlyADaemon).ok().map(|name| name.to_string());
        let misspelt = || closest(word.text, KNOWN.iter().map(|(name, _)| *name)).map(str::to_owned);
        if let Some(name) = exact.or_else(distinct).or_else(misspelt).filter(|name| !found.contains(name)) {
            found.push(name);
        }
    }
    found
}

/// The input with misspelt verbs and names put right.
fn corrected(input: &str, words: &[Word<'_>]) -> Option<String> {
    if input.chars().count() > CORRECTED_LEN_MAX {
        return None;
    }
    let mut out = String::new();
    let mut at = 0;
    for word in words.iter().take(6) {
        let vocabulary = VERBS.iter().map(|(verb, _)| *verb).chain(KNOWN.iter().map(|(name, _)| *name));
        if let Some(right) = closest(word.text, vocabulary) {
            out.push_str(&input[at..word.start]);
            out.push_str(right);
            at = word.end();
        }
    }
    out.push_str(&input[at..]);
    (out != input).then(|| out.trim().to_owned())
}

/// The word of a vocabulary that differs by a slip of the finger: one for short words, two for long ones.
fn closest<'v>(word: &str, vocabulary: impl Iterator<Item = &'v str>) -> Option<&'v str> {
    let lower = word.to_lowercase();
    let len = lower.chars().count();
    if !(3..=20).contains(&len) {
        return None;
    }
    let allowed = if len <= 4 { 1 } else { 2 };
    vocabulary
        .map(|right| (osa_distance(&lower, right), right))
        .filter(|(distance, right)| *distance <= allowed && (right.len() > 3 || *distance == 0))
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, right)| right)
}

fn nearest_examples(input: &str) -> Vec<String> {
    let head: String = input.trim().to_lowercase().chars().take(60).collect();
    let mut all: Vec<(f64, &str)> = EXAMPLES
        .iter()
        .flat_map(|(_, spells)| spells.iter())
        .map(|spell| (jaro_winkler(&head, spell), *spell))
        .collect();
    all.sort_by(|a, b| b.0.total_cmp(&a.0));
    all.into_iter().map(|(_, spell)| spell.to_owned()).collect()
}
