//! Which event and which daemon a place on the stage is about, and the daemon that is looked at.

use super::Stage;
use crate::frame::bend;

/// How near to a curve counts as on it, pixels.
const NEAR: f32 = 12.0;

impl Stage {
    /// A daemon's drawer is open; `None`: none is.
    pub fn set_focus(&mut self, name: Option<String>) {
        self.focus = name;
    }

    /// Whose drawer is open.
    #[must_use]
    pub fn focus(&self) -> Option<&str> {
        self.focus.as_deref()
    }

    /// Whose circle is at a place, pixels.
    #[must_use]
    pub fn circle_at(&self, at: [f32; 2]) -> Option<&str> {
        let mapping = self.mapping();
        let is_on = |actor: &crate::actors::Actor| {
            let centre = mapping.px(actor.at);
            (at[0] - centre[0]).hypot(at[1] - centre[1]) <= actor.radius(&mapping) * 1.1
        };
        // Moons first: they are small, and stand beside the large.
        let mut on: Vec<_> = self.actors.iter().filter(|(_, actor)| is_on(actor)).collect();
        let moon = on.iter().position(|(_, actor)| actor.moon.is_some()).unwrap_or(0);
        (!on.is_empty()).then(|| on.swap_remove(moon).0)
    }

    /// The event behind the mark at a place, pixels: of a circle, of what flows from it, or of the bus. It is the `id`
    /// that its cue had.
    #[must_use]
    pub fn hit(&self, at: [f32; 2]) -> Option<u64> {
        let mapping = self.mapping();
        let from = |centre: [f32; 2]| (at[0] - centre[0]).hypot(at[1] - centre[1]);
        // Moons first: they are small, and stand beside the large.
        let on = |actor: &&crate::actors::Actor| from(mapping.px(actor.at)) <= actor.radius(&mapping) * 1.1;
        let moons = self.actors.values().filter(|actor| actor.moon.is_some());
        let circle = moons.chain(self.actors.values()).find(on);
        if let Some(actor) = circle {
            return actor.last;
        }
        if from(mapping.centre) <= mapping.bus_radius {
            return self.last;
        }
        let near = |actor: &&crate::actors::Actor| {
            let (a, b, c) =
                (mapping.px(actor.at), mapping.px(bend(actor.at, actor.to)), mapping.px(actor.to));
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
