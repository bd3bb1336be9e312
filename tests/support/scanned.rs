//! Datasets with their sounds, each as it is read alone: a whole study also puts copies together.

use std::ops::ControlFlow;
use std::path::PathBuf;

use coughscope::data::scan::{Measured, Scan, ScanError, SourceScan, read_all};
use coughscope::data::split::SplitConfig;
use coughscope::data::study::{SourceView, Study};
use coughscope::data::{Clip, LabelPolicy};

/// Reads the datasets in these folders, and every sound that `policy` wants.
pub fn scan(paths: &[PathBuf], policy: &LabelPolicy) -> Result<Scan, ScanError> {
    let Scan { sources, problems } = read_all(paths, &|_| ControlFlow::Continue(()))?;
    let mut study = Study::new(policy.clone(), SplitConfig::default());
    for source in sources {
        study.add(source, None);
    }
    for todo in study.todo() {
        study.set_sound(&todo, Measured::of(&todo.path).sound);
    }
    let view = study.view();
    let scanned = |(source, clips): (&SourceView, &[std::sync::Arc<Clip>])| SourceScan {
        kind: source.kind,
        root: source.root.clone(),
        clips: clips.iter().map(|clip| Clip::clone(clip)).collect(),
        notes: source.notes.clone(),
    };
    Ok(Scan { sources: view.clips_by_source().map(scanned).collect(), problems })
}
