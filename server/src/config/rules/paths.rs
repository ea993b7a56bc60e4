//! The two readings of a path that an agent names: strict, for rules that allow; eager, for those that deny or ask. Both are textual: no link is followed. Pure.

use super::shell::is_ignored;

/// Longest path that is read, bytes: what Linux takes. A longer one is never allowed, and always denied.
const PATH_BYTES_MAX: usize = 4096;

/// A path that is one thing only, or nothing.
#[derive(Debug, Clone, Copy)]
pub(super) struct StrictPath<'p> {
    pub path: &'p str,
    /// The project's folder.
    pub cwd: Option<&'p str>,
}

impl<'p> StrictPath<'p> {
    /// The names below the project's folder.
    pub(super) fn relative(&self) -> Option<Vec<&'p str>> {
        let names = names(self.path)?;
        if !self.path.starts_with('/') {
            return plain(names);
        }
        let folder = self.folder()?;
        names.starts_with(&folder).then(|| plain(names[folder.len()..].to_vec())).flatten()
    }

    /// The names from the root.
    pub(super) fn absolute(&self) -> Option<Vec<&'p str>> {
        let names = names(self.path)?;
        if self.path.starts_with('/') {
            return plain(names);
        }
        let mut whole = self.folder()?;
        whole.extend(names);
        plain(whole)
    }

    /// The project's folder; a whole file system is none.
    fn folder(&self) -> Option<Vec<&'p str>> {
        let folder = names(self.cwd.filter(|cwd| cwd.starts_with('/'))?)?;
        (!folder.is_empty()).then_some(folder)
    }
}

/// The names of a path, without empty ones and `.`. A `..` makes it nothing: after a link, `a/../b` is not `b`.
fn names(path: &str) -> Option<Vec<&str>> {
    if path.is_empty() || path.len() > PATH_BYTES_MAX {
        return None;
    }
    let names: Vec<&str> = path.split('/').filter(|name| !matches!(*name, "" | ".")).collect();
    (!names.contains(&"..")).then_some(names)
}

/// Names of letters that mean themselves on every system. So there is no `~` (a home, or `GIT~1` for `.git`), `\`, `:` (a drive, or a stream of a file), variable,
/// control character or hidden letter, and no dot or space at the end of a name, which Windows leaves out.
fn plain(names: Vec<&str>) -> Option<Vec<&str>> {
    let is_plain = |c: u8| c.is_ascii_alphanumeric() || b" -_./@+,=#()[]{}".contains(&c);
    let are_plain = names
        .iter()
        .all(|name| name.bytes().all(is_plain) && !name.starts_with(' ') && !name.ends_with([' ', '.']));
    are_plain.then_some(names)
}

/// Everything that a path may come to, in lower case: file systems of macOS and Windows do not distinguish case, and what is denied there by one spelling would be
/// reached by another.
#[derive(Debug)]
pub(super) struct EagerPath {
    /// Whether it begins at the root.
    pub is_absolute: bool,
    /// Names, as they stand and with `..` resolved.
    pub readings: Vec<Vec<String>>,
    /// Whether it was too long to be read: it may be any path.
    pub is_unread: bool,
}

impl EagerPath {
    pub(super) fn of(path: &str, cwd: Option<&str>) -> Self {
        if path.len() > PATH_BYTES_MAX {
            return Self { is_absolute: false, readings: Vec::new(), is_unread: true };
        }
        let clean = |text: &str| {
            let seen: String = text.chars().filter(|c| !is_ignored(*c) && !c.is_control()).collect();
            seen.trim().to_lowercase().replace('\\', "/")
        };
        let path = clean(path);
        let path = path.strip_prefix("file://").unwrap_or(&path);
        let has_root = |path: &str| path.starts_with('/') || path.as_bytes().get(1) == Some(&b':');
        let cwd = cwd.map(clean).filter(|_| !has_root(path) && !path.starts_with(['~', '$', '%']));
        let whole = cwd.map_or_else(|| path.to_owned(), |cwd| format!("{cwd}/{path}"));
        let names: Vec<String> =
            whole.split('/').map(as_kept).filter(|name| !matches!(name.as_str(), "" | ".")).collect();
        let mut resolved: Vec<String> = Vec::with_capacity(names.len());
        for name in &names {
            if name == ".." {
                resolved.pop();
            } else {
                resolved.push(name.clone());
            }
        }
        Self { is_absolute: has_root(&whole), readings: vec![names, resolved], is_unread: false }
    }
}

/// A name as Windows keeps it: without dots and spaces at its end, and without the name of a stream.
fn as_kept(name: &str) -> String {
    let is_drive = name.len() == 2 && name.ends_with(':');
    let kept = if is_drive { name } else { name.split(':').next().unwrap_or_default() };
    let kept = kept.trim_end_matches([' ', '.']);
    if kept.is_empty() { name.trim().to_owned() } else { kept.to_owned() }
}
