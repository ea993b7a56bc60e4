//! What has to stand in a file of JSON, put there and taken out again. Pure.

use serde_json::{Map, Value};

use super::super::flaw::Flaw;
use super::super::marked::Marked;
use super::super::undo::{Attached, Setting, Undo};
use super::own::{Own, hook_of};
use super::{Habits, Step, Wanted, at, edit, keys, read, shape};

/// A text with everything in it that is wanted. What is there already stays where it is.
///
/// # Errors
/// If the text is none that its agent takes.
pub(crate) fn attach(now: Option<&str>, undo: Option<&Undo>, wanted: &Wanted) -> Result<Attached, Flaw> {
    let blank = now.is_none_or(|now| now.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty());
    let begun = if blank { "{}\n" } else { now.unwrap_or_default() };
    let value = read(begun, wanted.habits)?;
    shape::check(begun, wanted.shape)?;
    let own = Own::of(wanted, undo);
    let has_ours = !own.paths(&value).is_empty();
    let is_known = !blank && (has_ours || undo.is_some());
    let before = if is_known { detach(begun, undo, wanted)? } else { now.map(str::to_owned) };
    let mut marked = Marked::of(begun);
    if blank {
        for (name, value) in &wanted.frame {
            edit::add_property(&mut marked, &[], name, value)?;
        }
    }
    drop_unwanted(&mut marked, &own)?;
    for (path, entry) in &wanted.entries {
        put(&mut marked, path, entry, &own)?;
    }
    let (settings, foreign) = set(&mut marked, undo, wanted)?;
    let after = read(&marked.text, wanted.habits)?;
    let earlier = undo.map(|undo| undo.settings.clone()).unwrap_or_default();
    let all: Vec<Setting> = settings.iter().cloned().chain(earlier).collect();
    let strip = |value: &Value| own.stripped(value.clone(), &all);
    if !blank && strip(&after) != strip(&value) {
        return Err(Flaw::at(
            begun,
            0,
            "its hooks cannot be added without changing others'; please report this file",
        ));
    }
    if blank {
        marked.inserted.clear();
    } else if is_known {
        marked = Marked::between(before.as_deref().unwrap_or_default(), marked.text);
    }
    let undo = Undo { before, after: marked, settings };
    Ok(Attached { undo, foreign_settings: foreign })
}

/// A text without anything that was put there; `None`: the file goes. What else was changed since stays.
///
/// # Errors
/// If the text is none that its agent takes.
pub(crate) fn detach(now: &str, undo: Option<&Undo>, wanted: &Wanted) -> Result<Option<String>, Flaw> {
    if let Some(undo) = undo
        && undo.after.text == now
    {
        return Ok(undo.before.clone());
    }
    let habits = wanted.habits;
    let value = read(now, habits)?;
    let before = undo.and_then(|undo| undo.before.as_deref()).and_then(|before| read(before, habits).ok());
    let own = Own::of(wanted, undo);
    let has_own = !own.paths(&value).is_empty();
    let mut text = now.to_owned();
    while let Some(path) = own.paths(&read(&text, habits)?).pop() {
        text = prune(&edit::remove(&text, &path)?, &path[..path.len() - 1], before.as_ref(), habits)?;
    }
    for Setting { path, value: set } in settings_of(&value, undo, wanted, has_own) {
        let path: Vec<Step> = path.into_iter().map(Step::Key).collect();
        if at(&value, &path) == Some(&set) {
            text = prune(&edit::remove(&text, &path)?, &path[..path.len() - 1], before.as_ref(), habits)?;
        }
    }
    let rest = read(&text, habits)?;
    if is_frame(&rest, wanted) {
        match undo {
            Some(undo) if before.as_ref().is_none_or(|before| *before == rest) => {
                return Ok(undo.before.clone());
            }
            None if wanted.is_own_file => return Ok(None),
            _ => {}
        }
    }
    // The same, with blanks and comments as they were.
    let precise = undo.and_then(|undo| undo.after.undone(now));
    let precise = precise.filter(|text| read(text, habits).is_ok_and(|value| value == rest));
    Ok(Some(precise.unwrap_or(text)))
}

/// Takes out hooks of events that are not wanted any more.
fn drop_unwanted(marked: &mut Marked, own: &Own<'_>) -> Result<(), Flaw> {
    let wanted = own.wanted;
    loop {
        let value = read(&marked.text, wanted.habits)?;
        let is_wanted =
            |path: &Vec<Step>| wanted.entries.iter().any(|(keys_of, _)| path.starts_with(&keys(keys_of)));
        let Some(path) = own.paths(&value).into_iter().rev().find(|path| !is_wanted(path)) else {
            return Ok(());
        };
        let text = edit::remove(&marked.text, &path)?;
        *marked = Marked::of(prune(&text, &path[..path.len() - 1], None, wanted.habits)?);
    }
}

/// Sees to it that an entry is in its array: as it is, in the place of an older one, or behind all others.
fn put(marked: &mut Marked, path: &[&'static str], entry: &Value, own: &Own<'_>) -> Result<(), Flaw> {
    let wanted = own.wanted;
    let value = read(&marked.text, wanted.habits)?;
    let hook = hook_of(entry);
    let mut found = own.paths(&value).into_iter().filter(|ours| ours.starts_with(&keys(path)));
    if let Some(first) = found.next() {
        if at(&value, &first) != Some(hook) {
            *marked = Marked::of(edit::replace(&marked.text, &first, hook)?);
        }
        return Ok(());
    }
    // Another one wrote the very same line: it would run twice.
    if own.runs_already(&value, path, hook) {
        return Ok(());
    }
    for (n, name) in path.iter().enumerate() {
        let above = keys(&path[..n]);
        let value = read(&marked.text, wanted.habits)?;
        if at(&value, &above).is_some_and(|value| value.get(name).is_none()) {
            let empty =
                if n + 1 == path.len() { Value::Array(Vec::new()) } else { Value::Object(Map::new()) };
            edit::add_property(marked, &above, name, &empty)?;
        }
    }
    edit::append(marked, &keys(path), entry)
}

/// Sets what is not set; says what was, and which settings are others'. Where some are others', all stay as they are.
fn set(
    marked: &mut Marked,
    undo: Option<&Undo>,
    wanted: &Wanted,
) -> Result<(Vec<Setting>, Vec<String>), Flaw> {
    let habits = wanted.habits;
    // Those of earlier go first: they may have been set to something else.
    for Setting { path, value } in undo.map(|undo| undo.settings.clone()).unwrap_or_default() {
        let path: Vec<Step> = path.into_iter().map(Step::Key).collect();
        let now = read(&marked.text, habits)?;
        let still_wanted =
            wanted.settings.iter().any(|(keys_of, wanted)| keys(keys_of) == path && *wanted == value);
        if at(&now, &path) == Some(&value) && !still_wanted {
            let text = prune(&edit::remove(&marked.text, &path)?, &path[..path.len() - 1], None, habits)?;
            *marked = Marked::of(text);
        }
    }
    let now = read(&marked.text, habits)?;
    let was_ours = |path: &[&str]| {
        undo.is_some_and(|undo| {
            undo.settings
                .iter()
                .any(|setting| setting.path.iter().map(String::as_str).eq(path.iter().copied()))
        })
    };
    let is_others = |path: &[&str]| at(&now, &keys(path)).is_some() && !was_ours(path);
    let is_all_there = wanted.settings.iter().all(|(path, value)| at(&now, &keys(path)) == Some(value));
    let foreign = wanted.settings.iter().filter(|(path, _)| !is_all_there && is_others(path));
    let mut foreign: Vec<String> = foreign.map(|(path, _)| path.join(".")).collect();
    // A setting within what is no object has no place, either.
    let is_no_object = |path: &[&str]| at(&now, &keys(path)).is_some_and(|value| !value.is_object());
    let above = wanted.settings.iter().flat_map(|(path, _)| (1..path.len()).map(|n| &path[..n]));
    let mut in_the_way: Vec<String> =
        above.filter(|path| is_no_object(path)).map(|path| path.join(".")).collect();
    in_the_way.dedup();
    foreign.extend(in_the_way);
    if !foreign.is_empty() {
        return Ok((Vec::new(), foreign));
    }
    let mut settings = Vec::new();
    for (path, value) in &wanted.settings {
        let own =
            Setting { path: path.iter().map(|name| (*name).to_owned()).collect(), value: value.clone() };
        if at(&now, &keys(path)).is_some() {
            if was_ours(path) {
                settings.push(own);
            }
            continue;
        }
        for (n, name) in path.iter().enumerate() {
            let above = keys(&path[..n]);
            let now = read(&marked.text, habits)?;
            if at(&now, &above).is_some_and(|now| now.get(name).is_none()) {
                let empty = Value::Object(Map::new());
                let value = if n + 1 == path.len() { value } else { &empty };
                edit::add_property(marked, &above, name, value)?;
            }
        }
        settings.push(own);
    }
    Ok((settings, foreign))
}

/// The settings that were put there. If that was not noted, those that are as they would be put there now, beside hooks that were.
fn settings_of(now: &Value, undo: Option<&Undo>, wanted: &Wanted, has_own: bool) -> Vec<Setting> {
    if let Some(undo) = undo {
        return undo.settings.clone();
    }
    if !has_own || !wanted.settings.iter().all(|(path, value)| at(now, &keys(path)) == Some(value)) {
        return Vec::new();
    }
    let own = |(path, value): &(Vec<&'static str>, Value)| Setting {
        path: path.iter().map(|name| (*name).to_owned()).collect(),
        value: value.clone(),
    };
    wanted.settings.iter().map(own).collect()
}

/// Takes out what is empty now, from a path upwards, unless it was there before.
fn prune(text: &str, path: &[Step], before: Option<&Value>, habits: Habits) -> Result<String, Flaw> {
    let (mut text, mut path) = (text.to_owned(), path.to_vec());
    while !path.is_empty() {
        let value = read(&text, habits)?;
        let Some(now) = at(&value, &path) else { break };
        let is_empty = match now {
            Value::Array(all) => all.is_empty(),
            // A group of hooks that has none matches nothing.
            Value::Object(all) => all.keys().all(|name| name == "matcher"),
            _ => false,
        };
        let was_there = path.iter().all(|step| matches!(step, Step::Key(_)))
            && before.is_some_and(|before| at(before, &path).is_some());
        if !is_empty || was_there {
            break;
        }
        text = edit::remove(&text, &path)?;
        path.pop();
    }
    Ok(text)
}

/// Whether nothing is left but what a file has that is made for this.
fn is_frame(value: &Value, wanted: &Wanted) -> bool {
    let is_framed =
        |name: &str, value: &Value| wanted.frame.iter().any(|(framed, own)| *framed == name && own == value);
    value.as_object().is_some_and(|all| all.iter().all(|(name, value)| is_framed(name, value)))
}
