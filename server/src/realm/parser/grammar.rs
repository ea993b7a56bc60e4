//! The forms of a spell, each anchored at both ends of the input.

use arcane_shared::api::SpellAction;

use super::miss::Miss;
use super::names::{self, NEGATIONS, NoTarget, Target, Trust};
use super::params::{self, Parameters, Range};
use super::words::Cursor;

/// Words that make a query one about statistics.
pub(super) const STATISTICS: [&str; 2] = ["statistics", "stats"];
/// Words that make a query one about those who are present.
pub(super) const PRESENT: [&str; 6] = ["active", "present", "summoned", "awake", "here", "running"];

/// What may come before a spell without changing it.
const COURTESIES: [&str; 24] = [
    "please",
    "kindly",
    "could you",
    "can you",
    "would you",
    "will you",
    "i want you to",
    "i want to",
    "i would like you to",
    "i would like to",
    "i'd like you to",
    "i'd like to",
    "i need you to",
    "i need to",
    "i wish to",
    "let us",
    "let's",
    "now",
    "then",
    "hey",
    "hello",
    "hi",
    "okay",
    "ok",
];

/// A spell on its way.
#[derive(Debug)]
pub(super) struct Draft {
    pub(super) action: SpellAction,
    pub(super) confidence: f64,
    pub(super) verbs: Vec<Range>,
    pub(super) target: Option<Target>,
    pub(super) task: Option<Range>,
    pub(super) parameters: Parameters,
}

impl Draft {
    fn new(action: SpellAction, confidence: f64, verb: Range) -> Self {
        let (target, task, parameters) = (None, None, Parameters::default());
        Self { action, confidence, verbs: vec![verb], target, task, parameters }
    }
}

/// Reads a whole input.
pub(super) fn read(input: &str) -> Result<Draft, Miss> {
    let mut cursor = Cursor::new(input);
    pass_courtesies(&mut cursor);
    form(&mut cursor).map_err(|miss| {
        let negated = Cursor::new(input).rest().iter().any(|word| word.is_any(&NEGATIONS));
        if negated { Miss::Negated } else { miss }
    })
}

fn pass_courtesies(cursor: &mut Cursor<'_>) {
    while COURTESIES.iter().any(|phrase| cursor.take_phrase(phrase).is_some()) {
        cursor.take(&[","]);
    }
}

fn form(cursor: &mut Cursor<'_>) -> Result<Draft, Miss> {
    use SpellAction::{Banish, Query, Summon};
    use Trust::{AnyName, PlainlyADaemon};

    if let Some(draft) = address(cursor) {
        return draft;
    }
    if let Some(draft) = overview(cursor) {
        return draft;
    }
    let simple = [
        ("summon", Summon, 0.80, AnyName),
        ("call forth", Summon, 0.75, AnyName),
        ("materialize", Summon, 0.75, AnyName),
        ("awaken", Summon, 0.75, AnyName),
        ("banish", Banish, 0.80, AnyName),
        ("dismiss", Banish, 0.75, AnyName),
        ("release", Banish, 0.70, PlainlyADaemon),
        ("status of", Query, 0.65, AnyName),
        ("the status of", Query, 0.65, AnyName),
        ("show the status of", Query, 0.65, AnyName),
        ("show status of", Query, 0.65, AnyName),
        ("what is the status of", Query, 0.65, AnyName),
        ("check the status of", Query, 0.60, AnyName),
        ("check status of", Query, 0.60, AnyName),
        ("check on", Query, 0.60, PlainlyADaemon),
        ("check", Query, 0.60, PlainlyADaemon),
    ];
    for (verb, action, confidence, trust) in simple {
        if let Some(range) = cursor.take_phrase(verb) {
            let mut draft = Draft::new(action, confidence, range);
            draft.target = Some(names::take_target(cursor, trust)?);
            return finish(cursor, draft);
        }
    }
    let around: [(&str, &[&str], _, _); 2] = [
        ("bring", &["to life", "back to life"], Summon, 0.70),
        ("send", &["back to the void", "to the void", "back", "away"], Banish, 0.75),
    ];
    for (verb, ends, action, confidence) in around {
        if let Some(range) = cursor.take_phrase(verb) {
            let mut draft = Draft::new(action, confidence, range);
            draft.target = Some(names::take_target(cursor, AnyName)?);
            let end = ends.iter().find_map(|end| cursor.take_phrase(end)).ok_or_else(|| leftover(cursor))?;
            draft.verbs.push(end);
            return finish(cursor, draft);
        }
    }
    invocation(cursor).unwrap_or(Err(Miss::NoForm))
}

/// `X, Y`: only where X is plainly a daemon.
fn address(cursor: &mut Cursor<'_>) -> Option<Result<Draft, Miss>> {
    let mut ahead = cursor.clone();
    let target = names::take_target(&mut ahead, Trust::PlainlyADaemon).ok()?;
    ahead.take(&[","])?;
    let mut draft = Draft::new(SpellAction::Invoke, 0.50, (0, 0));
    draft.verbs.clear();
    draft.target = Some(target);
    pass_please(&mut ahead);
    // "claude, don't" is no task: its speaker wants nothing to begin.
    if ahead.rest().iter().take(2).any(|word| word.is_any(&NEGATIONS)) {
        return Some(Err(Miss::Negated));
    }
    Some(with_task(&ahead, draft))
}

fn pass_please(cursor: &mut Cursor<'_>) {
    while cursor.take(&["please"]).is_some() {
        cursor.take(&[","]);
    }
}

/// `show all daemons`, `which daemons are active`, `show statistics`.
fn overview(cursor: &mut Cursor<'_>) -> Option<Result<Draft, Miss>> {
    let mut ahead = cursor.clone();
    let start = ahead.peek(0)?.start;
    let confidence = if ahead.take(&["show", "list"]).is_some() {
        ahead.take(&["me"]);
        ahead.take(&["all"]);
        ahead.take(&["the"]);
        0.95
    } else {
        ahead.take(&["what", "which"])?;
        0.90
    };
    let present = ahead.take(&PRESENT).is_some();
    let mut end = ahead.peek(0)?.end();
    if confidence > 0.9 && !present && ahead.take(&STATISTICS).is_some() {
        // Complete as it stands.
    } else {
        ahead.take(&["daemons"])?;
        ahead.take(&["are", "is"]);
        ahead.take(&["currently"]);
        ahead.take(&["there"]);
        if let Some(word) = ahead.take(&PRESENT) {
            end = word.end();
        }
    }
    let draft = finish(&mut ahead, Draft::new(SpellAction::Query, confidence, (start, end)));
    *cursor = ahead;
    Some(draft)
}

/// `invoke X to Y` and its relatives.
fn invocation(cursor: &mut Cursor<'_>) -> Option<Result<Draft, Miss>> {
    let verb = cursor.take(&["invoke", "ask", "tell", "command"])?;
    let direct = match () {
        () if verb.is("invoke") => 1.00,
        () if verb.is("command") => 0.90,
        () => 0.95,
    };
    let draft = Draft::new(SpellAction::Invoke, direct, (verb.start, verb.end()));
    Some(invocation_of(cursor, draft, verb.is_any(&["invoke", "ask"])))
}

fn invocation_of(cursor: &mut Cursor<'_>, mut draft: Draft, takes_for: bool) -> Result<Draft, Miss> {
    let target = names::take_target(cursor, Trust::AnyName)?;
    let name = target.name.to_string();
    draft.target = Some(target);
    if cursor.peek(0).is_some_and(|word| word.is("with")) {
        draft.parameters = take_parameters(cursor)?;
    }
    if cursor.take(&["to"]).is_none() {
        if cursor.take(&[":"]).is_some() {
            draft.confidence = draft.confidence.min(0.90);
        } else if takes_for && cursor.take(&["for"]).is_some() {
            draft.confidence = 0.85;
        } else if at_end(cursor) {
            return Err(Miss::NoTask(name));
        } else {
            return Err(leftover(cursor));
        }
    }
    with_task(cursor, draft)
}

/// The rest of the input is the task, up to a list of parameters at its end.
fn with_task(cursor: &Cursor<'_>, mut draft: Draft) -> Result<Draft, Miss> {
    let input = cursor.input;
    let start = cursor.byte();
    let mut end = start + input[start..].trim_end().len();
    if draft.parameters.ranges.is_empty() {
        let withs = cursor.rest().iter().filter(|word| word.is("with"));
        let found = withs
            .filter_map(|with| Some((with.start, params::read(input, with.end())?)))
            .find(|(_, (_, after))| params::is_end(input, *after));
        if let Some((with, (parameters, _))) = found {
            end = start + input[start..with].trim_end().trim_end_matches(',').len();
            draft.parameters = parameters;
        }
    }
    refuse_repeated(&draft.parameters)?;
    if !input[start..end].contains(char::is_alphanumeric) {
        return Err(Miss::NoTask(draft.target.map_or_else(String::new, |target| target.name.to_string())));
    }
    draft.task = Some((start, end));
    Ok(draft)
}

fn take_parameters(cursor: &mut Cursor<'_>) -> Result<Parameters, Miss> {
    let from = cursor.peek(0).map_or(cursor.input.len(), |with| with.end());
    let (parameters, after) = params::read(cursor.input, from).ok_or_else(|| leftover(cursor))?;
    refuse_repeated(&parameters)?;
    cursor.seek(after);
    Ok(parameters)
}

fn refuse_repeated(parameters: &Parameters) -> Result<(), Miss> {
    parameters.repeated.clone().map_or(Ok(()), |name| Err(Miss::Repeated(name)))
}

/// Nothing more may follow but parameters and courtesy.
fn finish(cursor: &mut Cursor<'_>, mut draft: Draft) -> Result<Draft, Miss> {
    cursor.take(&[","]);
    if cursor.peek(0).is_some_and(|word| word.is("with")) {
        draft.parameters = take_parameters(cursor)?;
    }
    if at_end(cursor) { Ok(draft) } else { Err(leftover(cursor)) }
}

fn at_end(cursor: &Cursor<'_>) -> bool {
    let courtesy = ["please", "now", "thanks", ".", "!", "?", "…", ","];
    cursor.rest().iter().all(|word| word.is_any(&courtesy))
}

fn leftover(cursor: &Cursor<'_>) -> Miss {
    match cursor.input[cursor.byte()..].trim() {
        "" => Miss::NoTarget(NoTarget::Missing(None)),
        rest => Miss::Leftover(rest.to_owned()),
    }
}
