//! Recordings that two datasets have under different paths.

use std::collections::HashSet;

use super::sources::stem_of;
use super::{Clip, Obstacle, SourceKind};

/// The recordings that COUGHVID has.
pub struct Uuids(HashSet<String>);

impl Uuids {
    /// The uuids of COUGHVID's recordings; those without a sound file do not count.
    pub fn of<'a>(coughvid: impl Iterator<Item = &'a Clip>) -> Self {
        Self(coughvid.filter(|clip| clip.source == SourceKind::Coughvid && clip.has_file()).map(uuid).collect())
    }

    /// The obstacle that `clip` has, with these open: a recording of Virufy's CDF that COUGHVID has too would be learned
    /// from and tested on. Another obstacle stays as it is.
    #[must_use]
    pub fn obstacle_of(&self, clip: &Clip) -> Option<Obstacle> {
        if clip.source != SourceKind::VirufyCdf {
            return clip.obstacle.clone();
        }
        match (&clip.obstacle, self.0.contains(&uuid(clip))) {
            (None, true) => Some(Obstacle::InCoughvid),
            (Some(Obstacle::InCoughvid), false) => None,
            (other, _) => other.clone(),
        }
    }
}

/// Marks the recordings of Virufy's CDF that COUGHVID has too, and removes the mark from those that it has no longer.
/// `clips` are those of all open datasets.
pub fn mark_recordings_in_coughvid<'a>(clips: impl IntoIterator<Item = &'a mut Clip>) {
    let clips: Vec<&mut Clip> = clips.into_iter().collect();
    let uuids = Uuids::of(clips.iter().map(|clip| &**clip));
    for clip in clips {
        clip.obstacle = uuids.obstacle_of(clip);
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
        mark_recordings_in_coughvid(cdf.iter_mut().chain(&mut coughvid).chain(&mut coswara));
        let obstacles = |clips: &[Clip]| clips.iter().map(|clip| clip.obstacle.clone()).collect::<Vec<_>>();
        assert_eq!(obstacles(&cdf), [Some(Obstacle::InCoughvid), None, None, Some(Obstacle::InferredResult)]);
        assert_eq!(obstacles(&coughvid), [None, absent]);
        mark_recordings_in_coughvid(cdf.iter_mut().chain(&mut coswara));
        assert_eq!(obstacles(&cdf), [None, None, None, Some(Obstacle::InferredResult)]);
    }
}
