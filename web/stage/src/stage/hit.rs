//! Which event and which daemon a place on the stage is about, and the daemon that is looked at.

use super::Stage;
use crate::actors::{Actor, Spot};
use crate::threads::bend;

/// How near to a curve counts as on it, pixels.
const NEAR: f32 = 12.0;
/// Least radius of a target, pixels.
const TARGET: f32 = 14.0;

impl Stage {
    /// A daemon's drawer is open: all others are dimmed. `None`: none is.
    pub fn set_focus(&mut self, name: Option<String>) {
        self.focus = name;
    }

    /// Whose drawer is open.
    #[must_use]
    pub fn focus(&self) -> Option<&str> {
        self.focus.as_deref()
    }

    /// The event behind the mark at a place, pixels: of a circle, of what flows from it, or of the bus. It is the `id`
    /// that its cue had.
    #[must_use]
    pub fn hit(&self, at: [f32; 2]) -> Option<u64> {
        let mapping = self.mapping();
        if let Some((_, actor)) = self.at(at) {
            return actor.last;
        }
        let from = |centre: [f32; 2]| (at[0] - centre[0]).hypot(at[1] - centre[1]);
        if from(mapping.centre) <= mapping.bus_radius {
            return self.last;
        }
        let near = |actor: &&Actor| {
            let (a, b, c) =
                (mapping.px(actor.at), mapping.px(bend(actor.at, actor.to)), mapping.px(actor.to));
            let flows = matches!(actor.spot, Spot::Seat(_) | Spot::Moon);
            flows
                && (0..=24_u8).any(|step| {
                    let t = f32::from(step) / 24.0;
                    let u = 1.0 - t;
                    let point = [0, 1].map(|i| u * u * a[i] + 2.0 * u * t * b[i] + t * t * c[i]);
                    from(point) <= NEAR
                })
        };
        self.actors.values().find(near).and_then(|actor| actor.last)
    }

    /// The daemon whose circle, seal or moon is at a place, pixels.
    #[must_use]
    pub fn circle_at(&self, at: [f32; 2]) -> Option<&str> {
        self.at(at).map(|(name, _)| name)
    }

    /// The nearest mark that a place is on: where two would do, the smaller is the nearer.
    fn at(&self, at: [f32; 2]) -> Option<(&str, &Actor)> {
        let mapping = self.mapping();
        let far = |actor: &Actor| {
            let [x, y] = mapping.px(actor.at);
            (at[0] - x).hypot(at[1] - y)
        };
        let on =
            |actor: &Actor| actor.spot != Spot::Folded && far(actor) <= (actor.radius() * 1.1).max(TARGET);
        let marks = self.actors.iter().filter(|(_, actor)| on(actor));
        marks.reduce(|best, other| if far(other.1) < far(best.1) { other } else { best })
    }
}
