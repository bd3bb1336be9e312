//! A setting in the person's hand.

/// What a person is changing. The study answers a moment later, and until then their own value is shown, so that a slider
/// does not jump back under the pointer.
#[derive(Clone, Debug)]
pub(super) struct Draft<T>(Option<T>);

impl<T> Default for Draft<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<T: Clone + PartialEq> Draft<T> {
    /// What to show: the person's own value until the study has it.
    pub fn value(&mut self, current: &T) -> T {
        if self.0.as_ref() == Some(current) {
            self.0 = None;
        }
        self.0.clone().unwrap_or_else(|| current.clone())
    }

    /// The person's value, if `edited` differs from what was shown: to be sent.
    pub fn change(&mut self, shown: &T, edited: T) -> Option<T> {
        if *shown == edited {
            return None;
        }
        self.0 = Some(edited.clone());
        Some(edited)
    }

    /// Forgets the person's value: something else has changed the study, an undo for example.
    pub fn forget(&mut self) {
        self.0 = None;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_persons_value_is_shown_until_the_study_has_it() {
        let mut draft = Draft::default();
        assert_eq!(draft.value(&1), 1);
        assert_eq!(draft.change(&1, 1), None);
        assert_eq!(draft.change(&1, 2), Some(2));
        assert_eq!(draft.value(&1), 2, "the study is late");
        assert_eq!(draft.value(&2), 2);
        assert_eq!(draft.value(&1), 1, "an undo shows");
        draft.change(&1, 5);
        draft.forget();
        assert_eq!(draft.value(&1), 1);
    }
}
