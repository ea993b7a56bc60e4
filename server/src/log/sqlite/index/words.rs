//! A search in the language of the full-text index.

use rusqlite::{Connection, Result};

use crate::log::history::{Search, Term};

/// Most words that a beginning is replaced by. The index merges the lists of all words with a beginning before it
/// gives the first event; it goes through the lists of words that are named as far as a page needs.
const CONTINUATIONS_MAX: usize = 32;
/// Beginnings up to this length have lists of their own; see the schema.
const PREFIX_LISTS_LEN_MAX: usize = 3;
const PREFIX_LISTS_LEN_MIN: usize = 2;

/// What `MATCH` takes: all terms, with beginnings replaced by the words that begin like them.
pub(super) fn expression(index: &Connection, search: &Search) -> Result<String> {
    let terms: Result<Vec<String>> = search.terms().iter().map(|term| one(index, term)).collect();
    Ok(terms?.join(" AND "))
}

fn one(index: &Connection, term: &Term) -> Result<String> {
    let plain = format!("\"{}\"", term.text);
    if !term.prefix {
        return Ok(plain);
    }
    let beginning = format!("{plain} *");
    let Some((before, word)) = term.last_word() else { return Ok(beginning) };
    if (PREFIX_LISTS_LEN_MIN..=PREFIX_LISTS_LEN_MAX).contains(&word.len()) {
        return Ok(beginning);
    }
    Ok(match continuations(index, &word)? {
        Some(words) if words.is_empty() => plain,
        Some(words) => {
            let phrases: Vec<String> = words.iter().map(|word| format!("\"{before}{word}\"")).collect();
            format!("({})", phrases.join(" OR "))
        }
        None => beginning,
    })
}

/// The words that begin like this, if there are not too many.
fn continuations(index: &Connection, beginning: &str) -> Result<Option<Vec<String>>> {
    // Every row of the vocabulary is one place of a word, so this looks for the next word instead of reading on.
    let mut next = index
        .prepare_cached("SELECT term FROM vocabulary WHERE term >= ?1 AND term < ?2 ORDER BY term LIMIT 1")?;
    let end = format!("{beginning}\u{10ffff}");
    let mut words: Vec<String> = Vec::new();
    loop {
        // No word has a control character.
        let from = words.last().map_or_else(|| beginning.to_owned(), |last| format!("{last}\u{1}"));
        let mut rows = next.query([&from, &end])?;
        let Some(row) = rows.next()? else { return Ok(Some(words)) };
        if words.len() == CONTINUATIONS_MAX {
            return Ok(None);
        }
        words.push(row.get(0)?);
    }
}
