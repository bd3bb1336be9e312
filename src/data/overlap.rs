//! Recordings that two datasets have under different paths.

use std::collections::HashSet;

use super::sources::stem_of;
use super::{Clip, Obstacle, SourceKind};

/// Marks the recordings of Virufy's CDF that COUGHVID has too, and removes the mark from those that it has no longer.
///
/// `clips` are those of all open datasets. The CDF's recordings are COUGHVID's under the same uuid, so with both open one
/// sound would be learned from and tested on. Another obstacle stays as it is.
pub fn mark_recordings_in_coughvid<'a>(clips: impl IntoIterator<Item = &'a mut Clip>) {
    let (of_cdf, others): (Vec<&mut Clip>, Vec<&mut Clip>) =
        clips.into_iter().partition(|clip| clip.source == SourceKind::VirufyCdf);
    let in_coughvid: HashSet<String> = others
        .iter()
        .filter(|clip| clip.source == SourceKind::Coughvid && clip.has_file())
        .map(|clip| uuid(clip))
        .collect();
    for clip in of_cdf {
        match (&clip.obstacle, in_coughvid.contains(&uuid(clip))) {
            (None, true) => clip.obstacle = Some(Obstacle::InCoughvid),
            (Some(Obstacle::InCoughvid), false) => clip.obstacle = None,
            _ => {}
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
