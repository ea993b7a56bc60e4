//! What a visitor of the past reads: where it is, and what the page is doing about it.

use arcane_shared::UnixMillis;

use crate::duration::{Form, duration};
use crate::moment::clock;
use crate::time_travel::TimeTravel;

/// What the banner of a visit says.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Signpost {
    /// `looking`, `past` or `playing`.
    pub mode: &'static str,
    /// The moment, on the viewer's clock.
    pub when: String,
    /// How long ago that is; empty in a recording, which has no present.
    pub ago: String,
    /// What has to be said about it; mostly nothing.
    pub note: String,
}

impl Signpost {
    /// Of a visit, at `present` on the server's clock; `offset_ms` is what the zone adds to UTC.
    #[must_use]
    pub fn of(travel: &TimeTravel, present: UnixMillis, offset_ms: f64) -> Self {
        let at = travel.moment();
        let [when, ago] = told(at, travel.recorded().is_none().then_some(present), offset_ms);
        Self {
            mode: match (travel.is_looking(), travel.playback()) {
                (true, _) => "looking",
                (false, Some(_)) => "playing",
                (false, None) => "past",
            },
            when,
            ago,
            note: note(travel) + &partial(travel, offset_ms),
        }
    }
}

/// A moment of the past in words: when, and how long ago. Without a present, as in a recording, it has its date and is no time ago.
#[must_use]
pub fn told(at: UnixMillis, present: Option<UnixMillis>, offset_ms: f64) -> [String; 2] {
    let when = clock(at, present.unwrap_or(f64::INFINITY), offset_ms);
    [when, present.map_or_else(String::new, |present| duration(present - at, Form::Passed) + " ago")]
}

fn note(travel: &TimeTravel) -> String {
    if let Some(trouble) = travel.trouble() {
        return trouble.words().0.into();
    }
    if travel.is_looking() {
        return "reading the log …".into();
    }
    if travel.is_waiting() {
        return "reading on …".into();
    }
    let silent = travel.playback().and_then(|playback| playback.silent_until());
    match (silent.map(|until| until - travel.moment()), travel.recorded()) {
        (Some(left), _) if left > 1_000.0 => {
            format!("nothing for {}: passing faster", duration(left, Form::Passed))
        }
        (_, Some(room)) => format!("a recording of the room {room}"),
        _ if !travel.is_from_log() => "what this browser kept".into(),
        _ => String::new(),
    }
}

/// Of what the figures are, where those of the bus are not known.
fn partial(travel: &TimeTravel, offset_ms: f64) -> String {
    let Some([from, to]) = travel.partial() else { return String::new() };
    let until = clock(to, from, offset_ms);
    format!(" · figures of this recording, {} to {until}", clock(from, f64::INFINITY, offset_ms))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::recording::RecordedRoom;

    #[test]
    fn a_visit_says_where_it_is_and_what_it_does() {
        let post = |travel: &TimeTravel| Signpost::of(travel, 1_764_158_400_000.0, 0.0);
        let mut travel = TimeTravel::to(1_764_158_220_000.0, None);
        let looking = post(&travel);
        assert_eq!((looking.mode, looking.note.as_str()), ("looking", "reading the log …"));
        assert_eq!((looking.when.as_str(), looking.ago.as_str()), ("11:57:00", "3 min ago"));
        let (turn, _) = travel.ask().unwrap();
        travel.answer(turn, Err(crate::time_travel::ask::Trouble::Unreachable), 0.0);
        assert_eq!(post(&travel).note, "The past is out of reach");
        let recorded = post(&TimeTravel::of_recording(1_764_158_220_000.0, RecordedRoom::default()));
        assert_eq!((recorded.when.as_str(), recorded.ago.as_str()), ("2025-11-26 11:57:00", ""));
        assert_eq!(recorded.note, "a recording of the room main");
        let event =
            serde_json::json!({"spell_name": "voice", "seq": 7, "timestamp": "2025-11-26T11:57:00.000000"});
        let event = crate::message::event(event, arcane_shared::Timestamp::from_unix_micros(0)).unwrap();
        let part = RecordedRoom { events: vec![event], ..RecordedRoom::default() };
        assert_eq!(
            post(&TimeTravel::of_recording(0.0, part)).note,
            "a recording of the room main · figures of this recording, 2025-11-26 11:57:00 to 11:57:00"
        );
        let kept = post(&TimeTravel::of_kept(0.0, Vec::new()));
        assert_eq!((kept.mode, kept.note.as_str()), ("past", "what this browser kept"));
    }
}
