//! Settings in TOML: a few keys of one table, put there and taken out again without touching the rest. Pure.

use serde_json::Value;
use toml_edit::{Document, DocumentMut, Item};

use super::flaw::Flaw;
use super::marked::Marked;
use super::undo::{Attached, Setting, Undo};

/// What has to stand in a file: all of it or, if anything is set otherwise already, nothing.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    /// A table of the file.
    pub(crate) table: &'static str,
    /// Its keys, and their values as TOML writes them.
    pub(crate) settings: Vec<(&'static str, String)>,
}

/// A text with everything in it that is wanted.
///
/// # Errors
/// If the text is no TOML.
pub(crate) fn attach(now: Option<&str>, undo: Option<&Undo>, wanted: &Wanted) -> Result<Attached, Flaw> {
    let text = now.unwrap_or_default();
    let value = read(text)?;
    let settings: Vec<Setting> = wanted.settings.iter().map(|one| setting(wanted, one)).collect();
    let is_there = |setting: &Setting| at(&value, setting) == Some(&setting.value);
    let was_ours = undo.is_some_and(|undo| undo.settings == settings);
    if settings.iter().all(is_there) {
        let before = if was_ours { detach(text, undo, wanted)? } else { now.map(str::to_owned) };
        let after = Marked::between(before.as_deref().unwrap_or_default(), text.to_owned());
        let settings = if was_ours { settings } else { Vec::new() };
        return Ok(Attached { undo: Undo { before, after, settings }, foreign_settings: Vec::new() });
    }
    let before = if undo.is_some() { detach(text, undo, wanted)? } else { now.map(str::to_owned) };
    let mut marked = Marked::of(before.clone().unwrap_or_default());
    let value = read(&marked.text)?;
    let foreign = settings.iter().filter(|setting| at(&value, setting).is_some());
    let mut foreign: Vec<String> = foreign.map(|setting| setting.path.join(".")).collect();
    let place = place(&marked.text, wanted.table)?;
    if place == Place::Elsewhere && foreign.is_empty() {
        foreign.push(wanted.table.to_owned());
    }
    if !foreign.is_empty() {
        let undo = Undo { before, after: marked, settings: Vec::new() };
        return Ok(Attached { undo, foreign_settings: foreign });
    }
    let newline = if marked.text.contains("\r\n") { "\r\n" } else { "\n" };
    let lines: String =
        wanted.settings.iter().map(|(key, value)| format!("{key} = {value}{newline}")).collect();
    match place {
        Place::Below(header) => {
            let rest = &marked.text[header..];
            let line_end = rest.find('\n').map(|at| header + at + 1);
            match line_end {
                Some(at) => marked.insert(at, &lines),
                None => marked
                    .insert(marked.text.len(), &format!("{newline}{}", lines.trim_end_matches(['\r', '\n']))),
            }
        }
        _ => {
            let gap = match &*marked.text {
                "" => String::new(),
                text if text.ends_with('\n') => newline.to_owned(),
                _ => newline.repeat(2),
            };
            marked.insert(marked.text.len(), &format!("{gap}[{}]{newline}{lines}", wanted.table));
        }
    }
    let after = read(&marked.text)?;
    if !settings.iter().all(|setting| at(&after, setting) == Some(&setting.value)) {
        return Err(Flaw::at(
            text,
            0,
            format!("the table {} cannot be added to; please report this file", wanted.table),
        ));
    }
    Ok(Attached { undo: Undo { before, after: marked, settings }, foreign_settings: Vec::new() })
}

/// A text without what was put there; `None`: the file goes. What else was changed since stays.
///
/// # Errors
/// If the text is no TOML.
pub(crate) fn detach(now: &str, undo: Option<&Undo>, wanted: &Wanted) -> Result<Option<String>, Flaw> {
    if let Some(undo) = undo
        && undo.after.text == now
    {
        return Ok(undo.before.clone());
    }
    let value = read(now)?;
    // Only the note knows that settings were put there: a user may have set the very same.
    let Some(undo) = undo else { return Ok(Some(now.to_owned())) };
    let settings = &undo.settings;
    let before = undo.before.as_deref();
    let had_table =
        before.and_then(|before| read(before).ok()).is_some_and(|value| value.get(wanted.table).is_some());
    let mut document: DocumentMut = now.parse().map_err(|error| flaw(now, &error))?;
    for setting in settings.iter().filter(|setting| at(&value, setting) == Some(&setting.value)) {
        if let (Some(table), Some(key)) =
            (document.get_mut(wanted.table).and_then(Item::as_table_like_mut), setting.path.last())
        {
            table.remove(key);
        }
    }
    if !settings.is_empty()
        && !had_table
        && document
            .get(wanted.table)
            .and_then(Item::as_table_like)
            .is_some_and(toml_edit::TableLike::is_empty)
    {
        document.remove(wanted.table);
    }
    let rest = document.to_string();
    if undo.before.as_deref().is_none_or(|before| before.trim().is_empty()) && rest.trim().is_empty() {
        return Ok(undo.before.clone());
    }
    let value = read(&rest)?;
    let precise = undo.after.undone(now);
    Ok(Some(precise.filter(|text| read(text).is_ok_and(|precise| precise == value)).unwrap_or(rest)))
}

/// Where keys of a table can be added.
#[derive(Debug, PartialEq, Eq)]
enum Place {
    /// The table is not there.
    AtTheEnd,
    /// Below its header, which ends at this byte.
    Below(usize),
    /// The table is there without a header of its own.
    Elsewhere,
}

fn place(text: &str, table: &str) -> Result<Place, Flaw> {
    let document = Document::parse(text).map_err(|error| flaw(text, &error))?;
    Ok(match document.get(table) {
        None => Place::AtTheEnd,
        Some(Item::Table(table)) if !table.is_implicit() && !table.is_dotted() => {
            let open = table.span().map_or(0, |span| span.start);
            text[open..].find(']').map_or(Place::Elsewhere, |at| Place::Below(open + at + 1))
        }
        Some(_) => Place::Elsewhere,
    })
}

/// The values of a text.
///
/// # Errors
/// If it is no TOML.
pub(crate) fn read(text: &str) -> Result<Value, Flaw> {
    let document = Document::parse(text).map_err(|error| flaw(text, &error))?;
    let table: toml::Table = toml::from_str(text)
        .map_err(|error| Flaw::at(text, error.span().map_or(0, |span| span.start), error.message()))?;
    drop(document);
    Ok(serde_json::to_value(table).unwrap_or_default())
}

fn flaw(text: &str, error: &toml_edit::TomlError) -> Flaw {
    Flaw::at(text, error.span().map_or(0, |span| span.start), error.message())
}

fn setting(wanted: &Wanted, (key, value): &(&'static str, String)) -> Setting {
    let table: toml::Table = toml::from_str(&format!("x = {value}")).unwrap_or_default();
    let value = table.get("x").and_then(|value| serde_json::to_value(value).ok()).unwrap_or_default();
    Setting { path: vec![wanted.table.to_owned(), (*key).to_owned()], value }
}

fn at<'v>(value: &'v Value, setting: &Setting) -> Option<&'v Value> {
    setting.path.iter().try_fold(value, |value, name| value.get(name))
}
