//! The stretch of a recording that is seen.

use std::ops::Range;

use crate::units::Seconds;

/// The shortest stretch that can be seen: a few dozen samples.
const SHORTEST: f64 = 0.001;

/// What is seen of a recording; always inside of it.
#[derive(Clone, Debug, PartialEq)]
pub struct TimeAxis {
    start: f64,
    end: f64,
    total: f64,
}

impl TimeAxis {
    /// All of a recording.
    #[must_use]
    pub fn whole(total: Seconds) -> Self {
        Self { start: 0.0, end: total.0, total: total.0 }
    }

    /// What is seen.
    #[must_use]
    pub fn visible(&self) -> Range<Seconds> {
        Seconds(self.start)..Seconds(self.end)
    }

    /// How long it is.
    #[must_use]
    pub fn span(&self) -> Seconds {
        Seconds(self.end - self.start)
    }

    /// How long the recording is.
    #[must_use]
    pub fn total(&self) -> Seconds {
        Seconds(self.total)
    }

    /// Whether all of the recording is seen.
    #[must_use]
    pub fn is_whole(&self) -> bool {
        self.start <= 0.0 && self.end >= self.total
    }

    /// Makes things `factor` times as wide; `around` stays where it is.
    pub fn zoom(&mut self, factor: f64, around: Seconds) {
        if !(factor.is_finite() && factor > 0.0) {
            return;
        }
        let span = (self.span().0 / factor).clamp(SHORTEST.min(self.total), self.total);
        let share = ((around.0 - self.start) / self.span().0).clamp(0.0, 1.0);
        self.place(around.0 - share * span, span);
    }

    /// Moves what is seen; stops at the ends of the recording.
    pub fn pan(&mut self, by: Seconds) {
        if by.0.is_finite() {
            self.place(self.start + by.0, self.span().0);
        }
    }

    /// Shows just this stretch, or the shortest one that can be seen around it.
    pub fn show(&mut self, range: &Range<Seconds>) {
        let span = (range.end.0 - range.start.0).clamp(SHORTEST.min(self.total), self.total);
        self.place((range.start.0 + range.end.0 - span) / 2.0, span);
    }

    /// Turns the page when `time` is not seen: the sound is followed, and the eye is not led along by a moving picture.
    pub fn follow(&mut self, time: Seconds) {
        if time.0 < self.start || time.0 > self.end {
            self.place(time.0, self.span().0);
        }
    }

    fn place(&mut self, start: f64, span: f64) {
        self.start = start.clamp(0.0, (self.total - span).max(0.0));
        self.end = (self.start + span).min(self.total);
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_is_under_the_pointer_stays_there() {
        let mut axis = TimeAxis::whole(Seconds(10.0));
        axis.zoom(4.0, Seconds(2.0));
        assert_eq!(axis.visible(), Seconds(1.5)..Seconds(4.0));
        axis.zoom(0.25, Seconds(2.0));
        assert!(axis.is_whole());
    }

    #[test]
    fn the_sound_is_followed_page_by_page() {
        let mut axis = TimeAxis::whole(Seconds(10.0));
        axis.show(&(Seconds(1.0)..Seconds(3.0)));
        axis.follow(Seconds(2.9));
        assert_eq!(axis.visible(), Seconds(1.0)..Seconds(3.0));
        axis.follow(Seconds(3.01));
        assert_eq!(axis.visible().start, Seconds(3.01));
        axis.follow(Seconds(0.5));
        assert_eq!(axis.visible().start, Seconds(0.5));
    }

    proptest! {
        #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

        #[test]
        fn no_gesture_leaves_the_recording(
            total in 1e-5..700.0_f64,
            gestures in prop::collection::vec((0..4_u8, -2.0..3.0_f64, 0.0..1.0_f64), 0..40),
        ) {
            let mut axis = TimeAxis::whole(Seconds(total));
            for (kind, amount, at) in gestures {
                let at = Seconds(at * total);
                match kind {
                    0 => axis.zoom(10.0_f64.powf(amount), at),
                    1 => axis.pan(Seconds(amount * total)),
                    2 => axis.show(&(Seconds(at.0 - 0.1)..Seconds(at.0 + amount.abs()))),
                    _ => axis.follow(at),
                }
                let seen = axis.visible();
                prop_assert!(seen.start.0 >= 0.0 && seen.end.0 <= total, "{seen:?} of {total}");
                prop_assert!(axis.span().0 > 0.0 && axis.span().0 >= SHORTEST.min(total) * 0.999, "{seen:?}");
            }
        }
    }
}
