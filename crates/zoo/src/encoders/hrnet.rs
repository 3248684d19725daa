//! HRNet: four resolutions side by side that exchange again and again.
//!
//! Wang, Sun, Cheng et al.: Deep High-Resolution Representation Learning for Visual Recognition, 2019
//! (arXiv:1908.07919), section 3; the maps are those of its classifier's first layers, appendix A, figure 11. Keys:
//! timm's, as segmentation-models-pytorch's `tu-hrnet_*` keeps them below `encoder.`.
//!
//! | 512² input | branch, w48 | w64       | map, `incre_modules.*` |                                           |
//! |------------|-------------|-----------|------------------------|-------------------------------------------|
//! | stride 2   |             |           | 64 × 256², itself      | `model.conv1`, `bn1`                      |
//! | stride 4   | 48 × 128²   | 64 × 128² | 128 × 128²             | `conv2`, `layer1`, `stage*.*.branches.0`  |
//! | stride 8   | 96 × 64²    | 128 × 64² | 256 × 64²              | `transition1`, `stage*.*.branches.1`      |
//! | stride 16  | 192 × 32²   | 256 × 32² | 512 × 32²              | `transition2`, `stage[34].*.branches.2`   |
//! | stride 32  | 384 × 16²   | 512 × 16² | 1024 × 16²             | `transition3`, `stage4.*.branches.3`      |

use tch::Tensor;

use super::residual::{Level, through};
use super::resnet::{BOTTLENECK, Form, Place, STEM, block};
use super::{Encoder, EncoderOptions};
use crate::layers::{ConvNorm, ConvNormRelu, ConvShape, size_of};
use crate::parameters::{Init, Scope};
use crate::pyramid::Pyramid;
use crate::segment::{Shared, locked, segment, shared};
use crate::switches::Switches;

const INIT: Init = Init::KaimingNormalFanOut;
/// Modules of the stages with two, three and four branches.
const MODULES: [i64; 3] = [1, 4, 3];
/// Blocks of a branch in a module, and of the part before there are branches.
const BLOCKS: i64 = 4;
/// Channels behind that part.
const TRUNK: i64 = 256;
/// Nominal channels of the bottlenecks that widen the branches, a quarter of their outputs.
const WIDENED: [i64; 4] = [32, 64, 128, 256];

/// A row of the paper's table of widths.
#[derive(Debug)]
pub(super) struct Variant {
    name: &'static str,
    /// Channels of the finest branch; each next one has twice as many.
    width: i64,
}

pub(super) const VARIANTS: &[Variant] =
    &[Variant { name: "tu-hrnet_w48", width: 48 }, Variant { name: "tu-hrnet_w64", width: 64 }];

impl super::Variant for Variant {
    fn name(&self) -> &'static str {
        self.name
    }

    fn channels(&self) -> [i64; 5] {
        [STEM, 128, 256, 512, 1024]
    }

    fn dilates(&self) -> bool {
        false
    }

    fn multiple(&self) -> i64 {
        // All branches are computed, whichever maps are taken, and the finest must be eight times the coarsest.
        32
    }

    fn build(&self, scope: &Scope, options: EncoderOptions) -> Box<dyn Encoder> {
        Box::new(HrNet::new(&scope.at("model"), self, options))
    }
}

#[derive(Debug)]
struct HrNet {
    /// `conv1`, `bn1`, `conv2`, `bn2`
    stem: [ConvNorm; 2],
    layer1: Level,
    stages: Vec<Stage>,
    incre_modules: Vec<Level>,
    /// Maps that are taken from the branches.
    taken: usize,
    switches: Switches,
}

/// A transition that opens a branch, then modules.
#[derive(Debug)]
struct Stage {
    transition: Transition,
    modules: Vec<Module>,
}

impl HrNet {
    fn new(scope: &Scope, variant: &Variant, options: EncoderOptions) -> Self {
        let stem = [(1, options.in_channels), (2, STEM)].map(|(number, inputs)| {
            let (conv, norm) = (scope.at(format!("conv{number}")), scope.at(format!("bn{number}")));
            ConvNorm::new(&conv, &norm, ConvShape::same(inputs, STEM, 3).strided(2), INIT)
        });
        let layer1 = chain(&scope.at("layer1"), BOTTLENECK, STEM, STEM, BLOCKS);
        let widths = [0, 1, 2, 3].map(|branch| variant.width << branch);
        let mut stages = Vec::new();
        for (index, modules) in MODULES.into_iter().enumerate() {
            let widths = &widths[..index + 2];
            let transition = Transition::new(&scope.at(format!("transition{}", index + 1)), widths);
            let stage = scope.at(format!("stage{}", index + 2));
            let modules = (0..modules).map(|module| Module::new(&stage.at(module), widths)).collect();
            stages.push(Stage { transition, modules });
        }
        let incre_modules = (0..widths.len())
            .map(|branch| {
                let scope = scope.at("incre_modules").at(branch);
                chain(&scope, BOTTLENECK, widths[branch], WIDENED[branch], 1)
            })
            .collect();
        Self { stem, layer1, stages, incre_modules, taken: options.depth - 1, switches: scope.switches() }
    }
}

/// Blocks one after the other, numbered.
fn chain(scope: &Scope, form: Form, inputs: i64, channels: i64, count: i64) -> Level {
    let outputs = channels * form.expansion();
    let others = Place { inputs: outputs, channels, outputs, stride: 1, dilation: 1, enters: false };
    let place = |number: i64| if number == 0 { Place { inputs, ..others } } else { others };
    (0..count).map(|number| shared(block(&scope.at(number), form, place(number))) as _).collect()
}

impl Encoder for HrNet {
    fn forward(&self, images: &Tensor, train: bool) -> Pyramid {
        let mut pyramid = Pyramid::of(images);
        let [first, second] = &self.stem;
        let stem = first.forward(images, train).relu_();
        let trunk = second.forward(&stem, train).relu_();
        pyramid.push(stem);
        let mut maps = vec![through(&self.layer1, &self.switches, trunk, train)];
        for Stage { transition, modules } in &self.stages {
            maps = transition.forward(maps, train);
            for module in modules {
                maps = module.forward(maps, train);
            }
        }
        for (map, widening) in maps.into_iter().zip(&self.incre_modules).take(self.taken) {
            pyramid.push(through(widening, &self.switches, map, train));
        }
        pyramid
    }
}

/// One branch more, of half the resolution; the first transition also narrows what there is to the first branch.
#[derive(Debug)]
struct Transition {
    narrowed: Option<ConvNormRelu>,
    opened: ConvNormRelu,
}

impl Transition {
    /// To branches of these channels.
    fn new(scope: &Scope, widths: &[i64]) -> Self {
        let opened = widths.len() - 1;
        let first = opened == 1;
        let inputs = if first { TRUNK } else { widths[opened - 1] };
        let shape = |branch: usize| ConvShape::same(inputs, widths[branch], 3);
        Self {
            narrowed: first.then(|| ConvNormRelu::new(&scope.at(0), shape(0), INIT)),
            opened: ConvNormRelu::new(&scope.at(opened).at(0), shape(opened).strided(2), INIT),
        }
    }

    fn forward(&self, mut maps: Vec<Tensor>, train: bool) -> Vec<Tensor> {
        let opened = self.opened.forward(&maps[maps.len() - 1], train);
        if let Some(conv) = &self.narrowed {
            maps[0] = conv.forward(&maps[0], train);
        }
        maps.push(opened);
        maps
    }
}

/// Each branch by itself, then all to all: `branches`, `fuse_layers`.
#[derive(Debug)]
struct Module {
    branches: Vec<Level>,
    /// One a branch.
    fusions: Vec<Shared<Exchange>>,
    switches: Switches,
}

impl Module {
    fn new(scope: &Scope, widths: &[i64]) -> Self {
        let branch = |(branch, &width): (usize, &i64)| {
            chain(&scope.at("branches").at(branch), Form::Basic, width, width, BLOCKS)
        };
        let branches = widths.iter().enumerate().map(branch).collect();
        let fusion = |to: usize| shared(Exchange::new(&scope.at("fuse_layers").at(to), widths, to));
        Self { branches, fusions: (0..widths.len()).map(fusion).collect(), switches: scope.switches() }
    }

    fn forward(&self, maps: Vec<Tensor>, train: bool) -> Vec<Tensor> {
        let branches = maps.into_iter().zip(&self.branches);
        let maps: Vec<Tensor> =
            branches.map(|(map, blocks)| through(blocks, &self.switches, map, train)).collect();
        let maps: Vec<&Tensor> = maps.iter().collect();
        let fused = |fusion: &Shared<Exchange>| {
            let fusion = Shared::clone(fusion);
            segment(&self.switches, train, &maps, move |maps| locked(&fusion).forward(maps, train))
        };
        self.fusions.iter().map(fused).collect()
    }
}

/// The sum of all branches at the resolution of one.
#[derive(Debug)]
struct Exchange {
    to: usize,
    paths: Vec<Path>,
}

/// How a branch comes to another's resolution.
#[derive(Debug)]
enum Path {
    Same,
    /// A 1×1 convolution of the coarser, enlarged to the nearest pixel.
    Up(Box<ConvNorm>),
    /// Strided 3×3 convolutions of the finer, with ReLU between them.
    Down(Vec<ConvNorm>),
}

impl Exchange {
    fn new(scope: &Scope, widths: &[i64], to: usize) -> Self {
        let pair = |scope: &Scope, shape: ConvShape| ConvNorm::new(&scope.at(0), &scope.at(1), shape, INIT);
        let path = |(from, &width): (usize, &i64)| {
            let scope = scope.at(from);
            if from == to {
                return Path::Same;
            }
            if from > to {
                return Path::Up(Box::new(pair(&scope, ConvShape::same(width, widths[to], 1))));
            }
            let last = to - from - 1;
            let step = |step: usize| {
                let outputs = if step == last { widths[to] } else { width };
                pair(&scope.at(step), ConvShape::same(width, outputs, 3).strided(2))
            };
            Path::Down((0..=last).map(step).collect())
        };
        Self { to, paths: widths.iter().enumerate().map(path).collect() }
    }

    // [B, widths[i], H / 2ⁱ, W / 2ⁱ] of all i -> the one of i = to
    fn forward(&self, maps: &[Tensor], train: bool) -> Tensor {
        let size = size_of(&maps[self.to]);
        let at_size = |(map, path): (&Tensor, &Path)| match path {
            Path::Same => map.shallow_clone(),
            Path::Up(conv) => conv.forward(map, train).upsample_nearest2d(size, None, None),
            Path::Down(steps) => {
                let step = |map: Tensor, (index, conv): (usize, &ConvNorm)| {
                    let map = if index > 0 { map.relu() } else { map };
                    conv.forward(&map, train)
                };
                steps.iter().enumerate().fold(map.shallow_clone(), step)
            }
        };
        let sum = maps.iter().zip(&self.paths).map(at_size).reduce(|sum, map| sum + map);
        sum.expect("a module has branches").relu_()
    }
}
