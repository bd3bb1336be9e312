//! Many pictures through the frozen network, several at a time.

use std::num::NonZeroUsize;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use image::RgbImage;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

use super::fast::{Backbone, BackboneError, Settings, Workspace};
use super::plan::Plan;
use super::weights::{KnownFile, Weights};
use super::{AveragePool, FeaturePool, Size};
use crate::data::path_text;

/// The frozen network of a run: which weights, and what is kept of its features.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
pub struct ExtractorConfig {
    /// The file of weights that the user named, as [`path_text`] writes it; empty before one is named.
    pub weights: String,
    /// SHA-256 of that file, in hexadecimal digits; empty before it was read. Another file of that name is refused.
    pub sha256: String,
    /// How means at the border of a map are formed. Default: as torchvision does, whose files are read.
    pub average_pool: AveragePool,
    /// What is kept of the map of features. Default: all of it, as in the paper.
    pub pool: FeaturePool,
}

/// A frozen network could not be made ready.
#[derive(Debug, thiserror::Error)]
pub enum ExtractorError {
    /// No file of weights is named.
    #[error(
        "the frozen InceptionV3 needs a file of weights, and none is named: download model.safetensors from \
         https://huggingface.co/timm/inception_v3.tv_in1k (torchvision's ImageNet weights) and name it"
    )]
    NoWeights,
    /// The file is another one than the run was trained with.
    #[error(
        "these are other weights than the network was trained with: the file's SHA-256 begins with {found} and not with \
         {wanted}; name the file that was used ({})", path.display()
    )]
    OtherWeights {
        /// What the file has.
        found: String,
        /// What the run was trained with.
        wanted: String,
        /// The file.
        path: PathBuf,
    },
    /// The network cannot be built or run.
    #[error(transparent)]
    Backbone(#[from] BackboneError),
}

impl From<super::weights::WeightsError> for ExtractorError {
    fn from(error: super::weights::WeightsError) -> Self {
        Self::Backbone(error.into())
    }
}

/// The frozen network, ready for pictures of one size.
pub struct Extractor {
    /// One for each picture that is worked on at the same time; at least one.
    workers: Vec<Backbone>,
    picture: Size,
    config: ExtractorConfig,
    known: Option<&'static KnownFile>,
    length: usize,
}

/// Pictures at the same time need some 170 MB each, so that more threads share one instead.
const MOST_PICTURES: usize = 4;

impl Extractor {
    /// Reads the weights that `config` names, for pictures of `picture`, on all cores. Takes about a second.
    ///
    /// # Errors
    /// [`ExtractorError`] when no file is named, it is another one than `config` says, or does not hold the network.
    pub fn open(config: &ExtractorConfig, picture: Size) -> Result<Self, ExtractorError> {
        if config.weights.is_empty() {
            return Err(ExtractorError::NoWeights);
        }
        let path = path_text::meant(&config.weights, Path::new(""));
        let plan = Plan::new(1);
        let weights = Weights::read(&path, &plan)?;
        Self::with_weights(config, picture, &plan, &weights, &path)
    }

    fn with_weights(
        config: &ExtractorConfig,
        picture: Size,
        plan: &Plan,
        weights: &Weights,
        path: &Path,
    ) -> Result<Self, ExtractorError> {
        if !config.sha256.is_empty() && config.sha256 != weights.sha256() {
            let begin = |digits: &str| digits.chars().take(12).collect();
            let (found, wanted) = (begin(weights.sha256()), begin(&config.sha256));
            return Err(ExtractorError::OtherWeights { found, wanted, path: path.to_owned() });
        }
        let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get);
        let pictures = cores.min(MOST_PICTURES);
        let settings = Settings { picture, average_pool: config.average_pool, threads: cores / pictures };
        let first = Backbone::new(plan, weights, settings)?;
        let others = (1..pictures).map(|_| first.beside()).collect::<Result<Vec<_>, _>>()?;
        let map = plan.result(picture).map_or(0, Size::pixels);
        let length = match config.pool {
            FeaturePool::None => map * plan.channels(),
            FeaturePool::Mean => plan.channels(),
        };
        let config = ExtractorConfig { sha256: weights.sha256().to_owned(), ..config.clone() };
        let workers = std::iter::once(first).chain(others).collect();
        Ok(Self { workers, picture, config, known: weights.known(), length })
    }

    /// Its settings, with the checksum of the weights.
    #[must_use]
    pub fn config(&self) -> &ExtractorConfig {
        &self.config
    }

    /// Which published file the weights are; none for any other.
    #[must_use]
    pub fn known(&self) -> Option<&'static KnownFile> {
        self.known
    }

    /// Size of the pictures that it takes.
    #[must_use]
    pub fn picture(&self) -> Size {
        self.picture
    }

    /// How many numbers it makes of a picture.
    #[must_use]
    pub fn length(&self) -> usize {
        self.length
    }

    /// The features of one picture; no units. Shape: `[length]`, `[height, width, channels]` flattened unless pooled.
    ///
    /// # Errors
    /// [`BackboneError::WrongPicture`] when the picture has another size.
    pub fn features(&self, picture: &RgbImage) -> Result<Vec<f32>, BackboneError> {
        match self.workers.first() {
            Some(worker) => self.on(worker, picture, &mut worker.workspace()),
            None => Ok(Vec::new()),
        }
    }

    fn on(&self, worker: &Backbone, picture: &RgbImage, memory: &mut Workspace) -> Result<Vec<f32>, BackboneError> {
        let (width, height) = (picture.width() as usize, picture.height() as usize);
        if (Size { height, width }) != self.picture {
            let wanted = 3 * self.picture.pixels();
            return Err(BackboneError::WrongPicture { found: picture.as_raw().len(), wanted });
        }
        // The paper scales by 1/255, and nothing else.
        let values: Vec<f32> = picture.as_raw().iter().map(|&colour| f32::from(colour) / 255.0).collect();
        let features = worker.features(&values, memory)?;
        Ok(match self.config.pool {
            FeaturePool::None => features.values,
            FeaturePool::Mean => features.mean(),
        })
    }

    /// The features of `items`, on all cores: `picture` draws one, with whatever its key is; `take` gets the index of an item,
    /// its key and its features. Both are called from several threads, in any order; `take` may stop the work.
    pub fn each<T: Sync, K, E: From<BackboneError>>(
        &self,
        items: &[T],
        picture: impl Fn(&T) -> Result<(K, RgbImage), E> + Sync,
        take: impl Fn(usize, Result<(K, Vec<f32>), E>) -> ControlFlow<()> + Sync,
    ) {
        let (next, stopped) = (AtomicUsize::new(0), AtomicBool::new(false));
        self.workers.par_iter().for_each(|worker| {
            let mut memory = worker.workspace();
            while !stopped.load(Ordering::Relaxed) {
                let index = next.fetch_add(1, Ordering::Relaxed);
                let Some(item) = items.get(index) else { return };
                let features =
                    picture(item).and_then(|(key, picture)| Ok((key, self.on(worker, &picture, &mut memory)?)));
                if take(index, features).is_break() {
                    stopped.store(true, Ordering::Relaxed);
                }
            }
        });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;
    use crate::models::inception::fast::tests::REDUCED;

    const PICTURE: Size = Size { height: 90, width: 120 };

    fn reduced(config: &ExtractorConfig) -> Result<Extractor, ExtractorError> {
        let (plan, path) = (Plan::new(16), Path::new("reduced.safetensors"));
        let weights = Weights::parse(REDUCED, path, &plan).unwrap();
        Extractor::with_weights(config, PICTURE, &plan, &weights, path)
    }

    fn picture(seed: u8) -> RgbImage {
        RgbImage::from_fn(PICTURE.width as u32, PICTURE.height as u32, |x, y| {
            image::Rgb([(x * 3) as u8 ^ seed, (y * 5) as u8, seed])
        })
    }

    #[test]
    fn many_pictures_at_a_time_give_what_one_gives() {
        for pool in [FeaturePool::None, FeaturePool::Mean] {
            let extractor = reduced(&ExtractorConfig { pool, ..ExtractorConfig::default() }).unwrap();
            let items: Vec<u8> = (0..9).collect();
            let found = Mutex::new(vec![Vec::new(); items.len()]);
            extractor.each::<_, _, BackboneError>(
                &items,
                |&seed| Ok((seed, picture(seed))),
                |index, outcome| {
                    let (seed, features) = outcome.unwrap();
                    assert_eq!(usize::from(seed), index);
                    found.lock().unwrap()[index] = features;
                    ControlFlow::Continue(())
                },
            );
            for (seed, features) in items.iter().zip(found.into_inner().unwrap()) {
                assert_eq!(features, extractor.features(&picture(*seed)).unwrap());
                assert_eq!(features.len(), extractor.length());
            }
        }
    }

    #[test]
    fn it_stops_when_told_and_names_what_fails() {
        let extractor = reduced(&ExtractorConfig::default()).unwrap();
        let taken = AtomicUsize::new(0);
        extractor.each::<_, _, BackboneError>(
            &[0_u8; 1_000],
            |&seed| Ok(((), picture(seed))),
            |_, _| {
                taken.fetch_add(1, Ordering::Relaxed);
                ControlFlow::Break(())
            },
        );
        assert!((1..=MOST_PICTURES).contains(&taken.into_inner()));
        let failures = AtomicUsize::new(0);
        extractor.each::<_, (), BackboneError>(
            &[0_u8; 3],
            |_| Ok(((), RgbImage::new(80, 80))),
            |_, features| {
                assert!(matches!(features, Err(BackboneError::WrongPicture { found: 19_200, wanted: 32_400 })));
                failures.fetch_add(1, Ordering::Relaxed);
                ControlFlow::Continue(())
            },
        );
        assert_eq!(failures.into_inner(), 3);
    }

    #[test]
    fn other_weights_and_none_are_refused() {
        let ready = reduced(&ExtractorConfig::default()).unwrap().config().clone();
        assert_eq!(ready.sha256.len(), 64);
        assert!(reduced(&ready).is_ok(), "the same file");
        let error = reduced(&ExtractorConfig { sha256: "0123456789abcdef".into(), ..ready }).err().unwrap().to_string();
        assert!(error.contains("not with 0123456789ab;") && error.ends_with("(reduced.safetensors)"), "{error}");
        let error = Extractor::open(&ExtractorConfig::default(), PICTURE).err().unwrap().to_string();
        assert!(error.contains("none is named") && error.contains("https://"), "{error}");
    }
}
