//! Recordings that two datasets have under different paths.

use std::collections::HashMap;

use super::sources::stem_of;
use super::{Clip, Obstacle, SourceKind};

/// The recordings of all copies of COUGHVID that are open, by uuid.
#[derive(Default)]
pub struct Uuids(HashMap<String, Owner>);

/// The copy in which a recording counts.
#[derive(Clone, Copy)]
struct Owner {
    copy: usize,
    /// Nothing else keeps its recording from being used there.
    is_usable: bool,
}

impl Uuids {
    /// The uuids of COUGHVID's recordings, each given with the number of its copy; those without a sound file do not count.
    /// A recording belongs to the first copy in which it could be used.
    pub fn of<'a>(coughvid: impl IntoIterator<Item = (usize, &'a Clip)>) -> Self {
        let mut owners: HashMap<String, Owner> = HashMap::new();
        let coughvid = coughvid.into_iter();
        for (copy, clip) in coughvid.filter(|(_, clip)| clip.source == SourceKind::Coughvid && clip.has_file()) {
            let is_usable = matches!(clip.obstacle, None | Some(Obstacle::InCoughvid));
            let owner = owners.entry(uuid(clip)).or_insert(Owner { copy, is_usable });
            if is_usable && !owner.is_usable {
                *owner = Owner { copy, is_usable };
            }
        }
        Self(owners)
    }

    /// The obstacle that `clip` of this copy or dataset has, with these open: a recording that COUGHVID has too would be
    /// learned from and tested on. Another obstacle stays as it is.
    #[must_use]
    pub fn obstacle_of(&self, copy: usize, clip: &Clip) -> Option<Obstacle> {
        let is_elsewhere = match clip.source {
            SourceKind::VirufyCdf => self.0.contains_key(&uuid(clip)),
            SourceKind::Coughvid if clip.has_file() => {
                self.0.get(&uuid(clip)).is_some_and(|owner| owner.is_usable && owner.copy != copy)
            }
            _ => return clip.obstacle.clone(),
        };
        match (&clip.obstacle, is_elsewhere) {
            (None, true) => Some(Obstacle::InCoughvid),
            (Some(Obstacle::InCoughvid), false) => None,
            (other, _) => other.clone(),
        }
    }
}

/// The name of the recording, whatever its container.
fn uuid(clip: &Clip) -> String {
    stem_of(&clip.path).to_lowercase()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::data::PersonId;

    fn clip(path: &str, source: SourceKind, obstacle: Option<Obstacle>) -> Clip {
        Clip { obstacle, ..Clip::new(path.into(), source, PersonId("p".into()), "") }
    }

    /// Marks the recordings of these datasets, and gives their obstacles.
    fn mark(datasets: &mut [&mut [Clip]]) -> Vec<Vec<Option<Obstacle>>> {
        let numbered = datasets.iter().enumerate();
        let uuids = Uuids::of(numbered.flat_map(|(copy, clips)| clips.iter().map(move |clip| (copy, clip))));
        for (copy, clips) in datasets.iter_mut().enumerate() {
            clips.iter_mut().for_each(|clip| clip.obstacle = uuids.obstacle_of(copy, clip));
        }
        datasets.iter().map(|clips| clips.iter().map(|clip| clip.obstacle.clone()).collect()).collect()
    }

    #[test]
    fn the_mark_comes_with_coughvid_and_goes_with_it() {
        use SourceKind::{Coswara, Coughvid, VirufyCdf};
        let absent = Some(Obstacle::NoAudioFile);
        let mut cdf = [
            clip("cdf/AA.ogg", VirufyCdf, None),
            clip("cdf/bb.webm", VirufyCdf, None),
            clip("cdf/cc.webm", VirufyCdf, None),
            clip("cdf/aa.webm", VirufyCdf, Some(Obstacle::InferredResult)),
        ];
        let mut coughvid = [clip("c/aa.webm", Coughvid, None), clip("c/bb", Coughvid, absent.clone())];
        let mut coswara = [clip("x/cc.wav", Coswara, None)];
        let obstacles = mark(&mut [&mut cdf, &mut coughvid, &mut coswara]);
        assert_eq!(obstacles[0], [Some(Obstacle::InCoughvid), None, None, Some(Obstacle::InferredResult)]);
        assert_eq!(obstacles[1], [None, absent]);
        let obstacles = mark(&mut [&mut cdf, &mut coswara]);
        assert_eq!(obstacles[0], [None, None, None, Some(Obstacle::InferredResult)]);
    }

    #[test]
    fn of_two_copies_of_coughvid_each_recording_counts_in_one() {
        use SourceKind::Coughvid;
        let nameless = Some(Obstacle::NotInTable);
        let mut webm = [
            clip("v2/aa.webm", Coughvid, None),
            clip("v2/bb.webm", Coughvid, nameless.clone()),
            clip("v2/cc", Coughvid, Some(Obstacle::NoAudioFile)),
            clip("v2/dd.webm", Coughvid, nameless.clone()),
        ];
        let mut wav = [
            clip("v3/AA.wav", Coughvid, None),
            clip("v3/bb.wav", Coughvid, None),
            clip("v3/cc.wav", Coughvid, None),
            clip("v3/dd.wav", Coughvid, nameless.clone()),
        ];
        let repeat = Some(Obstacle::InCoughvid);
        for _ in 0..2 {
            let obstacles = mark(&mut [&mut webm, &mut wav]);
            assert_eq!(obstacles[0], [None, nameless.clone(), Some(Obstacle::NoAudioFile), nameless.clone()]);
            assert_eq!(obstacles[1], [repeat.clone(), None, None, nameless.clone()]);
        }
        assert_eq!(mark(&mut [&mut wav])[0], [None, None, None, nameless], "the other copy is gone");
    }
}
