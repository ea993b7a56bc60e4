//! Words that are searched for in events that the page holds, as `q` of the server's history means them.

use arcane_shared::ReceivedEvent;

/// Words and `"phrases"`: each of them stands in an event's description, task or daemon.
pub(crate) struct Words {
    /// The words of each, and whether the last of them may go on.
    terms: Vec<(Vec<String>, bool)>,
}

impl Words {
    /// Reads what was typed. The last word, and each that ends in `*`, is also found as the beginning of a longer one.
    pub(crate) fn of(text: &str) -> Self {
        let mut terms: Vec<(Vec<String>, bool)> = Vec::new();
        let mut goes_on = false;
        // What stands between an odd quote and the next is a phrase.
        for (at, piece) in text.split('"').enumerate() {
            let quoted = at % 2 == 1;
            let parts = if quoted { vec![piece] } else { piece.split_whitespace().collect() };
            for part in parts {
                let words = words(part);
                if !words.is_empty() {
                    goes_on = !quoted;
                    terms.push((words, !quoted && part.ends_with('*')));
                }
            }
        }
        if let Some((_, open)) = terms.last_mut() {
            *open |= goes_on;
        }
        Self { terms }
    }

    /// Whether all of them stand in an event. No words stand in none.
    pub(crate) fn are_in(&self, event: &ReceivedEvent) -> bool {
        let daemon = event.daemon_name.as_ref().map_or("", |name| name.as_str());
        let fields = [&event.description, event.text("task").unwrap_or_default(), daemon].map(words);
        let stands = |(wanted, open): &(Vec<String>, bool)| {
            let Some((last, before)) = wanted.split_last() else { return false };
            fields.iter().any(|field| {
                field.windows(wanted.len()).any(|there| {
                    let ends = &there[before.len()];
                    there.starts_with(before) && (ends == last || *open && ends.starts_with(last.as_str()))
                })
            })
        };
        !self.terms.is_empty() && self.terms.iter().all(stands)
    }
}

/// The words of a text, without case and accents. The library's tables of all scripts would be four kilobytes of the page: beyond
/// western Europe's letters, words are found as they are written.
fn words(text: &str) -> Vec<String> {
    let folded: String = text.chars().map(fold).collect();
    folded.split_whitespace().map(Into::into).collect()
}

/// A letter or digit as it is compared, a space for what is neither.
fn fold(c: char) -> char {
    /// `À` to `ÿ`, as the server's index has them.
    const WESTERN: &[u8; 64] = b"aaaaaa\0ceeeeiiii\0nooooo \0uuuuy\0\0aaaaaa\0ceeeeiiii\0nooooo \0uuuuy\0y";
    let western = u32::from(c).checked_sub(0xC0).and_then(|at| WESTERN.get(usize::try_from(at).ok()?));
    match (c, western) {
        // Æ, Ð, Ø, Þ have no other letter in them.
        ('Æ' | 'Ð' | 'Ø' | 'Þ', _) => char::from_u32(u32::from(c) + 0x20).unwrap_or(c),
        (_, Some(0)) => c,
        (_, Some(letter)) => char::from(*letter),
        ('\u{80}'..='\u{BF}' | '\u{2000}'..='\u{2BFF}' | '\u{3000}'..='\u{303F}', _) => ' ',
        ('\u{FF00}'..='\u{FF0F}' | '\u{1F000}'..='\u{1FAFF}', _) => ' ',
        _ if c.is_ascii_alphanumeric() => c.to_ascii_lowercase(),
        _ if c.is_ascii() => ' ',
        _ => c,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message;
    use arcane_shared::Timestamp;
    use proptest::prelude::*;
    use serde_json::json;

    fn event(description: &str, task: &str) -> ReceivedEvent {
        let event = json!({"spell_name": "invoke", "daemon_name": "code-x", "success": true, "seq": 7,
            "description": description, "metadata": {"task": task, "execution_time": 1.5}});
        message::event(event, Timestamp::UNKNOWN).unwrap()
    }

    #[test]
    fn words_are_found_where_the_server_finds_them() {
        let event = event("The letter is translated.", "Pull request: review für Zürich, 漢字");
        for (words, stand) in [
            ("letter", true),
            ("LETTER zurich", true),
            ("letter zür", true),
            ("zür letter", false),
            ("zur* letter", true),
            ("\"pull request\"", true),
            ("\"request pull\"", false),
            ("\"pull req\"", false),
            ("\"pull req", false),
            ("code-x", true),
            ("code", true),
            // Two fields are no phrase.
            ("\"translated pull\"", false),
            ("漢字", true),
            // Neither names of fields nor what is in other fields.
            ("success", false),
            ("execution", false),
            ("invoke", false),
            ("", false),
            ("- !", false),
            ("letter - !", true),
        ] {
            assert_eq!(Words::of(words).are_in(&event), stand, "{words}");
        }
    }

    proptest! {
        #[test]
        fn a_beginning_of_a_task_is_in_it(task in "[a-zA-Z0-9 ÄÖÜäöüé.,-]{1,40}", len in 1_usize..40) {
            let beginning: String = task.chars().take(len).collect();
            let any = beginning.chars().any(char::is_alphanumeric);
            prop_assert_eq!(Words::of(&beginning).are_in(&event("", &task)), any);
        }
    }
}
