//! The scores of the run that Evaluate shows, found again among the recordings of the study.

use std::collections::HashMap;
use std::ffi::OsStr;
use std::path::Path;

use super::evaluation::{DEFAULT_THRESHOLD, Evaluation};
use crate::data::split::Part;
use crate::data::study::StudyView;
use crate::data::study::scores::{Outcome, Score, Scores};
use crate::report::predictions::Prediction;

/// The scores of `evaluation` for the recordings of `study`, judged at the threshold that the run chose: one that is being
/// tried out makes nobody an error. A recording is found by its path, and where its dataset has moved since, by its person
/// and its place within the dataset.
///
/// Goes through all recordings, which takes longer than a frame: 5 to 50 ms for 35,000.
pub(super) fn of(evaluation: &Evaluation, study: &StudyView) -> Scores {
    let threshold = evaluation.chosen.unwrap_or(DEFAULT_THRESHOLD);
    let test = evaluation.run.map(|_| Part::Test);
    let parts = [(&evaluation.validation, Some(Part::Validation)), (&evaluation.predictions, test)];
    let predictions = parts.iter().flat_map(|(of_part, part)| of_part.iter().map(|prediction| (prediction, *part)));
    let mut by_path: HashMap<&OsStr, Scored<'_>> = HashMap::new();
    for (prediction, part) in predictions {
        if let Some(path) = prediction.path.as_deref().filter(|_| prediction.score.is_finite()) {
            let (label, value) = (prediction.label, prediction.score);
            let score = Score { value, label, part, outcome: Outcome::of(label, value, threshold) };
            by_path.insert(path.as_os_str(), Scored { prediction, path, score });
        }
    }
    let mut by_place: Vec<Option<Score>> =
        study.clips.iter().map(|clip| by_path.remove(clip.path.as_os_str()).map(|scored| scored.score)).collect();
    if !by_path.is_empty() {
        find_moved(by_path.into_values(), study, &mut by_place);
    }
    Scores::new(evaluation.title.as_str().into(), threshold, by_place)
}

/// A prediction with what it says of its recording.
struct Scored<'a> {
    prediction: &'a Prediction,
    path: &'a Path,
    score: Score,
}

/// Finds the recordings of predictions whose paths are no longer there. Where two could be meant, neither is.
fn find_moved<'a>(lost: impl Iterator<Item = Scored<'a>>, study: &StudyView, by_place: &mut [Option<Score>]) {
    let mut by_name: HashMap<(&str, &OsStr), Vec<Scored<'_>>> = HashMap::new();
    for scored in lost {
        if let (Some(person), Some(name)) = (&scored.prediction.person, scored.path.file_name()) {
            by_name.entry((&person.0, name)).or_default().push(scored);
        }
    }
    for source in &study.sources {
        for place in source.places.clone() {
            let (Some(clip), Some(slot @ None)) = (study.clips.get(place), by_place.get_mut(place)) else { continue };
            let Some(name) = clip.path.file_name() else { continue };
            let Ok(within) = clip.path.strip_prefix(&source.root) else { continue };
            let candidates = by_name.get(&(clip.person.0.as_str(), name)).into_iter().flatten();
            let mut meant = candidates.filter(|scored| scored.path.ends_with(within));
            if let (Some(only), None) = (meant.next(), meant.next()) {
                *slot = Some(only.score);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::run::RunId;
    use super::*;
    use crate::data::scan::SourceScan;
    use crate::data::study::{ClipId, Study};
    use crate::data::{Clip, Label, PersonId, SourceKind};

    /// Recordings of a folder: their paths in it, and whose they are.
    fn study(root: &str, files: &[(&str, &str)]) -> StudyView {
        let clip = |(file, person): &(&str, &str)| {
            Clip::new(Path::new(root).join(file), SourceKind::Folder, PersonId((*person).to_owned()), "sick")
        };
        let mut study = Study::default();
        let clips = files.iter().map(clip).collect();
        study.add(SourceScan { kind: SourceKind::Folder, root: root.into(), clips, notes: Vec::new() }, None);
        study.view()
    }

    fn prediction(path: &str, person: &str, label: Label, score: f64) -> Prediction {
        Prediction { path: Some(path.into()), person: Some(PersonId(person.to_owned())), label, score }
    }

    fn evaluation(test: Vec<Prediction>, validation: Vec<Prediction>) -> Evaluation {
        Evaluation::new("run".to_owned(), Some(RunId(1)), test, Some(0.6), false).unwrap().with_validation(validation)
    }

    #[test]
    fn test_and_validation_are_found_and_judged_at_the_threshold_of_the_run() {
        let files = [("a.wav", "a"), ("b.wav", "b"), ("c.wav", "c"), ("d.wav", "d")];
        let view = study("/data", &files);
        let test = vec![
            prediction("/data/a.wav", "a", Label::Sick, 0.55),
            prediction("/data/c.wav", "c", Label::Healthy, 0.9),
            prediction("/data/gone.wav", "g", Label::Healthy, 0.1),
        ];
        let mut evaluation = evaluation(test, vec![prediction("/data/d.wav", "d", Label::Sick, 0.6)]);
        // Trying out a threshold changes what Evaluate shows, not what was an error of the run.
        evaluation.set_threshold(0.1);
        let scores = of(&evaluation, &view);
        let found = |place| scores.get(ClipId(place)).map(|score| (score.part, score.outcome));
        assert_eq!(found(0), Some((Some(Part::Test), Outcome::FalseNegative)));
        assert_eq!(found(1), None, "it was trained on");
        assert_eq!(found(2), Some((Some(Part::Test), Outcome::FalsePositive)));
        assert_eq!(found(3), Some((Some(Part::Validation), Outcome::Correct)));
        assert_eq!((scores.len(), scores.threshold, &*scores.run), (3, 0.6, "run"));
    }

    #[test]
    fn a_score_that_is_no_number_is_none() {
        let view = study("/data", &[("a.wav", "a"), ("b.wav", "b")]);
        let test = vec![
            prediction("/data/a.wav", "a", Label::Sick, f64::NAN),
            prediction("/data/b.wav", "b", Label::Sick, 0.5),
        ];
        assert_eq!(of(&evaluation(test, Vec::new()), &view).len(), 1);
    }

    #[test]
    fn recordings_of_a_dataset_that_has_moved_are_found_by_person_and_place() {
        let files = [("x/cough.wav", "one"), ("y/cough.wav", "two"), ("z/cough.wav", "three")];
        let view = study("/new", &files);
        let test = vec![
            prediction("/old/x/cough.wav", "one", Label::Sick, 0.1),
            // Somebody else's, and two that could both be meant.
            prediction("/old/y/cough.wav", "one", Label::Sick, 0.2),
            prediction("/old/z/cough.wav", "three", Label::Sick, 0.3),
            prediction("/older/z/cough.wav", "three", Label::Sick, 0.4),
        ];
        let scores = of(&evaluation(test, Vec::new()), &view);
        let values: Vec<_> = (0..3).map(|place| scores.get(ClipId(place)).map(|score| score.value)).collect();
        assert_eq!(values, [Some(0.1), None, None]);
    }

    #[test]
    fn a_table_from_elsewhere_names_no_part() {
        let view = study("/data", &[("a.wav", "a")]);
        let test = vec![prediction("/data/a.wav", "a", Label::Sick, 0.5)];
        let evaluation = Evaluation::new("table.csv".to_owned(), None, test, None, false).unwrap();
        let score = *of(&evaluation, &view).get(ClipId(0)).unwrap();
        assert_eq!((score.part, score.outcome), (None, Outcome::Correct));
    }

    /// `cargo test --release --lib scores -- --ignored --nocapture`.
    #[test]
    #[ignore = "a measurement, not a check"]
    fn how_long_the_scores_of_a_large_study_take() {
        const RECORDINGS: usize = 35_000;
        let names: Vec<(String, String)> = (0..RECORDINGS)
            .map(|number| (format!("{number:08x}-0f06-4c27-8c7b-737b18a2cf4c.webm"), format!("coughvid:{number:08x}")))
            .collect();
        let files: Vec<(&str, &str)> = names.iter().map(|(file, person)| (file.as_str(), person.as_str())).collect();
        let view = study("/data/coughvid", &files);
        // A run that was tested on a fifth, and a table of all; where they were made, and moved since.
        for (root, share) in [("/data/coughvid", 5), ("/data/coughvid", 1), ("/elsewhere/coughvid", 5)] {
            let of = |(file, person): &(&str, &str)| prediction(&format!("{root}/{file}"), person, Label::Sick, 0.5);
            let evaluation = evaluation(files.iter().step_by(share).map(of).collect(), Vec::new());
            let mut times: Vec<_> = (0..20)
                .map(|_| {
                    let clock = std::time::Instant::now();
                    assert!(!super::of(&evaluation, &view).is_empty());
                    clock.elapsed()
                })
                .collect();
            times.sort_unstable();
            eprintln!("{root}, one of {share}: median {:?}, longest {:?}", times[10], times[19]);
        }
    }
}
