//! The label policy in numbers: every value of every dataset as a row.

use std::collections::{BTreeMap, BTreeSet};

use super::StudySource;
use crate::data::policy::{DIAGNOSES, RULES, Treatment};
use crate::data::quality::{Flag, FlagTreatment};
use crate::data::{Clip, LabelPolicy, Reason, SourceKind, Verdict};

/// One status of one dataset, as a row of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct StatusRow {
    /// The dataset.
    pub source: SourceKind,
    /// Its own word; empty for "nothing stated".
    pub status: String,
    /// What it counts as; `None` for a word that nobody has listed, which is left out.
    pub treatment: Option<Treatment>,
    /// What it counts as unless the user says otherwise.
    pub default: Option<Treatment>,
    /// Why that is the default.
    pub why: &'static str,
    /// Recordings with this status that have a file.
    pub recordings: usize,
    /// Those of them that are used.
    pub used: usize,
}

/// One diagnosis of the experts, as a row of the policy.
#[derive(Clone, Debug, PartialEq)]
pub struct DiagnosisRow {
    /// The experts' word.
    pub diagnosis: String,
    /// What it counts as; `None` for a word that nobody has listed, which does not count.
    pub treatment: Option<Treatment>,
    /// Why that is the default.
    pub why: &'static str,
    /// Recordings for which an expert said so.
    pub recordings: usize,
    /// Those of them that are used.
    pub used: usize,
}

/// The scores of COUGHVID's cough detector, to count at once how many recordings a bound would leave.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct CoughScores {
    /// Recordings of COUGHVID that have a file, whether or not they have a score.
    pub recordings: usize,
    /// Those that there are, 0 to 1, in ascending order.
    ascending: Vec<f32>,
}

impl CoughScores {
    fn of(mut scores: Vec<f32>, recordings: usize) -> Self {
        scores.sort_unstable_by(f32::total_cmp);
        Self { recordings, ascending: scores }
    }

    /// How many recordings have at least this score.
    #[must_use]
    pub fn at_least(&self, bound: f64) -> usize {
        self.ascending.len() - self.ascending.partition_point(|score| f64::from(*score) < bound)
    }
}

/// One flag of the quality policy, as a row.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FlagRow {
    /// The flag.
    pub flag: Flag,
    /// What it leads to.
    pub treatment: FlagTreatment,
    /// Recordings that have it, whatever else is wrong with them.
    pub recordings: usize,
    /// Those of them that are left out because of it: nothing else came before.
    pub left_out: usize,
}

/// The policy's rows with their counts.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Tally {
    /// Statuses of the datasets that are open: the known ones in the order of [`RULES`], then others by name.
    pub statuses: Vec<StatusRow>,
    /// Diagnoses: the known ones in the order of [`DIAGNOSES`], then others by name; empty where no expert said anything.
    pub diagnoses: Vec<DiagnosisRow>,
    /// Every flag, in the order of [`Flag::ALL`].
    pub flags: Vec<FlagRow>,
    /// What the bound of COUGHVID's cough detector is compared with.
    pub cough_scores: CoughScores,
    /// Recordings about which a person has decided.
    pub by_hand: usize,
}

impl Tally {
    /// Counts `clips`, which belong to `sources`.
    pub(super) fn of<'a>(sources: &[StudySource], clips: impl Iterator<Item = &'a Clip>, policy: &LabelPolicy) -> Self {
        // Counted by the datasets' own spelling first: one look-up for each recording and no new text.
        let mut spelled: BTreeMap<(SourceKind, &str), [usize; 2]> = BTreeMap::new();
        let mut heard: BTreeMap<&str, [usize; 2]> = BTreeMap::new();
        let (mut scores, mut with_detector) = (Vec::new(), 0);
        let mut flags = Flag::ALL.map(|flag| FlagRow {
            flag,
            treatment: policy.quality.treatment(flag),
            recordings: 0,
            left_out: 0,
        });
        let mut by_hand = 0;
        for clip in clips.filter(|clip| clip.has_file()) {
            let [recordings, used] = spelled.entry((clip.source, clip.status.as_str())).or_default();
            let is_used = usize::from(clip.verdict.label().is_some());
            *recordings += 1;
            *used += is_used;
            if clip.source == SourceKind::Coughvid {
                with_detector += 1;
                scores.extend(clip.cough_detected);
            }
            by_hand += usize::from(clip.decision.is_some());
            for row in flags.iter_mut().filter(|row| clip.flags.contains(row.flag)) {
                row.recordings += 1;
                row.left_out += usize::from(clip.verdict == Verdict::Exclude(Reason::Flag(row.flag)));
            }
            let said: BTreeSet<&str> = clip.opinions.iter().map(|opinion| opinion.diagnosis.as_str()).collect();
            for diagnosis in said.into_iter().filter(|diagnosis| !diagnosis.is_empty()) {
                let [recordings, used] = heard.entry(diagnosis).or_default();
                *recordings += 1;
                *used += is_used;
            }
        }
        Self {
            statuses: status_rows(sources, &spelled, policy),
            diagnoses: diagnosis_rows(&heard, policy),
            flags: flags.to_vec(),
            cough_scores: CoughScores::of(scores, with_detector),
            by_hand,
        }
    }
}

fn status_rows(
    sources: &[StudySource],
    spelled: &BTreeMap<(SourceKind, &str), [usize; 2]>,
    policy: &LabelPolicy,
) -> Vec<StatusRow> {
    // A table has the words of the datasets that it lists.
    let listed = spelled.keys().map(|(source, _)| *source);
    let open: BTreeSet<SourceKind> = sources.iter().map(|source| source.kind).chain(listed).collect();
    let mut rows: Vec<StatusRow> = RULES
        .iter()
        .filter(|rule| open.contains(&rule.source))
        .map(|rule| StatusRow {
            source: rule.source,
            status: rule.status.to_owned(),
            treatment: policy.treatment(rule.source, rule.status),
            default: Some(rule.default),
            why: rule.why,
            recordings: 0,
            used: 0,
        })
        .collect();
    for ((source, status), [recordings, used]) in spelled {
        let known = rows.iter_mut().find(|row| row.source == *source && row.status.eq_ignore_ascii_case(status));
        if let Some(row) = known {
            row.recordings += recordings;
            row.used += used;
        } else {
            rows.push(StatusRow {
                source: *source,
                status: (*status).to_owned(),
                treatment: policy.treatment(*source, status),
                default: None,
                why: "nobody has said yet what it counts as",
                recordings: *recordings,
                used: *used,
            });
        }
    }
    // A stable sort: the datasets together, the known rows before the others.
    rows.sort_by_key(|row| row.source);
    rows
}

fn diagnosis_rows(heard: &BTreeMap<&str, [usize; 2]>, policy: &LabelPolicy) -> Vec<DiagnosisRow> {
    if heard.is_empty() {
        return Vec::new();
    }
    let row = |diagnosis: &str, why| DiagnosisRow {
        diagnosis: diagnosis.to_owned(),
        treatment: policy.diagnosis(diagnosis),
        why,
        recordings: 0,
        used: 0,
    };
    let mut rows: Vec<DiagnosisRow> = DIAGNOSES.iter().map(|rule| row(rule.diagnosis, rule.why)).collect();
    for (diagnosis, [recordings, used]) in heard {
        let known = rows.iter().position(|row| row.diagnosis.eq_ignore_ascii_case(diagnosis));
        let place = known.unwrap_or_else(|| {
            rows.push(row(diagnosis, "nobody has said yet what it counts as"));
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(place) {
            row.recordings += recordings;
            row.used += used;
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::{Decision, Label, Obstacle, Opinion, PersonId};

    fn clip(flags: &[Flag], verdict: Verdict) -> Clip {
        let clip = Clip::new("a.wav".into(), SourceKind::Folder, PersonId("a".into()), "sick");
        Clip { flags: flags.iter().copied().collect(), verdict, ..clip }
    }

    #[test]
    fn a_flag_counts_what_has_it_and_what_it_leaves_out() {
        let clips = [
            clip(&[Flag::Silent, Flag::RatedPoor], Verdict::Exclude(Reason::Flag(Flag::Silent))),
            clip(&[Flag::Silent], Verdict::Exclude(Reason::ByHand)),
            clip(&[Flag::RatedPoor], Verdict::Use(Label::Sick)),
            Clip { decision: Some(Decision::Sick), ..clip(&[], Verdict::Use(Label::Sick)) },
            Clip { obstacle: Some(Obstacle::NoAudioFile), ..clip(&[Flag::RatedPoor], Verdict::Use(Label::Sick)) },
        ];
        let tally = Tally::of(&[], clips.iter(), &LabelPolicy::default());
        let row = |flag| tally.flags.iter().find(|row| row.flag == flag).map(|row| (row.recordings, row.left_out));
        assert_eq!(row(Flag::Silent), Some((2, 1)), "one of them would be left out anyway");
        assert_eq!(row(Flag::RatedPoor), Some((2, 0)), "a row without a file is no recording");
        assert_eq!(row(Flag::Clipped), Some((0, 0)));
        assert_eq!(tally.flags.len(), Flag::ALL.len());
        assert_eq!(tally.by_hand, 1);
    }

    #[test]
    fn a_diagnosis_counts_what_has_it_and_what_is_used() {
        let said = |verdict| {
            let opinion = |diagnosis: &str| Opinion { diagnosis: diagnosis.into(), ..Opinion::default() };
            // Two experts who agree are still one recording.
            Clip { opinions: vec![opinion("COVID-19"), opinion("COVID-19"), opinion("")], ..clip(&[], verdict) }
        };
        let clips = [said(Verdict::Use(Label::Sick)), said(Verdict::Exclude(Reason::ByHand))];
        let tally = Tally::of(&[], clips.iter(), &LabelPolicy::default());
        let row = tally.diagnoses.iter().find(|row| row.diagnosis == "COVID-19").unwrap();
        assert_eq!((row.recordings, row.used), (2, 1));
        assert_eq!(tally.diagnoses.iter().map(|row| row.recordings).sum::<usize>(), 2);
    }

    #[test]
    fn the_scores_count_as_the_policy_does() {
        let scored = |score| Clip {
            cough_detected: score,
            ..Clip::new("a.webm".into(), SourceKind::Coughvid, PersonId("a".into()), "healthy")
        };
        let elsewhere = Clip { cough_detected: Some(0.9), ..clip(&[], Verdict::Use(Label::Sick)) };
        let clips = [scored(Some(0.95)), scored(None), scored(Some(0.8)), scored(Some(0.1)), elsewhere];
        let scores = Tally::of(&[], clips.iter(), &LabelPolicy::default()).cough_scores;
        assert_eq!(scores.recordings, 4);
        for bound in [0.0, 0.1, 0.5, 0.8, 0.81, 1.0] {
            let policy = LabelPolicy { min_cough_detected: bound, ..LabelPolicy::default() };
            let left_out = |clip: &Clip| {
                matches!(policy.decide(clip), Verdict::Exclude(Reason::CoughBelow(_) | Reason::CoughNotStated))
            };
            let coughvid = clips.iter().filter(|clip| clip.source == SourceKind::Coughvid);
            assert_eq!(scores.at_least(bound), coughvid.filter(|clip| !left_out(clip)).count(), "{bound}");
        }
    }
}
