//! Which words name a daemon.

use arcane_shared::DaemonName;
use arcane_shared::name::{NAME_LEN_MAX, is_name_char};

use super::words::{Cursor, Word};

/// The daemons that everyone knows, and what else they answer to.
pub(super) const KNOWN: [(&str, &[&str]); 3] = [
    ("claude", &["logic keeper", "reasoner", "analyzer"]),
    ("gemini", &["creative", "innovator", "dreamer"]),
    ("liquidmetal", &["liquid metal", "transformer", "shapeshifter"]),
];

/// What may stand before a name.
pub(super) const ARTICLES: [&str; 5] = ["the", "a", "an", "my", "our"];

/// Words that say no.
pub(super) const NEGATIONS: [&str; 23] = [
    "not",
    "never",
    "no",
    "none",
    "nobody",
    "nothing",
    "neither",
    "nor",
    "cannot",
    "don't",
    "dont",
    "doesn't",
    "doesnt",
    "won't",
    "wont",
    "can't",
    "cant",
    "shouldn't",
    "mustn't",
    "without",
    "wouldn't",
    "didn't",
    "needn't",
];

/// Words of the language: nobody is called that.
const NOT_NAMES: [&str; 88] = [
    "your",
    "his",
    "her",
    "its",
    "their",
    "this",
    "that",
    "these",
    "those",
    "it",
    "him",
    "them",
    "me",
    "us",
    "you",
    "i",
    "we",
    "they",
    "he",
    "she",
    "myself",
    "yourself",
    "itself",
    "who",
    "whom",
    "what",
    "which",
    "someone",
    "somebody",
    "anyone",
    "anybody",
    "everyone",
    "everybody",
    "something",
    "anything",
    "everything",
    "all",
    "any",
    "some",
    "each",
    "every",
    "both",
    "either",
    "one",
    "to",
    "of",
    "on",
    "in",
    "at",
    "for",
    "with",
    "and",
    "or",
    "but",
    "if",
    "then",
    "than",
    "as",
    "by",
    "from",
    "into",
    "about",
    "up",
    "down",
    "off",
    "out",
    "over",
    "again",
    "please",
    "now",
    "here",
    "there",
    "is",
    "are",
    "was",
    "were",
    "be",
    "been",
    "do",
    "does",
    "did",
    "daemon",
    "daemons",
    "back",
    "forth",
    "status",
    "statistics",
    "stats",
];

/// How much a form says by itself that a name follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Trust {
    /// The form is about daemons only: any valid name.
    AnyName,
    /// The form is also ordinary speech ("release notes", "hello, world"): only names that cannot be meant
    /// otherwise.
    PlainlyADaemon,
}

/// A daemon in the input.
#[derive(Debug, Clone)]
pub(super) struct Target {
    /// Who.
    pub(super) name: DaemonName,
    /// First byte of the name, without its article.
    pub(super) start: usize,
    /// One past the last.
    pub(super) end: usize,
}

/// Why no daemon was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum NoTarget {
    /// The spell ends here, or a word of the language follows.
    Missing(Option<String>),
    /// The word cannot be a name.
    Invalid(String),
    /// Could be a name, could be a thing.
    Doubtful(String),
}

/// Whether a word can only be a name: of letters with a digit, `-` or `_`, but no version and no file.
fn is_distinctive(name: &str) -> bool {
    let marked = name.contains(|c: char| c.is_ascii_digit() || c == '-' || c == '_');
    let word = name.trim_end_matches(|c: char| !c.is_ascii_lowercase());
    let version = name
        .find(|c: char| c.is_ascii_digit())
        .is_some_and(|digit| matches!(&name[..digit], "v" | "rc" | "r" | "alpha" | "beta" | "version"));
    let file = name.rsplit_once('.').is_some_and(|(_, end)| end.chars().all(|c| c.is_ascii_lowercase()));
    marked && !word.is_empty() && name.starts_with(|c: char| c.is_ascii_lowercase()) && !version && !file
}

/// The known daemon that a run of words at the start of `words` names, the longest run first.
pub(super) fn known(words: &[Word<'_>]) -> Option<(DaemonName, usize)> {
    let hit = |phrase: &str| {
        let mut n = 0;
        for expected in phrase.split(' ') {
            words.get(n).filter(|word| word.is(expected))?;
            n += 1;
        }
        Some(n)
    };
    KNOWN
        .iter()
        .flat_map(|(name, aliases)| std::iter::once(*name).chain(aliases.iter().copied()).map(|p| (*name, p)))
        .filter_map(|(name, phrase)| Some((DaemonName::parse(name).ok()?, hit(phrase)?)))
        .max_by_key(|&(_, n)| n)
}

/// The daemon called exactly this word, if it can be one.
pub(super) fn named(word: Word<'_>, trust: Trust) -> Result<DaemonName, NoTarget> {
    let text = word.text.to_owned();
    if !word.text.contains(char::is_alphanumeric)
        || word.is_any(&NOT_NAMES)
        || word.is_any(&NEGATIONS)
        || word.is_any(&ARTICLES)
    {
        return Err(NoTarget::Missing(Some(text)));
    }
    let lower = word.text.to_ascii_lowercase();
    let valid = lower.len() <= NAME_LEN_MAX
        && lower.chars().all(is_name_char)
        && lower.contains(|c: char| c.is_ascii_lowercase());
    match DaemonName::parse(&lower) {
        Ok(name) if valid && (trust == Trust::AnyName || is_distinctive(&lower)) => Ok(name),
        Ok(_) if valid => Err(NoTarget::Doubtful(text)),
        _ => Err(NoTarget::Invalid(text)),
    }
}

/// Reads `[the] [daemon] NAME [daemon]`.
pub(super) fn take_target(cursor: &mut Cursor<'_>, trust: Trust) -> Result<Target, NoTarget> {
    let article = cursor.take(&ARTICLES).is_some();
    let noun_before = cursor.peek(1).is_some() && cursor.take(&["daemon"]).is_some();
    let noun_after = cursor.peek(1).is_some_and(|word| word.is("daemon"));
    let first = cursor.peek(0).ok_or(NoTarget::Missing(None))?;
    let (name, n) = match known(cursor.rest()) {
        Some(found) => found,
        // "the code" is a thing, "the code daemon" is a daemon.
        None if noun_before || noun_after => (named(first, Trust::AnyName)?, 1),
        None if article => (named(first, Trust::PlainlyADaemon)?, 1),
        None => (named(first, trust)?, 1),
    };
    let end = cursor.peek(n - 1).map_or(first.end(), |word| word.end());
    cursor.advance(n);
    cursor.take(&["daemon"]);
    Ok(Target { name, start: first.start, end })
}
