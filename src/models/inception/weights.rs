//! A file of weights: what is in it, whether it is one that is published, and batch normalisation folded into kernels.
//!
//! A `.safetensors` file as torchvision's or timm's tensors are named is read, in single or half precision. A `.pth` is
//! a pickle, which is a program; it is not run here, and the message says how to convert it.

use std::collections::HashMap;
use std::path::{Path, PathBuf};

use safetensors::{Dtype, SafeTensors};
use sha2::{Digest, Sha256};

use super::plan::{BATCH_NORM_EPSILON, Conv, Plan, Wanted, wanted};
use crate::files::FileError;

/// A file of weights could not be used.
#[derive(Debug, thiserror::Error)]
pub enum WeightsError {
    /// The file could not be read.
    #[error(transparent)]
    File(#[from] FileError),
    /// Not a `.safetensors` file, or a damaged one.
    #[error(
        "this is no readable safetensors file: {reason}. Name a .safetensors file of InceptionV3, or convert yours \
         with torch and safetensors in Python ({})", path.display()
    )]
    Format {
        /// What the reader says.
        reason: String,
        /// Which file.
        path: PathBuf,
    },
    /// Tensors of the network are not there.
    #[error(
        "{missing} of {wanted} tensors of InceptionV3 are missing, the first is {first}: name a file of this network \
         ({})", path.display()
    )]
    Missing {
        /// Name of the first that is missing.
        first: String,
        /// How many are missing.
        missing: usize,
        /// How many the network has.
        wanted: usize,
        /// Which file.
        path: PathBuf,
    },
    /// A tensor has another shape.
    #[error("tensor {name} has the shape {found:?}, and InceptionV3 has {wanted:?}: name a file of this network ({})", path.display())]
    Shape {
        /// Its name.
        name: String,
        /// Shape in the file.
        found: Vec<usize>,
        /// Shape in the network.
        wanted: Vec<usize>,
        /// Which file.
        path: PathBuf,
    },
    /// A tensor holds another kind of number.
    #[error("tensor {name} holds {found} numbers, and only F32 and F16 are read: convert the file to F32 ({})", path.display())]
    Numbers {
        /// Its name.
        name: String,
        /// The kind of number.
        found: String,
        /// Which file.
        path: PathBuf,
    },
    /// A tensor holds a number that no trained network has.
    #[error("tensor {name} holds a number that is infinite, undefined or a negative variance: the file is damaged ({})", path.display())]
    Values {
        /// Its name.
        name: String,
        /// Which file.
        path: PathBuf,
    },
}

/// A published file of weights.
#[derive(Debug, PartialEq, Eq)]
pub struct KnownFile {
    /// Its name where it is published.
    pub file: &'static str,
    /// Where it is published.
    pub page: &'static str,
    /// Its SHA-256 in hexadecimal digits, as many as are published.
    pub sha256: &'static str,
    /// What the weights are.
    pub about: &'static str,
}

/// The published files whose checksum is public. Any other file may be used too, and is called unknown.
pub const KNOWN_FILES: &[KnownFile] = &[
    KnownFile {
        file: "model.safetensors",
        page: "https://huggingface.co/timm/inception_v3.tv_in1k",
        sha256: "9c452c63a67fd03a38a78c401ba12d4be0e926df63c93403de3a29f6df20fefb",
        about: "torchvision's ImageNet weights as timm publishes them",
    },
    KnownFile {
        file: "inception_v3_google-0cc3c7bd.pth",
        page: "https://download.pytorch.org/models/inception_v3_google-0cc3c7bd.pth",
        // PyTorch names its files by the first eight digits, and checks those.
        sha256: "0cc3c7bd",
        about: "torchvision's ImageNet weights",
    },
    KnownFile {
        file: "inception_v3_google-1a9a5a14.pth",
        page: "https://download.pytorch.org/models/inception_v3_google-1a9a5a14.pth",
        sha256: "1a9a5a14f40645a370184bd54f4e8e631351e71399112b43ad0294a79da290c8",
        about: "torchvision's ImageNet weights, in the file of before 2021",
    },
];

/// One tensor.
struct Tensor {
    shape: Vec<usize>,
    values: Vec<f32>,
}

/// The weights of one network, all there and of the right shape.
pub struct Weights {
    tensors: HashMap<String, Tensor>,
    path: PathBuf,
    sha256: String,
}

/// Kernel and bias of a convolution, with its batch normalisation folded into them.
pub struct Folded {
    /// `[out, in, height, width]`.
    pub kernel: Vec<f32>,
    /// `[out]`.
    pub bias: Vec<f32>,
}

impl Weights {
    /// Reads the weights of `plan` from a `.safetensors` file; tensors that the plan does not name are left alone.
    ///
    /// # Errors
    /// [`WeightsError`] when the file cannot be read, is of another kind, or does not hold the network.
    pub fn read(path: &Path, plan: &Plan) -> Result<Self, WeightsError> {
        let bytes = std::fs::read(path).map_err(FileError::at("reading the weights", path))?;
        Self::parse(&bytes, path, plan)
    }

    /// As [`read`](Self::read), from bytes; `path` is for messages.
    pub(super) fn parse(bytes: &[u8], path: &Path, plan: &Plan) -> Result<Self, WeightsError> {
        let file = SafeTensors::deserialize(bytes)
            .map_err(|error| WeightsError::Format { reason: error.to_string(), path: path.to_owned() })?;
        let wanted = plan.wanted();
        let missing: Vec<&Wanted> = wanted.iter().filter(|wanted| file.tensor(&wanted.name).is_err()).collect();
        if let Some(first) = missing.first() {
            let (first, missing) = (first.name.clone(), missing.len());
            return Err(WeightsError::Missing { first, missing, wanted: wanted.len(), path: path.to_owned() });
        }
        let mut tensors = HashMap::new();
        for Wanted { name, shape } in wanted {
            let Ok(view) = file.tensor(&name) else { continue };
            if view.shape() != shape {
                let found = view.shape().to_vec();
                return Err(WeightsError::Shape { name, found, wanted: shape, path: path.to_owned() });
            }
            let values: Vec<f32> = match view.dtype() {
                Dtype::F32 => view.data().as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect(),
                Dtype::F16 => {
                    view.data().as_chunks().0.iter().map(|bytes| half::f16::from_le_bytes(*bytes).to_f32()).collect()
                }
                other => {
                    return Err(WeightsError::Numbers { name, found: format!("{other:?}"), path: path.to_owned() });
                }
            };
            let lowest = if name.ends_with("running_var") { 0.0 } else { f32::NEG_INFINITY };
            if values.iter().any(|value| !value.is_finite() || *value < lowest) {
                return Err(WeightsError::Values { name, path: path.to_owned() });
            }
            tensors.insert(name, Tensor { shape, values });
        }
        let sha256 = Sha256::digest(bytes).iter().map(|byte| format!("{byte:02x}")).collect();
        Ok(Self { tensors, path: path.to_owned(), sha256 })
    }

    /// SHA-256 of the file, in hexadecimal digits.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// Which published file this is; none for any other.
    pub fn known(&self) -> Option<&'static KnownFile> {
        KNOWN_FILES.iter().find(|known| self.sha256.starts_with(known.sha256))
    }

    /// Kernel and bias of `conv`.
    ///
    /// # Errors
    /// [`WeightsError::Missing`] or [`WeightsError::Shape`] when the weights were read for another plan.
    pub fn folded(&self, conv: &Conv) -> Result<Folded, WeightsError> {
        let mut parts = Vec::new();
        for Wanted { name, shape } in wanted(conv) {
            let path = || self.path.clone();
            let Some(tensor) = self.tensors.get(&name) else {
                return Err(WeightsError::Missing { first: name, missing: 1, wanted: 5, path: path() });
            };
            if tensor.shape != shape {
                return Err(WeightsError::Shape { name, found: tensor.shape.clone(), wanted: shape, path: path() });
            }
            parts.push(tensor.values.as_slice());
        }
        let [kernel, gamma, beta, mean, variance] = parts[..] else {
            return Ok(Folded { kernel: Vec::new(), bias: Vec::new() });
        };
        let scales: Vec<f64> = gamma
            .iter()
            .zip(variance)
            .map(|(&gamma, &variance)| f64::from(gamma) / (f64::from(variance) + BATCH_NORM_EPSILON).sqrt())
            .collect();
        let each = kernel.len() / conv.output;
        let kernel = kernel
            .chunks_exact(each)
            .zip(&scales)
            .flat_map(|(numbers, scale)| numbers.iter().map(move |&number| (f64::from(number) * scale) as f32))
            .collect();
        let bias = beta
            .iter()
            .zip(mean)
            .zip(&scales)
            .map(|((&beta, &mean), scale)| (f64::from(beta) - f64::from(mean) * scale) as f32)
            .collect();
        Ok(Folded { kernel, bias })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use safetensors::tensor::TensorView;

    /// A file with the tensors of a reduced network, each changed by `change`: its shape, and what it is filled with.
    fn file(change: impl Fn(&Wanted) -> Option<(Vec<usize>, f32)>) -> Vec<u8> {
        let tensors: Vec<(String, Vec<usize>, Vec<u8>)> = Plan::new(16)
            .wanted()
            .iter()
            .filter_map(|wanted| {
                let (shape, value) = change(wanted)?;
                let bytes = value.to_le_bytes().repeat(shape.iter().product());
                Some((wanted.name.clone(), shape, bytes))
            })
            .collect();
        let views = tensors
            .iter()
            .map(|(name, shape, bytes)| (name, TensorView::new(Dtype::F32, shape.clone(), bytes).unwrap()));
        safetensors::serialize(views, None).unwrap()
    }

    fn message(bytes: &[u8]) -> String {
        Weights::parse(bytes, Path::new("some/weights.safetensors"), &Plan::new(16)).err().unwrap().to_string()
    }

    #[test]
    fn batch_normalisation_is_folded() {
        let bytes = file(|wanted| {
            let value = match wanted.name.rsplit('.').next() {
                Some("running_mean") => 0.5,
                Some("running_var") => 4.0 - 1e-3,
                Some("bias") => 3.0,
                _ => 2.0,
            };
            Some((wanted.shape.clone(), value))
        });
        let plan = Plan::new(16);
        let weights = Weights::parse(&bytes, Path::new("a"), &plan).unwrap();
        let folded = weights.folded(&plan.convs()[3]).unwrap();
        // gamma 2 over a deviation of 2: the kernel stays, and the mean is taken off the bias.
        assert!(folded.kernel.iter().all(|value| (value - 2.0).abs() < 1e-6));
        assert!(folded.bias.iter().all(|value| (value - 2.5).abs() < 1e-6));
        assert_eq!(folded.kernel.len(), 5 * 4);
        assert_eq!((weights.known(), weights.sha256().len()), (None, 64));
    }

    #[test]
    fn what_is_wrong_is_said_with_the_path_last() {
        let full = |wanted: &Wanted| Some((wanted.shape.clone(), 1.0));
        let missing = message(&file(|wanted| (!wanted.name.starts_with("Mixed_7c")).then(|| full(wanted)).flatten()));
        assert!(missing.starts_with("45 of 470 tensors of InceptionV3 are missing"), "{missing}");
        assert!(missing.contains("Mixed_7c.branch1x1.conv.weight"), "{missing}");
        let shape = message(&file(|wanted| Some((vec![wanted.shape.iter().product()], 1.0))));
        assert!(
            shape.contains("Conv2d_1a_3x3.conv.weight has the shape [54], and InceptionV3 has [2, 3, 3, 3]"),
            "{shape}"
        );
        let nan = message(&file(|wanted| Some((wanted.shape.clone(), f32::NAN))));
        assert!(nan.contains("Conv2d_1a_3x3.conv.weight holds a number that is infinite"), "{nan}");
        let negative = message(&file(|wanted| Some((wanted.shape.clone(), -1.0))));
        assert!(negative.contains("running_var"), "{negative}");
        let pickle = message(b"PK\x03\x04 a zip file that a .pth is");
        assert!(pickle.contains("no readable safetensors file"), "{pickle}");
        for message in [missing, shape, nan, negative, pickle] {
            assert!(message.ends_with("(some/weights.safetensors)"), "{message}");
        }
    }

    #[test]
    fn checksums_of_known_files_are_hexadecimal_and_tell_files_apart() {
        for known in KNOWN_FILES {
            assert!(matches!(known.sha256.len(), 8 | 64) && known.sha256.bytes().all(|b| b.is_ascii_hexdigit()));
            assert_eq!(KNOWN_FILES.iter().filter(|other| other.sha256.starts_with(known.sha256)).count(), 1);
        }
    }
}
