//! A setting in the person's hand.

/// What a person is changing. The study answers a moment later, and until then their own value is shown, so that a slider
/// does not jump back under the pointer.
#[derive(Clone, Debug)]
pub(super) struct Draft<T>(Option<(T, u64)>);

impl<T> Default for Draft<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone + PartialEq> Draft<T> {
    /// What to show: the person's own value until the study, now at `revision`, has it or has changed in another way.
    pub fn value(&mut self, current: &T, revision: u64) -> T {
        // The next view may have been on its way when the person made the change; the one after it knows.
        if self.0.as_ref().is_some_and(|(own, since)| own == current || revision > since + 1) {
            self.0 = None;
        }
        self.0.as_ref().map_or_else(|| current.clone(), |(own, _)| own.clone())
    }

    /// The person's value, if `edited` differs from what was `shown` of the study at `revision`: to be sent.
    pub fn change(&mut self, shown: &T, edited: T, revision: u64) -> Option<T> {
        if *shown == edited {
            return None;
        }
        self.0 = Some((edited.clone(), revision));
        Some(edited)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persons_value_is_shown_until_the_study_has_it() {
        let mut draft = Draft::default();
        assert_eq!(draft.value(&1, 7), 1);
        assert_eq!(draft.change(&1, 1, 7), None);
        assert_eq!(draft.change(&1, 2, 7), Some(2));
        assert_eq!(draft.value(&1, 8), 2, "the study is late");
        assert_eq!(draft.value(&2, 9), 2);
        assert_eq!(draft.value(&1, 10), 1, "an undo shows");
        draft.change(&1, 5, 10);
        assert_eq!(draft.value(&1, 12), 1, "the study went another way");
    }
}
