//! REST bodies. Requests name exactly what they take; answers may grow.

mod daemons;
mod events;
mod history;
mod operating;
mod problem;
mod requests;
mod rules;
mod spells;

pub use daemons::{DaemonAnswer, DaemonsAnswer, DaysAnswer, RosterAnswer, SeenAnswer, StatisticsAnswer};
pub use events::{PublishAnswer, PublishEvent, Published, RecentAnswer, RoomCard, RoomsAnswer, StatsAnswer};
pub use history::{
    AckRequest, ActivityAnswer, ActivityBucket, ConsumerCard, ConsumersAnswer, HistoryAnswer, PurgeAnswer,
};
pub use operating::{HealthAnswer, LogServers, LoginAnswer, OtlpState, ReadyAnswer, WhoAmIAnswer};
pub use problem::{FieldError, Problem};
pub use requests::{
    AWAIT_END, Choice, ChoiceKind, OpenRequest, RequestAnswer, RequestEnd, RequestsAnswer, Via,
};
pub use rules::{
    AnsweredOtherwise, RuleBody, RuleCard, RuleDone, RuleList, RuleOrigin, RulesAdded, RulesAddedAnswer,
    RulesAnswer, RulesTestAnswer, RulesToAdd, SuggestedRule,
};
pub use spells::{
    CastAnswer, DaemonAliases, DaemonRequest, ExampleGroup, ExamplesAnswer, InvokeRequest, ParseAnswer,
    ParsedSpell, Span, SpanKind, SpellAction, SpellAnswer, SpellRequest, VoiceAnswer, VoiceRequest,
};
