//! What has to stand in a file of JSON, put there and taken out again. Pure.

use serde_json::{Map, Value};

use super::super::command;
use super::super::flaw::Flaw;
use super::super::hooked::Hooked;
use super::super::marked::Marked;
use super::super::undo::{Attached, Setting, Undo};
use super::{Habits, Shape, Step, edit, keys, read, shape};

/// What has to stand in a file.
#[derive(Debug, Clone)]
pub(crate) struct Wanted {
    pub(crate) habits: Habits,
    pub(crate) shape: Shape,
    /// The names that lead to an array, and the entry that has to be in it.
    pub(crate) entries: Vec<(Vec<&'static str>, Value)>,
    /// Settings that stand or fall together.
    pub(crate) settings: Vec<(Vec<&'static str>, Value)>,
    /// What a file has at its top that is made for this.
    pub(crate) frame: Vec<(&'static str, Value)>,
    /// The file is for this alone, whoever made it.
    pub(crate) is_own_file: bool,
}

/// A text with everything in it that is wanted. What is there already stays where it is.
///
/// # Errors
/// If the text is none that its agent takes.
pub(crate) fn attach(now: Option<&str>, undo: Option<&Undo>, wanted: &Wanted) -> Result<Attached, Flaw> {
    let blank = now.is_none_or(|now| now.trim_matches(['\u{feff}', ' ', '\t', '\r', '\n']).is_empty());
    let begun = if blank { "{}\n" } else { now.unwrap_or_default() };
    let value = read(begun, wanted.habits)?;
    shape::check(begun, wanted.shape)?;
    let has_ours = !ours(&value, wanted).is_empty();
    let is_known = !blank && (has_ours || undo.is_some());
    let before = if is_known { detach(begun, undo, wanted)? } else { now.map(str::to_owned) };
    let mut marked = Marked::of(begun);
    if blank {
        for (name, value) in &wanted.frame {
            edit::add_property(&mut marked, &[], name, value)?;
        }
    }
    drop_unwanted(&mut marked, wanted)?;
    for (path, entry) in &wanted.entries {
        put(&mut marked, path, entry, wanted)?;
    }
    let (settings, foreign) = set(&mut marked, undo, wanted)?;
    let after = read(&marked.text, wanted.habits)?;
    let earlier = undo.map(|undo| undo.settings.clone()).unwrap_or_default();
    let own: Vec<Setting> = settings.iter().cloned().chain(earlier).collect();
    let strip = |value: &Value| stripped(value.clone(), wanted, &own);
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
    let mut text = now.to_owned();
    while let Some(path) = ours(&read(&text, habits)?, wanted).pop() {
        text = prune(&edit::remove(&text, &path)?, &path[..path.len() - 1], before.as_ref(), habits)?;
    }
    for Setting { path, value: set } in settings_of(&value, undo, wanted) {
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

/// The paths of all hooks that run this program.
fn ours(value: &Value, wanted: &Wanted) -> Vec<Vec<Step>> {
    let mut found = Vec::new();
    let mut tops: Vec<&str> = wanted.entries.iter().filter_map(|(path, _)| path.first().copied()).collect();
    tops.dedup();
    for top in tops {
        if let Some(value) = value.get(top) {
            find(value, &mut keys(&[top]), &mut found);
        }
    }
    found
}

fn find(value: &Value, path: &mut Vec<Step>, found: &mut Vec<Vec<Step>>) {
    match value {
        Value::Object(all) if is_ours(all) => found.push(path.clone()),
        Value::Object(all) => {
            for (name, value) in all {
                path.push(Step::Key(name.clone()));
                find(value, path, found);
                path.pop();
            }
        }
        Value::Array(all) => {
            for (n, value) in all.iter().enumerate() {
                path.push(Step::Index(n));
                find(value, path, found);
                path.pop();
            }
        }
        _ => {}
    }
}

fn is_ours(hook: &Map<String, Value>) -> bool {
    let commands = ["command", "bash"].into_iter().filter_map(|name| hook.get(name)?.as_str());
    commands.into_iter().any(command::is_ours)
}

/// Takes out hooks of events that are not wanted any more.
fn drop_unwanted(marked: &mut Marked, wanted: &Wanted) -> Result<(), Flaw> {
    loop {
        let value = read(&marked.text, wanted.habits)?;
        let is_wanted =
            |path: &Vec<Step>| wanted.entries.iter().any(|(keys_of, _)| path.starts_with(&keys(keys_of)));
        let Some(path) = ours(&value, wanted).into_iter().rev().find(|path| !is_wanted(path)) else {
            return Ok(());
        };
        let text = edit::remove(&marked.text, &path)?;
        *marked = Marked::of(prune(&text, &path[..path.len() - 1], None, wanted.habits)?);
    }
}

/// Sees to it that an entry is in its array: as it is, in the place of an older one, or behind all others.
fn put(marked: &mut Marked, path: &[&'static str], entry: &Value, wanted: &Wanted) -> Result<(), Flaw> {
    let value = read(&marked.text, wanted.habits)?;
    let hook = entry.get("hooks").and_then(|hooks| hooks.get(0)).unwrap_or(entry);
    let mut found = ours(&value, wanted).into_iter().filter(|ours| ours.starts_with(&keys(path)));
    if let Some(first) = found.next() {
        if at(&value, &first) != Some(hook) {
            *marked = Marked::of(edit::replace(&marked.text, &first, hook)?);
        }
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
    let foreign: Vec<String> = foreign.map(|(path, _)| path.join(".")).collect();
    // A setting within what is no object has no place, either.
    let has_place = wanted
        .settings
        .iter()
        .all(|(path, _)| (1..path.len()).all(|n| at(&now, &keys(&path[..n])).is_none_or(Value::is_object)));
    if !foreign.is_empty() || !has_place {
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

/// The settings that were put there. If that was not noted, those that are as they would be put there now.
fn settings_of(now: &Value, undo: Option<&Undo>, wanted: &Wanted) -> Vec<Setting> {
    if let Some(undo) = undo {
        return undo.settings.clone();
    }
    if !wanted.settings.iter().all(|(path, value)| at(now, &keys(path)) == Some(value)) {
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

fn at<'v>(value: &'v Value, path: &[Step]) -> Option<&'v Value> {
    path.iter().try_fold(value, |value, step| match step {
        Step::Key(name) => value.get(name),
        Step::Index(n) => value.get(n),
    })
}

/// Whether nothing is left but what a file has that is made for this.
fn is_frame(value: &Value, wanted: &Wanted) -> bool {
    let is_framed =
        |name: &str, value: &Value| wanted.frame.iter().any(|(framed, own)| *framed == name && own == value);
    value.as_object().is_some_and(|all| all.iter().all(|(name, value)| is_framed(name, value)))
}

/// A value without anything of ours and without what is empty: what both texts have to agree on.
fn stripped(mut value: Value, wanted: &Wanted, settings: &[Setting]) -> Value {
    for Setting { path, .. } in settings {
        if let Some((last, above)) = path.split_last() {
            let parent = above.iter().try_fold(&mut value, |value, name| value.get_mut(name));
            if let Some(parent) = parent.and_then(Value::as_object_mut) {
                parent.shift_remove(last);
            }
        }
    }
    let mut tops: Vec<&str> = wanted.entries.iter().filter_map(|(path, _)| path.first().copied()).collect();
    tops.dedup();
    for top in tops {
        if let Some(value) = value.get_mut(top) {
            strip(value);
        }
    }
    without_empty(&mut value);
    value
}

fn strip(value: &mut Value) {
    match value {
        Value::Array(all) => {
            all.retain(|value| !value.as_object().is_some_and(is_ours));
            all.iter_mut().for_each(strip);
            all.retain(|value| {
                !value.as_object().is_some_and(|group| {
                    group.get("hooks").is_some_and(|hooks| hooks == &Value::Array(Vec::new()))
                })
            });
        }
        Value::Object(all) => all.values_mut().for_each(strip),
        _ => {}
    }
}

fn without_empty(value: &mut Value) {
    if let Value::Object(all) = value {
        all.values_mut().for_each(without_empty);
        all.retain(|_, value| {
            !matches!(value, Value::Object(all) if all.is_empty())
                && !matches!(value, Value::Array(all) if all.is_empty())
        });
    }
}

/// The hooks of a file that run this program.
pub(crate) fn hooked(value: &Value, wanted: &Wanted) -> Vec<Hooked> {
    let hooked = |path: &Vec<Step>| {
        let event = path.iter().rev().find_map(|step| match step {
            Step::Key(name) if name != "hooks" => Some(name.clone()),
            _ => None,
        })?;
        let mut places =
            path.iter().filter_map(|step| if let Step::Index(n) = step { Some(*n) } else { None });
        let place = (places.next().unwrap_or(0), places.next().unwrap_or(0));
        let hook = at(value, path)?;
        let line = hook.get("command").or_else(|| hook.get("bash"))?.as_str()?.to_owned();
        Some(Hooked { event, place, line })
    };
    ours(value, wanted).iter().filter_map(hooked).collect()
}
