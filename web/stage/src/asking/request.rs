//! A request as the server tells of it: by name, member by member, as all its answers are read.

use arcane_shared::api::{Choice, ChoiceKind};
use serde_json::Value;

use crate::answers::{each, text};

/// Most options that are shown: servers take fewer.
const OPTIONS_MAX: usize = 32;

/// A request that is open.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Request {
    /// Its id.
    pub id: String,
    /// Who asks.
    pub daemon: String,
    /// The project that the agent works in, and its machine; empty: nothing says.
    pub place: [String; 2],
    /// The agent's session; empty: nothing says.
    pub session: String,
    /// The tool that it is about, by the agent's name; empty: none.
    pub tool: String,
    /// `permission`, `question` or `input`.
    pub why: String,
    /// What is asked, in a line.
    pub task: String,
    /// What can be answered.
    pub options: Vec<Choice>,
    /// Whether the agent hears a message with a denial.
    pub takes_message: bool,
    /// Whether the agent takes a value for each question or field.
    pub takes_answers: bool,
    /// Whether the agent waits for an answer from here.
    pub is_held: bool,
    /// The whole input; `None`: the server has it no more, or was not asked for it.
    pub input: Option<Value>,
}

impl Request {
    /// Reads one. `None`: it is none.
    #[must_use]
    pub fn read(answer: &Value) -> Option<Self> {
        let own = |member: &str| text(answer, member).to_owned();
        let is = |member: &str| answer[member].as_bool() == Some(true);
        let options = answer["options"].as_array().map_or(&[][..], Vec::as_slice);
        let request = Self {
            id: own("request_id"),
            daemon: own("daemon_name"),
            place: [own("project"), own("host")],
            session: own("session"),
            tool: own("tool"),
            why: own("why"),
            task: own("task"),
            options: options.iter().filter_map(choice).take(OPTIONS_MAX).collect(),
            takes_message: is("takes_message"),
            takes_answers: is("takes_answers"),
            is_held: is("is_held"),
            input: answer.get("input").filter(|input| !input.is_null()).cloned(),
        };
        (!request.id.is_empty()).then_some(request)
    }

    /// Whether another one may turn out to ask the very same, once its input is known.
    #[must_use]
    pub fn resembles(&self, other: &Self) -> bool {
        (&self.place[0], &self.tool, &self.task, &self.options)
            == (&other.place[0], &other.tool, &other.task, &other.options)
            && self.id != other.id
            && (self.is_held, self.takes_answers) == (other.is_held, other.takes_answers)
    }

    /// Whether another one asks the very same: project, tool, options and the whole input.
    #[must_use]
    pub fn is_alike(&self, other: &Self) -> bool {
        self.resembles(other) && self.input.is_some() && self.input == other.input
    }

    /// The option that allows, if one does so without more.
    #[must_use]
    pub fn allows(&self) -> Option<&Choice> {
        self.options.iter().find(|choice| *choice.id == *"allow")
    }

    /// The option that denies, and takes a message if one is taken.
    #[must_use]
    pub fn denies(&self) -> Option<&Choice> {
        self.options.iter().find(|choice| *choice.id == *"deny")
    }
}

/// Those of the answer of `GET /requests` that may ask the very same as another one, by their ids.
#[must_use]
pub fn resembling(answer: &Value, request: &Request, most: usize) -> Vec<String> {
    let all = answer["requests"].as_array().map_or(&[][..], Vec::as_slice);
    let others = all.iter().filter_map(Request::read).filter(|other| request.resembles(other));
    others.take(most).map(|other| other.id).collect()
}

fn choice(option: &Value) -> Option<Choice> {
    let kind = match text(option, "kind") {
        "allow" => ChoiceKind::Allow,
        "allow_always" => ChoiceKind::AllowAlways,
        "answer" => ChoiceKind::Answer,
        "deny" => ChoiceKind::Deny,
        // What it does is not known: it is not offered.
        _ => return None,
    };
    Some(Choice { id: text(option, "id").into(), label: text(option, "label").into(), kind })
}

/// What stands beside the labels of a question's options, by their places.
#[must_use]
pub fn descriptions(input: &Value) -> Vec<String> {
    let of = each(&input["questions"][0]["options"], "description");
    of.into_iter().map(|text| text.as_str().unwrap_or_default().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn request(more: &Value) -> Request {
        let mut all = json!({"request_id": "r1", "daemon_name": "claude", "project": "shop", "host": "kestrel", "tool": "Bash",
            "why": "permission", "task": "git push", "is_held": true, "takes_message": true,
            "options": [{"id": "allow", "label": "Yes", "kind": "allow"}, {"id": "x", "label": "?", "kind": "explode"},
                {"id": "deny", "label": "No", "kind": "deny"}],
            "input": {"command": "git push"}});
        all.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        Request::read(&all).unwrap()
    }

    #[test]
    fn a_request_is_read_and_what_is_not_understood_is_not_offered() {
        let one = request(&json!({}));
        let ids: Vec<_> = one.options.iter().map(|choice| &*choice.id).collect();
        assert_eq!(ids, ["allow", "deny"]);
        assert_eq!((&*one.allows().unwrap().label, &*one.denies().unwrap().label), ("Yes", "No"));
        assert_eq!(Request::read(&json!({"requests": 1})), None);
    }

    #[test]
    fn alike_are_those_whose_whole_input_is_the_same() {
        let one = request(&json!({}));
        assert!(one.is_alike(&request(&json!({"request_id": "r2", "daemon_name": "gemini"}))));
        for other in [
            json!({}),
            json!({"request_id": "r2", "input": {"command": "git push --force"}}),
            json!({"request_id": "r2", "input": null}),
            json!({"request_id": "r2", "tool": "Write"}),
            json!({"request_id": "r2", "project": "bank"}),
            json!({"request_id": "r2", "options": []}),
            json!({"request_id": "r2", "is_held": false}),
        ] {
            assert!(!one.is_alike(&request(&other)), "{other}");
        }
        let list = json!({"requests": [{"request_id": "r9"}, {"request_id": "r2", "project": "shop", "tool": "Bash", "task": "git push",
            "is_held": true, "options": [{"id": "allow", "label": "Yes", "kind": "allow"}, {"id": "deny", "label": "No", "kind": "deny"}]}]});
        assert_eq!(resembling(&list, &one, 9), ["r2"]);
        assert_eq!(resembling(&list, &one, 0), Vec::<String>::new());
    }
}
