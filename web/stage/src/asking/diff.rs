//! What differs between two texts, line by line.

/// Most pairs of lines that are compared; beyond that all of one text goes and all of the other comes.
const PAIRS_MAX: usize = 1_000_000;

/// What becomes of a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// It stays.
    Same,
    /// It goes.
    Removed,
    /// It comes.
    Added,
}

/// The lines of both texts in order, and what becomes of each.
#[must_use]
pub fn diff<'a>(old: &'a str, new: &'a str) -> Vec<(Change, &'a str)> {
    let (old, new) = (lines(old), lines(new));
    let head = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let rest = old.len().min(new.len()) - head;
    let tail = old.iter().rev().zip(new.iter().rev()).take(rest).take_while(|(a, b)| a == b).count();
    let (from, to) = (&old[head..old.len() - tail], &new[head..new.len() - tail]);
    let mut all: Vec<_> = old[..head].iter().map(|line| (Change::Same, *line)).collect();
    if from.len().saturating_mul(to.len()) > PAIRS_MAX {
        all.extend(from.iter().map(|line| (Change::Removed, *line)));
        all.extend(to.iter().map(|line| (Change::Added, *line)));
    } else {
        between(from, to, &mut all);
    }
    all.extend(old[old.len() - tail..].iter().map(|line| (Change::Same, *line)));
    all
}

/// The lines of a text; an empty one has none.
fn lines(text: &str) -> Vec<&str> {
    if text.is_empty() { Vec::new() } else { text.split('\n').collect() }
}

/// By the longest common part.
fn between<'a>(old: &[&'a str], new: &[&'a str], all: &mut Vec<(Change, &'a str)>) {
    let wide = new.len() + 1;
    let mut common = vec![0_u32; (old.len() + 1) * wide];
    for a in (0..old.len()).rev() {
        for b in (0..new.len()).rev() {
            common[a * wide + b] = if old[a] == new[b] {
                common[(a + 1) * wide + b + 1] + 1
            } else {
                common[(a + 1) * wide + b].max(common[a * wide + b + 1])
            };
        }
    }
    let (mut a, mut b) = (0, 0);
    while a < old.len() || b < new.len() {
        if a < old.len() && b < new.len() && old[a] == new[b] {
            all.push((Change::Same, old[a]));
            (a, b) = (a + 1, b + 1);
        } else if b == new.len() || a < old.len() && common[(a + 1) * wide + b] >= common[a * wide + b + 1] {
            all.push((Change::Removed, old[a]));
            a += 1;
        } else {
            all.push((Change::Added, new[b]));
            b += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn what_stays_goes_and_comes() {
        use Change::{Added, Removed, Same};
        assert_eq!(diff("a\nb\nc", "a\nx\nc"), [(Same, "a"), (Removed, "b"), (Added, "x"), (Same, "c")]);
        assert_eq!(diff("", "a\n"), [(Added, "a"), (Added, "")]);
        assert_eq!(diff("a", ""), [(Removed, "a")]);
        assert_eq!(diff("a\nb", "b\na"), [(Removed, "a"), (Same, "b"), (Added, "a")]);
        assert_eq!(diff("a", "a"), [(Same, "a")]);
    }

    proptest! {
        #[test]
        fn both_texts_are_whole(old in "[ab\\n]{0,40}", new in "[ab\\n]{0,40}") {
            let all = diff(&old, &new);
            let side = |gone: Change| all.iter().filter(|(change, _)| *change != gone).map(|(_, line)| *line).collect::<Vec<_>>().join("\n");
            prop_assert_eq!(side(Change::Added), old.clone());
            prop_assert_eq!(side(Change::Removed), new.clone());
        }
    }
}
