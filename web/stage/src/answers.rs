//! What the page takes from the server's answers. Pure.
//!
//! By name, member by member: a type for each answer would bring a decoder of all its members along, a sixtieth of the page's bytes. What is
//! missing or of another kind is nothing.

use arcane_shared::Epoch;
use arcane_shared::visible::lines;
use serde_json::Value;

/// A member that is text; empty, if there is none.
#[must_use]
pub fn text<'a>(answer: &'a Value, member: &str) -> &'a str {
    answer[member].as_str().unwrap_or_default()
}

/// The run of numbers that an answer's positions belong to.
#[must_use]
pub fn epoch(answer: &Value) -> Option<Epoch> {
    answer["epoch"].as_str().map(|epoch| Epoch(epoch.to_owned()))
}

/// The texts of a list.
#[must_use]
pub fn texts(list: &Value) -> Vec<String> {
    let values = list.as_array().map_or(&[][..], Vec::as_slice);
    values.iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// One member of each object in a list.
#[must_use]
pub fn each<'a>(list: &'a Value, member: &str) -> Vec<&'a Value> {
    list.as_array().map_or(&[][..], Vec::as_slice).iter().map(|object| &object[member]).collect()
}

/// The texts of one member of each object in a list.
#[must_use]
pub fn each_text(list: &Value, member: &str) -> Vec<String> {
    each(list, member).into_iter().filter_map(Value::as_str).map(str::to_owned).collect()
}

/// What a server said against a request.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Refusal {
    /// Why, in a sentence.
    pub sentence: String,
    /// Spells that would have been understood.
    pub suggestions: Vec<String>,
}

impl Refusal {
    /// Reads a problem (RFC 9457). `None`: it says nothing.
    #[must_use]
    pub fn read(problem: &Value) -> Option<Self> {
        let detail = text(problem, "detail");
        let sentence = if detail.is_empty() { text(problem, "title") } else { detail };
        let suggestions = texts(&problem["suggestions"]);
        (!sentence.is_empty()).then(|| Self { sentence: lines(sentence).into_owned(), suggestions })
    }
}

/// What a cast spell is told as: the event's sentence and, on lines of its own, what the daemon answered.
#[must_use]
pub fn told(answer: &Value, spell: &str) -> String {
    let message = text(answer, "message");
    let mut said = if message.is_empty() { text(answer, "status") } else { message }.to_owned();
    // A daemon without a conduit gives its task back, which is no news.
    let result = text(answer, "result");
    if !spell.contains(result.trim()) {
        said.push('\n');
        said.push_str(result.trim_end());
    }
    lines(&said).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_missing_or_of_another_kind_is_nothing() {
        for answer in [json!(null), json!([]), json!({"rooms": 1, "message": 2}), json!("x")] {
            assert_eq!(text(&answer, "message"), "");
            assert_eq!(each_text(&answer["rooms"], "room"), Vec::<String>::new());
            assert_eq!(texts(&answer["rooms"]), Vec::<String>::new());
            assert_eq!(Refusal::read(&answer), None);
            assert_eq!(told(&answer, "x"), "");
        }
        let rooms = json!([{"room": "lab"}, 7, {"room": 1}, {"room": "main", "events": 3}]);
        assert_eq!(each_text(&rooms, "room"), ["lab", "main"]);
    }

    #[test]
    fn a_problem_says_its_detail_or_else_its_title() {
        let read = |problem: Value| Refusal::read(&problem).unwrap();
        let full =
            json!({"title": "Unclear", "detail": "what is that?", "suggestions": ["summon claude", 1]});
        assert_eq!(
            read(full),
            Refusal { sentence: "what is that?".into(), suggestions: vec!["summon claude".into()] }
        );
        assert_eq!(read(json!({"title": "Unclear"})).sentence, "Unclear");
    }

    #[test]
    fn an_answer_is_told_unless_it_is_the_task() {
        let answer = json!({"status": "invoked", "message": "claude worked", "result": "three files\n"});
        assert_eq!(told(&answer, "invoke claude to count"), "claude worked\nthree files");
        let echo = json!({"message": "claude worked", "result": "count"});
        assert_eq!(told(&echo, "invoke claude to count"), "claude worked");
        assert_eq!(told(&json!({"status": "parsed"}), "x"), "parsed");
    }
}
