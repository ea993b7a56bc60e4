//! Which event a place on the stage is about.

use super::Stage;
use crate::frame::bend;
use crate::layout::Mapping;

/// How near to a curve counts as on it, pixels.
const NEAR: f32 = 12.0;

impl Stage {
    /// The event behind the mark at a place, pixels: of a circle, of what flows from it, or of the bus. It is the `id`
    /// that its cue had.
    #[must_use]
    pub fn hit(&self, at: [f32; 2]) -> Option<u64> {
        let mapping = Mapping::new(self.view, self.ring.size());
        let from = |centre: [f32; 2]| (at[0] - centre[0]).hypot(at[1] - centre[1]);
        let circle =
            self.actors.values().find(|actor| from(mapping.px(actor.at)) <= mapping.circle_radius * 1.1);
        if let Some(actor) = circle {
            return actor.last;
        }
        if from(mapping.centre) <= mapping.bus_radius {
            return self.last;
        }
        let near = |actor: &&crate::actors::Actor| {
            let (a, b, c) = (mapping.px(actor.at), mapping.px(bend(actor.at)), mapping.centre);
            (0..=24_u8).any(|step| {
                let t = f32::from(step) / 24.0;
                let u = 1.0 - t;
                let point = [0, 1].map(|i| u * u * a[i] + 2.0 * u * t * b[i] + t * t * c[i]);
                from(point) <= NEAR
            })
        };
        self.actors.values().find(near).and_then(|actor| actor.last)
    }
}
