//! What an agent wants to know: its questions, or the fields of a form; and what was said, as it takes it.

use serde_json::{Map, Value};

use crate::answers::text;

/// Most fields that are shown: servers take no more.
const FIELDS_MAX: usize = 64;
/// Most choices of a field that are shown.
const CHOICES_MAX: usize = 64;

/// What a value can be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A text.
    Text,
    /// A number.
    Number,
    /// Yes or no.
    Truth,
    /// One of the choices.
    One,
    /// Any of the choices.
    Several,
}

/// One question or field.
#[derive(Debug, Clone, PartialEq)]
pub struct Field {
    /// What its value is sent as.
    pub name: String,
    /// What is asked.
    pub title: String,
    /// What is said of it; may be empty.
    pub about: String,
    /// What its value can be.
    pub kind: Kind,
    /// What can be chosen: the value, what it is called, and what is said of it.
    pub choices: Vec<[String; 3]>,
    /// Whether a text may stand in the place of a choice.
    pub takes_text: bool,
    /// Whether nothing is accepted without it.
    pub is_required: bool,
    /// What it is if nothing is said.
    pub default: String,
}

/// What was said to one field: the choices by their places, and a text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Said {
    /// Which choices; of [`Kind::Truth`] whether there is any.
    pub chosen: Vec<usize>,
    /// What was written.
    pub text: String,
}

/// The questions or fields of an input; none, if it has none.
#[must_use]
pub fn fields(input: &Value) -> Vec<Field> {
    if let Some(questions) = input["questions"].as_array() {
        return questions.iter().take(FIELDS_MAX).map(question).collect();
    }
    let schema = &input["requested_schema"];
    let required = crate::answers::texts(&schema["required"]);
    let properties = schema["properties"].as_object();
    let of = |(name, of): (&String, &Value)| property(name, of, required.contains(name));
    properties.into_iter().flatten().take(FIELDS_MAX).map(of).collect()
}

fn question(of: &Value) -> Field {
    let list = of["options"].as_array().map_or(&[][..], Vec::as_slice);
    let choice = |option: &Value| {
        let label = text(option, "label").to_owned();
        [label.clone(), label, text(option, "description").to_owned()]
    };
    let choices: Vec<_> = list.iter().take(CHOICES_MAX).map(choice).collect();
    let is_several = of["multiSelect"].as_bool() == Some(true);
    Field {
        name: text(of, "question").into(),
        title: text(of, "question").into(),
        about: text(of, "header").into(),
        kind: match () {
            () if choices.is_empty() => Kind::Text,
            () if is_several => Kind::Several,
            () => Kind::One,
        },
        choices,
        takes_text: true,
        is_required: true,
        default: String::new(),
    }
}

fn property(name: &str, of: &Value, is_required: bool) -> Field {
    let several = text(of, "type") == "array";
    let from = if several { &of["items"] } else { of };
    let plain = |value: &Value| value.as_str().map(str::to_owned);
    let values = from["enum"].as_array().map_or(&[][..], Vec::as_slice);
    let names = &from["enumNames"];
    let mut choices: Vec<[String; 3]> = (values.iter().enumerate())
        .filter_map(|(n, value)| Some((n, plain(value)?)))
        .map(|(n, value)| [value.clone(), names[n].as_str().unwrap_or(&value).to_owned(), String::new()])
        .collect();
    for titled in ["oneOf", "anyOf"].iter().filter_map(|list| from[*list].as_array()).flatten() {
        if let Some(value) = plain(&titled["const"]) {
            let name = if text(titled, "title").is_empty() { &value } else { text(titled, "title") };
            choices.push([value.clone(), name.to_owned(), String::new()]);
        }
    }
    choices.truncate(CHOICES_MAX);
    let kind = match text(of, "type") {
        "boolean" => Kind::Truth,
        "number" | "integer" => Kind::Number,
        _ if choices.is_empty() => Kind::Text,
        "array" => Kind::Several,
        _ => Kind::One,
    };
    let default = match &of["default"] {
        Value::String(text) => text.clone(),
        Value::Number(_) | Value::Bool(_) => of["default"].to_string(),
        _ => String::new(),
    };
    let title = if text(of, "title").is_empty() { name } else { text(of, "title") };
    Field {
        name: name.into(),
        title: title.into(),
        about: text(of, "description").into(),
        kind,
        choices,
        takes_text: false,
        is_required,
        default,
    }
}

/// What was said, as it is sent.
///
/// # Errors
/// Which field is still to be filled in, or how.
pub fn answers(fields: &[Field], said: &[Said]) -> Result<Map<String, Value>, String> {
    let mut all = Map::new();
    for (field, said) in fields.iter().zip(said) {
        match value(field, said)? {
            Some(value) => drop(all.insert(field.name.clone(), value)),
            None if field.is_required => {
                return Err(["“", &crate::summary::shorten(&field.title, 60), "” wants an answer."].concat());
            }
            None => {}
        }
    }
    Ok(all)
}

fn value(field: &Field, said: &Said) -> Result<Option<Value>, String> {
    let written = Some(said.text.trim()).filter(|text| !text.is_empty());
    let mut chosen: Vec<&str> =
        said.chosen.iter().filter_map(|at| Some(field.choices.get(*at)?[0].as_str())).collect();
    Ok(match field.kind {
        Kind::Text => written.map(Value::from),
        Kind::Number => {
            let number = |text: &str| text.parse::<i64>().map(Value::from).ok();
            let number = |text: &str| number(text).or_else(|| text.parse::<f64>().ok().map(Value::from));
            let wrong = || ["“", &crate::summary::shorten(&field.title, 60), "” wants a number."].concat();
            written.map(|text| number(text).filter(Value::is_number).ok_or_else(wrong)).transpose()?
        }
        Kind::Truth => Some(Value::from(!said.chosen.is_empty())),
        Kind::One => written.or(chosen.first().copied()).map(Value::from),
        Kind::Several => {
            chosen.extend(written);
            (!chosen.is_empty()).then(|| Value::from(chosen))
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn said(chosen: &[usize], text: &str) -> Said {
        Said { chosen: chosen.to_vec(), text: text.into() }
    }

    #[test]
    fn questions_are_answered_by_choices_or_in_own_words() {
        let fields = fields(&json!({"questions": [
            {"question": "Which colour?", "header": "Colour", "options": [{"label": "Red", "description": "warm"}, {"label": "Blue"}]},
            {"question": "Which sizes?", "multiSelect": true, "options": [{"label": "S"}, {"label": "L"}]},
            {"question": "Why?", "options": []},
        ]}));
        assert_eq!(
            fields.iter().map(|field| field.kind).collect::<Vec<_>>(),
            [Kind::One, Kind::Several, Kind::Text]
        );
        assert_eq!(fields[0].choices[0], ["Red".to_owned(), "Red".into(), "warm".into()]);
        let all = answers(&fields, &[said(&[1], ""), said(&[0, 1], "XL"), said(&[], "so")]).unwrap();
        assert_eq!(
            Value::from(all),
            json!({"Which colour?": "Blue", "Which sizes?": ["S", "L", "XL"], "Why?": "so"})
        );
        let own = answers(&fields[..1], &[said(&[1], " green ")]).unwrap();
        assert_eq!(Value::from(own), json!({"Which colour?": "green"}));
        assert_eq!(
            answers(&fields, &[said(&[1], ""), said(&[], " "), said(&[], "")]),
            Err("“Which sizes?” wants an answer.".into())
        );
    }

    #[test]
    fn a_form_has_fields_of_the_kinds_of_its_schema() {
        let fields = fields(&json!({"requested_schema": {"required": ["name"], "properties": {
            "name": {"type": "string", "title": "Your name", "description": "in full", "default": "ada"},
            "count": {"type": "integer"}, "ratio": {"type": "number"}, "sure": {"type": "boolean"},
            "colour": {"type": "string", "enum": ["r", "b"], "enumNames": ["Red", "Blue"]},
            "tags": {"type": "array", "items": {"anyOf": [{"const": "x", "title": "X"}, {"const": "y"}]}},
        }}}));
        let kinds: Vec<_> = fields.iter().map(|field| (field.name.as_str(), field.kind)).collect();
        assert_eq!(
            kinds,
            [
                ("name", Kind::Text),
                ("count", Kind::Number),
                ("ratio", Kind::Number),
                ("sure", Kind::Truth),
                ("colour", Kind::One),
                ("tags", Kind::Several)
            ]
        );
        assert_eq!(
            (&*fields[0].title, &*fields[0].default, fields[0].is_required),
            ("Your name", "ada", true)
        );
        let all = [
            said(&[], "ada"),
            said(&[], "3"),
            said(&[], "0.5"),
            said(&[0], ""),
            said(&[1], ""),
            said(&[0, 1], ""),
        ];
        assert_eq!(
            Value::from(answers(&fields, &all).unwrap()),
            json!({"name": "ada", "count": 3, "ratio": 0.5, "sure": true, "colour": "b", "tags": ["x", "y"]})
        );
        let wrong = [said(&[], "ada"), said(&[], "three")];
        assert_eq!(answers(&fields, &wrong), Err("“count” wants a number.".into()));
        assert_eq!(
            answers(&fields, &[said(&[], "x"), said(&[], ""), said(&[], "inf")]),
            Err("“ratio” wants a number.".into())
        );
        assert_eq!(super::fields(&json!(null)), []);
    }
}
