//! Axes: ranges with round ticks.

/// One axis of a plot.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Axis {
    /// What it shows, with its unit.
    pub label: String,
    /// Value at the low end.
    pub min: f64,
    /// Value at the high end; always above `min`.
    pub max: f64,
    /// Where the grid lines are, rising.
    pub ticks: Vec<f64>,
    /// Distance between ticks, which decides the digits shown.
    step: f64,
}

/// About how many intervals an axis gets; between 4 and 8 read well.
const INTERVALS: f64 = 6.0;

impl Axis {
    /// From 0 to 1, for rates.
    pub fn unit(label: &str) -> Self {
        Self::spanning(label, 0.0, 1.0, 0.2)
    }

    /// Whole numbers from `first` to `last`, for epochs; a single one stands in the middle.
    pub fn counting(label: &str, first: usize, last: usize) -> Self {
        let (first, last) = (first as f64, last.max(first) as f64);
        if first == last {
            return Self { ticks: vec![first], ..Self::spanning(label, first - 1.0, last + 1.0, 1.0) };
        }
        let mut axis = Self::spanning(label, first, last, round_step((last - first) / INTERVALS).max(1.0));
        // The first one gets a tick of its own where its label has room.
        if axis.ticks.first().is_some_and(|tick| tick - first > 0.6 * axis.step) {
            axis.ticks.insert(0, first);
        }
        axis
    }

    /// Round ends around all finite values, within `limits`.
    pub fn around(label: &str, values: impl Iterator<Item = f64>, limits: (f64, f64)) -> Self {
        let (low, high) = values
            .filter(|value| value.is_finite())
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), value| (low.min(value), high.max(value)));
        if low > high {
            return Self::unit(label);
        }
        // One value alone gets some room, so that it stands in the middle.
        let room = if high > low { 0.0 } else { (0.1 * high.abs()).max(0.1) };
        let step = round_step((high - low + 2.0 * room) / INTERVALS);
        let min = (((low - room) / step).floor() * step).max(limits.0);
        let max = (((high + room) / step).ceil() * step).min(limits.1);
        Self::spanning(label, min, max, step)
    }

    fn spanning(label: &str, min: f64, max: f64, step: f64) -> Self {
        // A little slack keeps the last tick when its sum of steps rounds above the end.
        let (first, last) = ((min / step - 1e-9).ceil(), (max / step + 1e-9).floor());
        let count = (last - first).clamp(0.0, 100.0) as usize;
        let ticks = (0..=count).map(|index| (first + index as f64) * step).collect();
        Self { label: label.to_owned(), min, max, ticks, step }
    }

    /// Where `value` lies: 0 at the low end, 1 at the high end.
    pub fn share(&self, value: f64) -> f64 {
        (value - self.min) / (self.max - self.min)
    }

    /// A tick's label: as many digits as the step needs, scientific where plain digits would be long.
    pub fn tick_label(&self, value: f64) -> String {
        let largest = self.min.abs().max(self.max.abs());
        if largest >= 1e6 || self.step < 1e-4 {
            return if value == 0.0 { "0".to_owned() } else { format!("{value:.1e}") };
        }
        let digits = (-self.step.log10().floor()).max(0.0) as usize;
        format!("{value:.digits$}")
    }
}

/// The smallest of 1, 2, 5 times a power of ten that is at least `raw`.
fn round_step(raw: f64) -> f64 {
    if !(raw.is_finite() && raw > 0.0) {
        return 1.0;
    }
    let power = 10.0_f64.powf(raw.log10().floor());
    let factor = [1.0, 2.0, 5.0].into_iter().find(|factor| factor * power >= raw * (1.0 - 1e-9)).unwrap_or(10.0);
    factor * power
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ends_are_round() {
        let axis = Axis::around("", [0.312, 0.69].into_iter(), (0.0, f64::INFINITY));
        assert_eq!(axis.ticks.len(), 5);
        // Multiples of 0.1 are not exact in binary.
        assert!((axis.min - 0.3).abs() < 1e-12 && (axis.max - 0.7).abs() < 1e-12);
        assert_eq!(axis.tick_label(axis.ticks[1]), "0.4");
    }

    #[test]
    fn one_value_or_none_still_makes_an_axis() {
        let axis = Axis::around("", [0.5].into_iter(), (0.0, 1.0));
        assert!(axis.min < 0.5 && axis.max > 0.5);
        let axis = Axis::around("", [f64::NAN, f64::INFINITY].into_iter(), (0.0, 1.0));
        assert_eq!((axis.min, axis.max), (0.0, 1.0));
        let axis = Axis::counting("", 1, 1);
        assert_eq!(axis.ticks, [1.0]);
    }

    #[test]
    fn epochs_are_whole_numbers() {
        assert_eq!(Axis::counting("", 1, 15).ticks, [1.0, 5.0, 10.0, 15.0]);
        assert_eq!(Axis::counting("", 1, 12).ticks, [2.0, 4.0, 6.0, 8.0, 10.0, 12.0]);
        assert_eq!(Axis::counting("", 1, 4).ticks, [1.0, 2.0, 3.0, 4.0]);
    }

    #[test]
    fn long_numbers_are_scientific() {
        let axis = Axis::around("", [0.0, 3e9].into_iter(), (0.0, f64::INFINITY));
        assert_eq!(axis.tick_label(2e9), "2.0e9");
    }
}
