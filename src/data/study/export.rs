//! The combined table and its label policy as files, written over nobody's work.

use std::path::{Path, PathBuf};

use super::StudyView;
use crate::data::guard::{InDataset, keep_out_of_datasets};
use crate::data::{Clip, LabelPolicy, policy, table};
use crate::files::FileError;

/// Why a table was not written. Nothing has changed then.
#[derive(Debug, thiserror::Error)]
pub enum ExportError {
    /// The place belongs to a dataset.
    #[error(transparent)]
    InDataset(#[from] InDataset),
    /// There is a folder where a file of the export would lie.
    #[error("this is a folder, and a file is to be written here; choose another name, such as one inside of it ({})", .0.display())]
    IsFolder(PathBuf),
    /// A table is known by its name.
    #[error("a table is called .csv, or nothing opens it again; choose such a name ({})", path.display())]
    NoTableName {
        /// The table.
        path: PathBuf,
    },
    /// There is something that was not exported.
    #[error(
        "there is a file that coughscope has not exported, and it would be lost; choose another name, or move that file \
         away ({})",
        path.display()
    )]
    NotOurs {
        /// The file.
        path: PathBuf,
    },
    /// There is a policy that a person has written or changed.
    #[error(
        "the label policy beside the table was written or changed by hand, and would be lost; give the table another \
         name, or move that policy away ({})",
        path.display()
    )]
    PolicyNotOurs {
        /// The policy.
        path: PathBuf,
    },
    /// The operating system refused.
    #[error(transparent)]
    File(#[from] FileError),
}

impl StudyView {
    /// Writes the combined table of all recordings to `path`, and the label policy that it follows beside it. Returns where
    /// the policy is.
    ///
    /// An earlier export is replaced, and nothing else: neither a dataset's own table nor a policy that was changed by hand.
    ///
    /// # Errors
    /// [`ExportError`] when something else is there, or a file cannot be written.
    pub fn export(&self, path: &Path) -> Result<PathBuf, ExportError> {
        let beside = check_export(path, self.roots())?;
        table::write(path, self.clips.iter().map(|clip| -> &Clip { clip }))?;
        self.policy.write(&beside)?;
        Ok(beside)
    }

    /// Refuses to write `what` to `path` in the folder of a dataset: one of the study's, or any other.
    ///
    /// # Errors
    /// [`InDataset`] when it would lie there.
    pub fn keep_out_of_datasets(&self, what: &'static str, path: &Path) -> Result<(), InDataset> {
        keep_out_of_datasets(what, path, self.roots())
    }

    /// Its datasets' names and folders.
    fn roots(&self) -> impl Iterator<Item = (&str, &Path)> {
        self.sources.iter().map(|source| (source.name(), source.root.as_path()))
    }
}

/// Whether the combined table of a study with these datasets (name and folder) may be written to `path`. Returns where its
/// label policy will be.
///
/// # Errors
/// [`ExportError`] as of [`StudyView::export`].
pub fn check_export<N: Into<String>, P: AsRef<Path>>(
    path: &Path,
    known: impl IntoIterator<Item = (N, P)>,
) -> Result<PathBuf, ExportError> {
    let beside = path.with_extension(policy::EXTENSION);
    // Before its name: whoever gives a folder has none in mind yet.
    if let Some(folder) = [path, &beside].into_iter().find(|path| path.is_dir()) {
        return Err(ExportError::IsFolder(folder.to_owned()));
    }
    if !table::has_table_name(path) {
        return Err(ExportError::NoTableName { path: path.to_owned() });
    }
    keep_out_of_datasets("the table", path, known)?;
    if is_taken(path) && !table::is_export(path) {
        return Err(ExportError::NotOurs { path: path.to_owned() });
    }
    if is_taken(&beside) && !LabelPolicy::is_as_written(&beside) {
        return Err(ExportError::PolicyNotOurs { path: beside });
    }
    Ok(beside)
}

/// Whether there is anything, a link into nothing too.
fn is_taken(path: &Path) -> bool {
    path.symlink_metadata().is_ok()
}

#[cfg(test)]
mod tests {
    use std::collections::{BTreeMap, BTreeSet};

    use super::*;
    use crate::data::fingerprint::ContentHash;
    use crate::data::policy::{CoughKind, ExpertRole, Treatment};
    use crate::data::quality::{Flag, FlagTreatment};
    use crate::data::scan::{SourceScan, read_again};
    use crate::data::split::SplitConfig;
    use crate::data::study::Study;
    use crate::data::{
        Decision, Label, Obstacle, Opinion, PersonId, Rating, Reason, Sound, SoundFacts, SourceKind, Verdict,
    };
    use crate::units::Seconds;

    /// Recordings of every dataset as files without sound, of which another sound is said each.
    struct Recordings {
        folder: tempfile::TempDir,
        clips: Vec<Clip>,
    }

    impl Recordings {
        fn add(&mut self, source: SourceKind, status: &str, change: impl FnOnce(&mut Clip, &mut SoundFacts)) {
            let number = self.clips.len();
            let path = self.folder.path().join(format!("{number}.wav"));
            let mut clip = Clip::new(path, source, PersonId(format!("{}:{number}", source.id())), status);
            let mut facts = SoundFacts::for_tests();
            facts.content = ContentHash(number as u128);
            (facts.measures.coughs, facts.measures.snr_db) = (1, Some(20.0));
            change(&mut clip, &mut facts);
            if clip.sound == Sound::default() {
                clip.sound = Sound::Read(facts);
            }
            if clip.has_file() {
                std::fs::write(&clip.path, "").unwrap();
            }
            self.clips.push(clip);
        }

        /// A study of these recordings, those of each kind as a dataset.
        fn study(&self, policy: &LabelPolicy) -> Study {
            let mut study = Study::new(policy.clone(), SplitConfig::default());
            let kinds: BTreeSet<SourceKind> = self.clips.iter().map(|clip| clip.source).collect();
            for kind in kinds {
                let clips = self.clips.iter().filter(|clip| clip.source == kind).cloned().collect();
                let root = self.folder.path().join(kind.id());
                study.add(SourceScan { kind, root, clips, notes: Vec::new() }, None);
            }
            study.set_near(self.near());
            study.group();
            study
        }

        /// The last two sound nearly alike.
        fn near(&self) -> Vec<(PathBuf, PathBuf)> {
            let [.., one, other] = self.clips.as_slice() else { return Vec::new() };
            vec![(one.path.clone(), other.path.clone())]
        }

        /// A new study of the table at `path`, whose sounds are read again.
        fn study_of_table(&self, path: &Path, policy: &LabelPolicy) -> Study {
            let mut study = Study::new(policy.clone(), SplitConfig::default());
            study.add(read_again(SourceKind::Table, path, None).unwrap(), None);
            for todo in study.todo() {
                let clip = self.clips.iter().find(|clip| clip.path == todo.path).unwrap();
                study.set_sound(&todo, clip.sound.clone());
            }
            study.set_near(self.near());
            study.group();
            study
        }
    }

    /// One recording at least for each reason, obstacle and flag that there is.
    fn recordings() -> Recordings {
        use SourceKind::{Coswara, Coughvid, Folder, Table, Virufy, VirufyCdf};
        let mut all = Recordings { folder: tempfile::tempdir().unwrap(), clips: Vec::new() };
        for source in [Coswara, Coughvid, Folder, Table, Virufy, VirufyCdf] {
            for status in
                ["healthy", "sick", "COVID-19", "negative", "positive", "positive, symptomatic", "", "=odd \"word\""]
            {
                all.add(source, status, |clip, _| clip.cough_detected = Some(0.9));
            }
            for decision in [Decision::Use, Decision::Healthy, Decision::Sick, Decision::Exclude] {
                all.add(source, "no_resp_illness_exposed", |clip, _| clip.decision = Some(decision));
                all.add(source, "healthy", |clip, facts| {
                    (clip.decision, facts.duration) = (Some(decision), Seconds(0.01));
                });
            }
        }
        for obstacle in [
            Obstacle::NoAudioFile,
            Obstacle::NotInTable,
            Obstacle::DamagedSheet,
            Obstacle::ForeignName,
            Obstacle::FolderDisagrees,
            Obstacle::InferredResult,
            Obstacle::InCoughvid,
            Obstacle::LeftOutThere("-a reason, of \"theirs\"".to_owned()),
        ] {
            for decision in [None, Some(Decision::Use), Some(Decision::Sick)] {
                all.add(Folder, "sick", |clip, _| (clip.obstacle, clip.decision) = (Some(obstacle.clone()), decision));
            }
        }
        all.add(Coughvid, "healthy", |clip, _| clip.cough_detected = Some(0.3));
        all.add(Coughvid, "healthy", |_, _| {});
        let says = |diagnosis: &str| Opinion { diagnosis: diagnosis.to_owned(), ..Opinion::default() };
        all.add(Coughvid, "healthy", |clip, _| {
            (clip.cough_detected, clip.opinions) = (Some(0.9), vec![says("healthy_cough"), says("COVID-19")]);
        });
        all.add(Folder, "sick", |clip, _| clip.sound = Sound::Unreadable("it is no sound".to_owned()));
        for rating in [Rating::NoCough, Rating::Poor, Rating::Good] {
            all.add(Coswara, "healthy", |clip, _| {
                clip.opinions = vec![Opinion { rating: Some(rating), ..Opinion::default() }];
            });
        }
        all.add(Folder, "sick", |_, facts| facts.measures.peak_dbfs = -100.0);
        all.add(Folder, "sick", |_, facts| facts.measures.clipped_share = 0.5);
        all.add(Folder, "sick", |_, facts| facts.duration = Seconds(0.01));
        all.add(Folder, "sick", |_, facts| facts.format.truncated = true);
        all.add(Folder, "sick", |_, facts| facts.measures.snr_db = Some(0.0));
        all.add(Folder, "sick", |_, facts| facts.measures.coughs = 0);
        for (status, content) in [("healthy", 1), ("sick", 1), ("sick", 2), ("sick", 2)] {
            all.add(Folder, status, |_, facts| facts.content = ContentHash(u128::MAX - content));
        }
        all.add(Folder, "sick", |_, _| {});
        all.add(Folder, "sick", |_, _| {});
        all
    }

    /// A policy under which every flag leads to `treatment`, and which leaves out a status by choice.
    fn policy(treatment: FlagTreatment) -> LabelPolicy {
        let mut policy =
            LabelPolicy { coswara_cough: CoughKind::Both, experts: ExpertRole::Decides, ..LabelPolicy::default() };
        policy.set(SourceKind::Virufy, "positive", Treatment::Exclude);
        policy.quality.treatment = Flag::ALL.map(|flag| (flag, treatment)).into();
        policy
    }

    /// What became of each file, in words.
    fn verdicts(study: &Study) -> BTreeMap<PathBuf, String> {
        let words = |verdict: &Verdict| match verdict {
            Verdict::Use(label) => label.to_string(),
            Verdict::Exclude(reason) => format!("left out: {reason}"),
            Verdict::Unreadable(reason) => format!("unreadable: {reason}"),
        };
        study.view().clips.iter().map(|clip| (clip.path.clone(), words(&clip.verdict))).collect()
    }

    /// The place of a reason in the list of all; a new one does not compile until it has one.
    fn number(reason: &Reason) -> usize {
        match reason {
            Reason::Obstacle(obstacle) => match obstacle {
                Obstacle::NoAudioFile => 0,
                Obstacle::NotInTable => 1,
                Obstacle::DamagedSheet => 2,
                Obstacle::ForeignName => 3,
                Obstacle::FolderDisagrees => 4,
                Obstacle::InferredResult => 5,
                Obstacle::InCoughvid => 6,
                Obstacle::LeftOutThere(_) => 7,
            },
            Reason::NotReadYet => 8,
            Reason::CoughBelow(_) => 9,
            Reason::CoughNotStated => 10,
            Reason::Rule(_) => 11,
            Reason::Choice(_) => 12,
            Reason::UnknownStatus(_) => 13,
            Reason::ExpertsDisagree => 14,
            Reason::ByHand => 15,
            Reason::Flag(flag) => 16 + *flag as usize,
        }
    }
    const REASONS: usize = 16 + Flag::ALL.len();

    #[test]
    fn an_exported_table_decides_as_its_study_did_whatever_the_reason() {
        let all = recordings();
        let mut seen = BTreeSet::new();
        for treatment in FlagTreatment::ALL {
            let policy = policy(treatment);
            let study = all.study(&policy);
            seen.extend(study.view().clips.iter().filter_map(|clip| match &clip.verdict {
                Verdict::Exclude(reason) => Some(number(reason)),
                Verdict::Use(_) | Verdict::Unreadable(_) => None,
            }));
            let table = all.folder.path().join("exported.csv");
            let beside = study.view().export(&table).unwrap();
            let again = all.study_of_table(&table, &LabelPolicy::read(&beside).unwrap());
            assert_eq!(verdicts(&again), verdicts(&study), "{treatment}");
            assert!(verdicts(&study).values().any(|verdict| *verdict == Label::Sick.to_string()));
        }
        let unread = number(&Reason::NotReadYet);
        assert_eq!(seen, (0..REASONS).filter(|number| *number != unread).collect());
    }

    #[test]
    fn what_was_rated_poor_can_be_left_out_of_an_exported_table_too() {
        let all = recordings();
        let study = all.study(&policy(FlagTreatment::Warn));
        let table = all.folder.path().join("exported.csv");
        study.view().export(&table).unwrap();
        let mut strict = policy(FlagTreatment::Warn);
        strict.quality.treatment.insert(Flag::RatedPoor, FlagTreatment::Exclude);
        let expected = verdicts(&all.study(&strict));
        assert_eq!(verdicts(&all.study_of_table(&table, &strict)), expected);
        let left_out = expected.values().filter(|verdict| *verdict == "left out: rated poor").count();
        assert_eq!(left_out, 2);
    }

    /// Under whatever policy it is opened.
    #[test]
    fn another_policy_acts_on_an_exported_table_as_on_its_study() {
        let all = recordings();
        let study = all.study(&policy(FlagTreatment::Exclude));
        let table = all.folder.path().join("exported.csv");
        study.view().export(&table).unwrap();
        let mut other = LabelPolicy { min_cough_detected: 0.2, ..policy(FlagTreatment::Warn) };
        other.set(SourceKind::Virufy, "positive", Treatment::Sick);
        other.set(SourceKind::Coswara, "no_resp_illness_exposed", Treatment::Healthy);
        other.set_diagnosis("COVID-19", Treatment::Healthy);
        let (expected, again) = (all.study(&other), all.study_of_table(&table, &other));
        assert_ne!(verdicts(&expected), verdicts(&study));
        let changed: Vec<_> =
            verdicts(&again).into_iter().filter(|(path, words)| verdicts(&expected).get(path) != Some(words)).collect();
        assert_eq!(changed, []);
        assert_eq!(again.view().tally.flags, expected.view().tally.flags);
        let notes = &again.view().sources[0].notes;
        assert!(notes.iter().any(|note| note.starts_with("COUGHVID names no people")), "{notes:?}");
    }
}
