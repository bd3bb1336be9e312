//! The layers of the plan with their weights, and how they run one after the other.

use std::sync::Mutex;

use pulp::Arch;

use super::conv::Convolution;
use super::gemm::Aligned;
use super::map::{Buffers, Map};
use super::{BackboneError, Settings, pool};
use crate::models::inception::plan::{Conv, Layer, PICTURE_CHANNELS, Plan};
use crate::models::inception::weights::Weights;
use crate::models::inception::{AveragePool, Size};

/// A layer that is ready to run.
pub struct Step {
    operation: Operation,
    /// Rows, columns and channels of the result.
    size: Size,
    channels: usize,
}

/// What a step does.
enum Operation {
    /// Convolution, bias, ReLU.
    Conv(Convolution),
    /// The largest of 3x3, in steps of two.
    MaxPool,
    /// The mean of 3x3.
    AveragePool(AveragePool),
    /// A mean followed by a 1x1 convolution. Both are linear, so they change places: the mean is then taken over the
    /// few channels that come out.
    AveragedConv(AveragePool, Convolution),
    /// Branches whose channels stand side by side.
    Branches(Vec<Vec<Step>>),
}

impl Step {
    /// All layers of `plan`, packed for vectors of `lanes` floats.
    ///
    /// # Errors
    /// [`BackboneError`] when the picture is too small, or a tensor is missing or has another shape.
    pub fn all(plan: &Plan, weights: &Weights, settings: Settings, lanes: usize) -> Result<Vec<Self>, BackboneError> {
        Builder { weights, settings, lanes }.steps(&plan.layers, settings.picture, PICTURE_CHANNELS)
    }

    /// Floats that a thread needs beside the maps.
    pub fn scratch(&self) -> usize {
        self.over_convs(&Convolution::scratch, &usize::max)
    }

    /// Bytes of the weights.
    pub fn bytes(&self) -> usize {
        self.over_convs(&Convolution::bytes, &|a, b| a + b)
    }

    fn over_convs(&self, of: &dyn Fn(&Convolution) -> usize, join: &dyn Fn(usize, usize) -> usize) -> usize {
        match &self.operation {
            Operation::Conv(conv) | Operation::AveragedConv(_, conv) => of(conv),
            Operation::MaxPool | Operation::AveragePool(_) => 0,
            Operation::Branches(branches) => {
                branches.iter().flatten().map(|step| step.over_convs(of, join)).fold(0, join)
            }
        }
    }
}

struct Builder<'a> {
    weights: &'a Weights,
    settings: Settings,
    lanes: usize,
}

impl Builder<'_> {
    /// `layers` for an input of `size` and `channels`.
    fn steps(&self, layers: &[Layer], mut size: Size, mut channels: usize) -> Result<Vec<Step>, BackboneError> {
        let mut steps = Vec::new();
        let mut layers = layers.iter().peekable();
        while let Some(mut layer) = layers.next() {
            let rule = self.settings.average_pool;
            let operation = match layer {
                Layer::Conv(conv) => Operation::Conv(self.convolution(conv, size)?),
                Layer::MaxPool => Operation::MaxPool,
                Layer::AveragePool => match layers.next_if(|next| is_pointwise(next)) {
                    Some(next @ Layer::Conv(conv)) => {
                        layer = next;
                        Operation::AveragedConv(rule, self.convolution(conv, size)?)
                    }
                    _ => Operation::AveragePool(rule),
                },
                Layer::Branches(branches) => {
                    let branches = branches.iter().map(|branch| self.steps(branch, size, channels));
                    Operation::Branches(branches.collect::<Result<_, _>>()?)
                }
            };
            size = layer.result(size).ok_or(BackboneError::TooSmall(self.settings.picture))?;
            channels = layer.channels(channels);
            steps.push(Step { operation, size, channels });
        }
        Ok(steps)
    }

    fn convolution(&self, conv: &Conv, size: Size) -> Result<Convolution, BackboneError> {
        Ok(Convolution::new(conv, &self.weights.folded(conv)?, size, self.lanes))
    }
}

/// Whether a layer is a 1x1 convolution that keeps the size of the map.
fn is_pointwise(layer: &Layer) -> bool {
    matches!(layer, Layer::Conv(conv) if conv.kernel == [1, 1] && conv.stride == 1 && conv.padding == [0, 0])
}

/// What every layer is handed.
#[derive(Clone, Copy)]
pub struct Work<'a> {
    /// The instructions that this processor has.
    pub arch: Arch,
    /// Threads that share each layer.
    pub threads: usize,
    /// Memory of each thread.
    pub scratch: &'a [Mutex<Aligned>],
}

/// One picture on its way.
pub struct Run<'a> {
    /// Processor, threads and their memory.
    pub work: Work<'a>,
    /// Memory for the maps.
    pub buffers: &'a mut Buffers,
}

impl Run<'_> {
    /// All `steps`, each into a map of its own.
    pub fn all(&mut self, steps: &[Step], mut map: Map) -> Map {
        for step in steps {
            let mut out = self.buffers.take(step.size, step.channels);
            self.step(step, &map, &mut out, 0);
            self.buffers.give(std::mem::replace(&mut map, out));
        }
        map
    }

    /// One step, into the channels of `out` from `first` on.
    fn step(&mut self, step: &Step, input: &Map, out: &mut Map, first: usize) {
        match &step.operation {
            Operation::Conv(conv) => conv.run(&self.work, self.buffers, input, out, first),
            Operation::MaxPool => pool::maximum(&self.work, input, out, first),
            Operation::AveragePool(rule) => pool::average(&self.work, input, out, first, *rule, None),
            Operation::AveragedConv(rule, conv) => {
                let mut raw = self.buffers.take(step.size, step.channels);
                conv.run_raw(&self.work, input, &mut raw);
                pool::average(&self.work, &raw, out, first, *rule, Some(conv.bias()));
                self.buffers.give(raw);
            }
            Operation::Branches(branches) => {
                let mut first = first;
                for branch in branches {
                    first += self.branch(branch, input, out, first);
                }
            }
        }
    }

    /// The steps of one branch, the last of them into the channels of `out` from `first` on; the number of those.
    fn branch(&mut self, steps: &[Step], input: &Map, out: &mut Map, first: usize) -> usize {
        let Some((last, before)) = steps.split_last() else { return 0 };
        let Some((start, between)) = before.split_first() else {
            self.step(last, input, out, first);
            return last.channels;
        };
        let mut map = self.buffers.take(start.size, start.channels);
        self.step(start, input, &mut map, 0);
        let map = self.all(between, map);
        self.step(last, &map, out, first);
        self.buffers.give(map);
        last.channels
    }
}
