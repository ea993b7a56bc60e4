//! How long something takes, lasts or is past, in words: one form for each of these, wherever it is read.

use crate::summary::fixed;

/// What is told of a length of time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// It goes on: "0:46", "59:59", then as [`Form::Passed`].
    Runs,
    /// It is past, or rests: "52 s", "6 min", "1 h 08", "3 d". It changes seldom.
    Passed,
    /// It was measured: "310 µs", "40 ms", "2.90 s", then as [`Form::Runs`], so that a figure that ran stays what it was.
    Took,
}

/// A length of time, milliseconds; below 0 and what is no number are 0.
#[must_use]
pub fn duration(millis: f64, form: Form) -> String {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "between 0 and 1e12")]
    let seconds = (millis / 1000.0).clamp(0.0, 1e12) as u64;
    match (form, seconds) {
        (Form::Took, _) if millis < 0.95 => fixed(millis.max(0.0) * 1e3, 0) + " µs",
        (Form::Took, _) if millis < 995.0 => fixed(millis, 0) + " ms",
        (Form::Took, ..60) => fixed(millis / 1e3, 2) + " s",
        (Form::Took | Form::Runs, ..3_600) => two(seconds / 60, ":", seconds % 60),
        (_, ..60) => format!("{seconds} s"),
        (_, ..3_600) => format!("{} min", seconds / 60),
        (_, ..86_400) => two(seconds / 3_600, " h ", seconds / 60 % 60),
        _ => format!("{} d", seconds / 86_400),
    }
}

fn two(large: u64, between: &str, small: u64) -> String {
    let zero = if small < 10 { "0" } else { "" };
    format!("{large}{between}{zero}{small}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn each_form_at_its_edges() {
        let seconds =
            [0.0, 0.000_31, 0.04, 2.9, 59.0, 59.999, 60.0, 102.0, 3_599.0, 4_080.0, 86_399.0, 90_000.0, 1e6];
        let shown: Vec<_> = seconds
            .iter()
            .map(|s| [Form::Runs, Form::Passed, Form::Took].map(|form| duration(s * 1e3, form)).join(" | "))
            .collect();
        insta::assert_debug_snapshot!(shown, @r#"
        [
            "0:00 | 0 s | 0 µs",
            "0:00 | 0 s | 310 µs",
            "0:00 | 0 s | 40 ms",
            "0:02 | 2 s | 2.90 s",
            "0:59 | 59 s | 59.00 s",
            "0:59 | 59 s | 60.00 s",
            "1:00 | 1 min | 1:00",
            "1:42 | 1 min | 1:42",
            "59:59 | 59 min | 59:59",
            "1 h 08 | 1 h 08 | 1 h 08",
            "23 h 59 | 23 h 59 | 23 h 59",
            "1 d | 1 d | 1 d",
            "11 d | 11 d | 11 d",
        ]
        "#);
    }

    proptest! {
        #[test]
        fn every_number_is_a_short_length(millis: f64) {
            for form in [Form::Runs, Form::Passed, Form::Took] {
                let text = duration(millis, form);
                prop_assert!((3..=12).contains(&text.chars().count()), "{text}");
            }
        }
    }
}
