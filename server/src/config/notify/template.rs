//! Texts with places in them that a notification fills: `{title}`. Pure.

use super::super::near::nearest;

/// Longest template, bytes.
const BYTES_MAX: usize = 8192;

/// What stands in the place of a name in braces.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Placeholder {
    /// What it is about, in a few words.
    Title,
    /// What has happened, a line for each.
    Text,
    /// Of how many things it tells.
    Count,
    /// The room of all of them; empty: they are of several.
    Room,
    /// The daemon of all of them; empty: they are of several.
    Daemon,
    /// Where the page shows it; empty: the server was not told its address.
    Link,
    /// `waiting`, `failures` or `budget`; `several` where it tells of more than one of these.
    Kind,
}

impl Placeholder {
    const ALL: [Self; 7] =
        [Self::Title, Self::Text, Self::Count, Self::Room, Self::Daemon, Self::Link, Self::Kind];

    fn as_str(self) -> &'static str {
        match self {
            Self::Title => "title",
            Self::Text => "text",
            Self::Count => "count",
            Self::Room => "room",
            Self::Daemon => "daemon",
            Self::Link => "link",
            Self::Kind => "kind",
        }
    }
}

/// A text with places to be filled.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template(Vec<Piece>);

#[derive(Debug, Clone, PartialEq, Eq)]
enum Piece {
    Text(Box<str>),
    Place(Placeholder),
}

impl Template {
    /// Reads a template: letters in braces are a place, all else stands as it is, the braces of JSON among it.
    ///
    /// # Errors
    /// If there is no such place: which one could be meant.
    pub fn parse(text: &str) -> Result<Self, String> {
        if text.len() > BYTES_MAX {
            return Err(format!("has {} bytes; it has at most {BYTES_MAX}", text.len()));
        }
        let (mut pieces, mut done, mut at) = (Vec::new(), 0, 0);
        while let Some(open) = text[at..].find('{').map(|found| at + found) {
            at = open + 1;
            let name = &text[at..];
            let letters = name.bytes().take_while(|byte| byte.is_ascii_lowercase() || *byte == b'_').count();
            if letters == 0 || name.as_bytes().get(letters) != Some(&b'}') {
                continue;
            }
            let place = named(&name[..letters])?;
            if open > done {
                pieces.push(Piece::Text(text[done..open].into()));
            }
            pieces.push(Piece::Place(place));
            at += letters + 1;
            done = at;
        }
        if done < text.len() {
            pieces.push(Piece::Text(text[done..].into()));
        }
        Ok(Self(pieces))
    }

    /// The text with its places filled.
    #[must_use]
    pub fn fill(&self, value: impl Fn(Placeholder) -> String) -> String {
        let piece = |piece: &Piece| match piece {
            Piece::Text(text) => text.to_string(),
            Piece::Place(place) => value(*place),
        };
        self.0.iter().map(piece).collect()
    }

    /// JSON with its places filled: what stands in them is escaped, and is to stand in quotation marks.
    #[must_use]
    pub fn fill_json(&self, value: impl Fn(Placeholder) -> String) -> String {
        self.fill(|place| {
            let quoted = serde_json::Value::from(value(place)).to_string();
            quoted[1..quoted.len() - 1].to_owned()
        })
    }

    /// Checks that it is JSON whatever fills it.
    pub(super) fn check_json(&self) -> Result<(), String> {
        let filled = self.fill_json(|place| match place {
            Placeholder::Count => "2".into(),
            _ => "a \"word\"\n".into(),
        });
        match serde_json::from_str::<serde::de::IgnoredAny>(&filled) {
            Ok(_) => Ok(()),
            Err(error) => Err(format!(
                "is no JSON once it is filled ({error}): a place stands in quotation marks, \"{{title}}\"; {{count}} may stand \
                 without; other texts need content_type = \"text/plain\""
            )),
        }
    }
}

fn named(name: &str) -> Result<Placeholder, String> {
    if let Some(place) = Placeholder::ALL.into_iter().find(|place| place.as_str() == name) {
        return Ok(place);
    }
    Err(match nearest(name, Placeholder::ALL.map(Placeholder::as_str)) {
        Some(near) => format!("has {{{name}}}, which nothing fills; did you mean {{{near}}}?"),
        None => {
            let all = Placeholder::ALL.map(|place| format!("{{{}}}", place.as_str())).join(", ");
            format!("has {{{name}}}, which nothing fills; there are {all}")
        }
    })
}
