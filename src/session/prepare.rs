//! What the network of a run is given: the inputs of every used recording, on all cores.

use std::ops::ControlFlow;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rayon::prelude::*;

use super::experiment::{Ending, RunEvent};
use crate::audio::{self, DecodeError};
use crate::data::features::Features;
use crate::data::fingerprint::ContentHash;
use crate::data::{Clip, Label, Sound};
use crate::models::inception::extractor::Extractor;
use crate::models::inception::fast::BackboneError;
use crate::spectrogram::{PaperConfig, SpectrogramConfig, paper};
use crate::train::feature_store::{FeatureStore, Origin};
use crate::train::{Embedding, Example, Input, Preparation, TrainConfig};

/// A recording whose input has been made, and its place among the used ones.
pub(super) struct Prepared<'a> {
    pub index: usize,
    pub clip: &'a Clip,
    pub example: Example,
}

/// A used recording that can no longer be read, and its place among the used ones.
pub(super) struct Failed<'a> {
    pub index: usize,
    pub clip: &'a Clip,
    pub reason: String,
}

/// Hears of events, and may stop the work.
pub(super) type Listener<'a> = &'a mut (dyn FnMut(RunEvent) -> ControlFlow<()> + Send);

/// A used recording, with its place among the used ones.
#[derive(Clone, Copy)]
struct Used<'a> {
    index: usize,
    clip: &'a Clip,
    label: Label,
}

/// Tells how far the work is, from any thread.
struct Progress<'a> {
    listener: Mutex<Listener<'a>>,
    done: AtomicUsize,
    total: usize,
}

impl<'a> Progress<'a> {
    fn new(listener: Listener<'a>, done: usize, total: usize) -> Self {
        Self { listener: Mutex::new(listener), done: AtomicUsize::new(done), total }
    }

    fn one_more(&self) -> ControlFlow<()> {
        let done = self.done.fetch_add(1, Ordering::Relaxed) + 1;
        // A poisoned lock means that a listener panicked; the figures of progress are not worth a second panic.
        match self.listener.lock() {
            Ok(mut listener) => listener(RunEvent::Preparing { done, total: self.total }),
            Err(_) => ControlFlow::Continue(()),
        }
    }
}

/// The inputs of every used recording, and the recordings that can no longer be read. Features of a frozen network are kept
/// below `features`, and those that are there already are not computed again.
///
/// # Errors
/// [`Ending`] when it is stopped, or features cannot be kept.
pub(super) fn prepare<'a>(
    clips: &'a [Arc<Clip>],
    config: &TrainConfig,
    preparation: &Preparation,
    features: &Path,
    on_event: Listener<'_>,
) -> Result<(Vec<Prepared<'a>>, Vec<Failed<'a>>), Ending> {
    let used: Vec<Used<'a>> = clips
        .iter()
        .enumerate()
        .filter_map(|(index, clip)| clip.verdict.label().map(|label| Used { index, clip, label }))
        .collect();
    if on_event(RunEvent::Preparing { done: 0, total: used.len() }).is_break() {
        return Err(Ending::Stopped);
    }
    let inputs = match preparation {
        Preparation::Levels(config) => levels(&used, config, on_event)?,
        Preparation::Frozen { extractor, picture } => {
            let origin = Origin::new(extractor.config(), *picture, config.feature_precision);
            let store = FeatureStore::open(features, &origin, extractor.length()).map_err(|error| error.to_string())?;
            frozen(&used, extractor, *picture, &Arc::new(store), on_event)?
        }
    };
    let (mut usable, mut failed) = (Vec::with_capacity(used.len()), Vec::new());
    for (Used { index, clip, label }, input) in used.into_iter().zip(inputs) {
        match input {
            Ok(input) => usable.push(Prepared { index, clip, example: Example { input, label } }),
            Err(reason) => failed.push(Failed { index, clip, reason }),
        }
    }
    Ok((usable, failed))
}

/// The used recordings that a frozen network has still to see.
pub(super) struct Missing {
    /// Them; empty where there is no frozen network.
    pub clips: Vec<Arc<Clip>>,
    /// How many.
    pub count: usize,
    /// What their features will take on disk.
    pub bytes: u64,
}

/// Counts the recordings whose features are not kept below `features` yet.
///
/// # Errors
/// A sentence for the person when the folder cannot be made.
pub(super) fn missing(
    clips: &[Arc<Clip>],
    config: &TrainConfig,
    preparation: &Preparation,
    features: &Path,
) -> Result<Missing, String> {
    let Preparation::Frozen { extractor, picture } = preparation else {
        return Ok(Missing { clips: Vec::new(), count: 0, bytes: 0 });
    };
    let origin = Origin::new(extractor.config(), *picture, config.feature_precision);
    let store = FeatureStore::open(features, &origin, extractor.length()).map_err(|error| error.to_string())?;
    let used = clips.iter().filter(|clip| clip.verdict.label().is_some());
    let clips: Vec<Arc<Clip>> = used.filter(|clip| kept(&store, clip).is_none()).cloned().collect();
    Ok(Missing { count: clips.len(), bytes: store.bytes_of(clips.len()), clips })
}

/// Under which hash the features of a recording are kept, if they are.
fn kept(store: &FeatureStore, clip: &Clip) -> Option<ContentHash> {
    match &clip.sound {
        Sound::Read(facts) => Some(facts.content).filter(|content| store.has(*content)),
        Sound::Unread | Sound::Unreadable(_) => None,
    }
}

/// What is made of each recording, or why it cannot be read.
type Inputs = Vec<Result<Input, String>>;

fn levels(used: &[Used<'_>], config: &SpectrogramConfig, on_event: Listener<'_>) -> Result<Inputs, Ending> {
    let progress = Progress::new(on_event, 0, used.len());
    let one = |used: &Used<'_>| {
        let outcome = Features::load(&used.clip.path, config);
        if progress.one_more().is_break() {
            return Err(Ending::Stopped);
        }
        Ok(outcome.map(Input::Levels).map_err(|error| error.to_string()))
    };
    used.par_iter().map(one).collect()
}

/// Why a recording has no features.
#[derive(Debug, thiserror::Error)]
enum Unfit {
    #[error(transparent)]
    Decode(#[from] DecodeError),
    #[error(transparent)]
    Backbone(#[from] BackboneError),
}

fn frozen(
    used: &[Used<'_>],
    extractor: &Extractor,
    picture: PaperConfig,
    store: &Arc<FeatureStore>,
    on_event: Listener<'_>,
) -> Result<Inputs, Ending> {
    let found: Vec<Option<Result<ContentHash, String>>> =
        used.iter().map(|used| kept(store, used.clip).map(Ok)).collect();
    let missing: Vec<usize> = (0..used.len()).filter(|&at| found.get(at).is_some_and(Option::is_none)).collect();
    let _ = on_event(RunEvent::Features {
        known: extractor.known().map(|known| known.about),
        missing: missing.len(),
        kept: used.len() - missing.len(),
        bytes: store.bytes_of(missing.len()),
    });
    let progress = Progress::new(on_event, used.len() - missing.len(), used.len());
    let (found, ended) = (Mutex::new(found), Mutex::new(None));
    extractor.each::<_, _, Unfit>(
        &missing,
        |&at| {
            let path = used.get(at).map(|used| used.clip.path.as_path()).unwrap_or(Path::new(""));
            let recording = audio::decode(path)?;
            // Of what was decoded now: the file may be another one than the study has read.
            Ok((ContentHash::of(&recording), paper::picture(&recording, &picture)))
        },
        |index, outcome| {
            let outcome = match outcome {
                Ok((recording, features)) => match store.put(recording, &features) {
                    Ok(()) => Ok(recording),
                    Err(error) => {
                        *held(&ended) = Some(Ending::Failed(error.to_string()));
                        return ControlFlow::Break(());
                    }
                },
                Err(error) => Err(error.to_string()),
            };
            if let Some(&at) = missing.get(index)
                && let Some(place) = held(&found).get_mut(at)
            {
                *place = Some(outcome);
            }
            progress.one_more().map_break(|()| *held(&ended) = Some(Ending::Stopped))
        },
    );
    if let Some(ending) = held(&ended).take() {
        return Err(ending);
    }
    let input = |outcome: Option<Result<ContentHash, String>>| {
        let recording = outcome.unwrap_or_else(|| Err("its features were not computed".to_owned()))?;
        Ok(Input::Embedding(Embedding::Stored { store: Arc::clone(store), recording }))
    };
    Ok(std::mem::take(&mut *held(&found)).into_iter().map(input).collect())
}

/// What a lock holds; a thread that panicked with it left it whole.
fn held<T>(lock: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    lock.lock().unwrap_or_else(PoisonError::into_inner)
}
