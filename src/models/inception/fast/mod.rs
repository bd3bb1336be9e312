//! The forward pass of InceptionV3 on the processor.
//!
//! Maps have their channels last, and a picture comes in the same way (`[height, width, 3]`): an image already lies so
//! in memory, a pixel's channels fill whole vectors, and a 1x1 convolution is a product of matrices without any copy.
//! Branches write into their channels of the joint result at once. Stride-one kernels of 3, 5 and 7 are transformed
//! (`winograd.rs`); batch normalisation, bias and ReLU cost nothing of their own.

mod conv;
mod gemm;
mod map;
mod pool;
mod steps;
mod transform;
mod winograd;

use std::sync::Arc;

use pulp::Arch;

pub use self::map::Workspace;
use self::steps::{Run, Step, Work};
use super::plan::{PICTURE_CHANNELS, Plan};
use super::weights::{Weights, WeightsError};
use super::{AveragePool, Size};

/// What a backbone is built for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Settings {
    /// Size of every picture.
    pub picture: Size,
    /// How means at the border are formed.
    pub average_pool: AveragePool,
    /// Threads that share the work on one picture.
    pub threads: usize,
}

/// A backbone could not be built or run.
#[derive(Debug, thiserror::Error)]
pub enum BackboneError {
    /// The picture is too small for the network.
    #[error(
        "the picture is {}x{} pixels, and the network needs at least 75x75: choose a larger picture",
        .0.width, .0.height
    )]
    TooSmall(Size),
    /// A picture does not have the size that the backbone was built for.
    #[error("the picture holds {found} numbers and not {wanted}: every picture needs the same size and three colours")]
    WrongPicture {
        /// Numbers that came.
        found: usize,
        /// Numbers that the backbone was built for.
        wanted: usize,
    },
    /// The weights do not fit.
    #[error(transparent)]
    Weights(#[from] WeightsError),
    /// The operating system gave no threads.
    #[error("no threads could be started for the network: {0}")]
    Threads(#[from] rayon::ThreadPoolBuildError),
}

/// The features of one picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Features {
    /// Rows and columns of the map.
    pub size: Size,
    /// 2048 in the full network.
    pub channels: usize,
    /// `[height, width, channels]`, as Keras flattens it; no units, none negative.
    pub values: Vec<f32>,
}

impl Features {
    /// `[channels, height, width]`, as PyTorch flattens it.
    pub fn channels_first(&self) -> Vec<f32> {
        let channel = |channel: usize| self.values.iter().skip(channel).step_by(self.channels).copied();
        (0..self.channels).flat_map(channel).collect()
    }

    /// The mean over the map, one number a channel: global average pooling.
    pub fn mean(&self) -> Vec<f32> {
        let mut sums = vec![0.0_f64; self.channels];
        for pixel in self.values.chunks_exact(self.channels) {
            for (sum, value) in sums.iter_mut().zip(pixel) {
                *sum += f64::from(*value);
            }
        }
        sums.iter().map(|sum| (sum / self.size.pixels() as f64) as f32).collect()
    }
}

/// InceptionV3 with its weights, packed for this processor and one size of picture.
pub struct Backbone {
    steps: Arc<[Step]>,
    settings: Settings,
    arch: Arch,
    scratch: usize,
    pool: rayon::ThreadPool,
}

impl Backbone {
    /// Packs `weights` for `plan`.
    ///
    /// # Errors
    /// [`BackboneError`] when the picture is too small, a tensor is missing or has another shape, or no thread starts.
    pub fn new(plan: &Plan, weights: &Weights, settings: Settings) -> Result<Self, BackboneError> {
        Self::for_arch(Arch::new(), plan, weights, settings)
    }

    /// As [`new`](Self::new), with the instructions of `arch`.
    fn for_arch(arch: Arch, plan: &Plan, weights: &Weights, settings: Settings) -> Result<Self, BackboneError> {
        let steps = Step::all(plan, weights, settings, gemm::lanes(arch))?;
        let scratch = steps.iter().map(Step::scratch).max().unwrap_or(0);
        let settings = Settings { threads: settings.threads.max(1), ..settings };
        let pool = threads(settings.threads)?;
        Ok(Self { steps: steps.into(), settings, arch, scratch, pool })
    }

    /// Another one with the same packed weights and threads of its own, for a second picture at the same time.
    ///
    /// # Errors
    /// [`BackboneError::Threads`] when no thread starts.
    pub fn beside(&self) -> Result<Self, BackboneError> {
        let pool = threads(self.settings.threads)?;
        Ok(Self {
            steps: Arc::clone(&self.steps),
            settings: self.settings,
            arch: self.arch,
            scratch: self.scratch,
            pool,
        })
    }

    /// Memory for the maps of one picture at a time. It grows with the first picture and is then used again.
    pub fn workspace(&self) -> Workspace {
        Workspace::new(self.settings.threads, self.scratch)
    }

    /// Bytes of the packed weights.
    pub fn bytes(&self) -> usize {
        self.steps.iter().map(Step::bytes).sum()
    }

    /// The features of one `picture`: `[height, width, 3]`, each colour from 0 to 1 or as the weights expect it.
    ///
    /// # Errors
    /// [`BackboneError::WrongPicture`] when its length is not that of the size the backbone was built for.
    pub fn features(&self, picture: &[f32], memory: &mut Workspace) -> Result<Features, BackboneError> {
        let wanted = self.settings.picture.pixels() * PICTURE_CHANNELS;
        if picture.len() != wanted {
            return Err(BackboneError::WrongPicture { found: picture.len(), wanted });
        }
        let Workspace { buffers, scratch } = memory;
        let work = Work { arch: self.arch, threads: self.settings.threads, scratch };
        Ok(self.pool.install(|| {
            let mut map = buffers.take_picture(self.settings.picture);
            map.values.copy_from_slice(picture);
            let map = Run { work, buffers: &mut *buffers }.all(&self.steps, map);
            let pixels = map.values.chunks_exact(map.stride);
            let values = pixels.flat_map(|pixel| &pixel[..map.channels]).copied().collect();
            let features = Features { size: map.size, channels: map.channels, values };
            buffers.give(map);
            features
        }))
    }
}

fn threads(count: usize) -> Result<rayon::ThreadPool, BackboneError> {
    let builder = rayon::ThreadPoolBuilder::new().num_threads(count);
    Ok(builder.thread_name(|index| format!("features {index}")).build()?)
}

#[cfg(test)]
pub(super) mod tests {
    use std::path::Path;

    use safetensors::SafeTensors;

    use super::*;

    /// A network with a sixteenth of the channels and its features, written by `reduced.py` beside it.
    pub const REDUCED: &[u8] = include_bytes!("../../../../tests/fixtures/inception/reduced.safetensors");

    const PICTURE: Size = Size { height: 139, width: 203 };

    /// The instructions of this processor, and those of lesser ones.
    pub fn architectures() -> Vec<Arch> {
        #[cfg(target_arch = "x86_64")]
        let lesser = pulp::x86::V3::try_new().map(Arch::V3);
        #[cfg(not(target_arch = "x86_64"))]
        let lesser = None;
        [Some(Arch::new()), lesser, Some(Arch::Scalar)].into_iter().flatten().collect()
    }

    /// The picture of `network.py`.
    fn picture(size: Size) -> Vec<f32> {
        let at = |y: usize, x: usize, c: usize| ((y * 7 + x * 13 + c * 29 + y * x + (y * x) / 31) % 256) as f32 / 255.0;
        let places = (0..size.height).flat_map(|y| (0..size.width).map(move |x| (y, x)));
        places.flat_map(|(y, x)| (0..PICTURE_CHANNELS).map(move |c| at(y, x, c))).collect()
    }

    fn reduced(arch: Arch, average_pool: AveragePool, threads: usize) -> Backbone {
        let plan = Plan::new(16);
        let weights = Weights::parse(REDUCED, Path::new("reduced.safetensors"), &plan).unwrap();
        Backbone::for_arch(arch, &plan, &weights, Settings { picture: PICTURE, average_pool, threads }).unwrap()
    }

    #[test]
    fn features_are_those_of_pytorch_under_both_rules() {
        let golden = SafeTensors::deserialize(REDUCED).unwrap();
        let rules = [
            (AveragePool::CountsPadding, "features.counts_padding"),
            (AveragePool::SkipsPadding, "features.skips_padding"),
        ];
        for (rule, name) in rules {
            let tensor = golden.tensor(name).unwrap();
            let expected: Vec<f32> =
                tensor.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect();
            let largest = expected.iter().copied().fold(0.0, f32::max);
            for arch in architectures() {
                let backbone = reduced(arch, rule, 2);
                let features = backbone.features(&picture(PICTURE), &mut backbone.workspace()).unwrap();
                assert_eq!([features.size.height, features.size.width, features.channels], *tensor.shape());
                for (value, expected) in features.values.iter().zip(&expected) {
                    let off = (value - expected).abs() / largest;
                    assert!(off < 1e-5, "{name} {arch:?}: {value} for {expected}");
                }
            }
        }
    }

    #[test]
    fn a_second_picture_uses_the_memory_of_the_first_and_threads_change_no_bit() {
        let one = reduced(Arch::new(), AveragePool::CountsPadding, 1);
        let three = reduced(Arch::new(), AveragePool::CountsPadding, 3);
        let (mut memory, mut shared) = (one.workspace(), three.workspace());
        let first = one.features(&picture(PICTURE), &mut memory).unwrap();
        let held = memory.bytes();
        let dark: Vec<f32> = picture(PICTURE).iter().map(|value| value / 2.0).collect();
        assert_ne!(one.features(&dark, &mut memory).unwrap(), first);
        assert_eq!(one.features(&picture(PICTURE), &mut memory).unwrap(), first);
        assert_eq!(memory.bytes(), held);
        assert_eq!(three.features(&picture(PICTURE), &mut shared).unwrap(), first);
    }

    #[test]
    fn features_turn_and_pool() {
        let features =
            Features { size: Size { height: 1, width: 2 }, channels: 3, values: vec![1., 2., 3., 5., 6., 7.] };
        assert_eq!(features.channels_first(), [1., 5., 2., 6., 3., 7.]);
        assert_eq!(features.mean(), [3., 4., 5.]);
    }

    #[test]
    fn pictures_of_another_size_are_refused() {
        let plan = Plan::new(16);
        let weights = Weights::parse(REDUCED, Path::new("reduced.safetensors"), &plan).unwrap();
        let settings = |height| Settings {
            picture: Size { height, width: 90 },
            average_pool: AveragePool::CountsPadding,
            threads: 1,
        };
        let small = Backbone::new(&plan, &weights, settings(74)).err().map(|error| error.to_string());
        assert!(small.is_some_and(|message| message.contains("90x74 pixels") && message.contains("75x75")));
        let backbone = Backbone::new(&plan, &weights, settings(75)).unwrap();
        let mut memory = backbone.workspace();
        let wrong = backbone.features(&[0.0; 10], &mut memory).unwrap_err().to_string();
        assert!(wrong.contains("10 numbers and not 20250"), "{wrong}");
        let full = Backbone::new(&Plan::new(1), &weights, settings(75)).err().map(|error| error.to_string());
        assert!(full.is_some_and(|message| message.contains("Conv2d_1a_3x3.conv.weight")));
    }
}
