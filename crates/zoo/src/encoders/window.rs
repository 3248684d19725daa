//! Window attention: the block of Swin, on features `[B, H, W, C]`.
//!
//! Liu et al.: Swin Transformer, 2021 (arXiv:2103.14030), section 3.2. Heads attend within square windows; odd blocks
//! first roll the map by half a window, so that neighbouring windows exchange. What the rolling brings together from
//! opposite borders is kept apart by a mask.

use std::rc::Rc;

use tch::{Device, Kind, Tensor};

use crate::layers::{LayerNorm, Linear, drop_path};
use crate::parameters::{Init, Scope};
use crate::segment::segment;
use crate::switches::Switches;

/// ε of every normalisation, PyTorch's.
pub(super) const EPSILON: f64 = 1e-5;
/// The references draw a normal, truncated or not, a hundred standard deviations away at the nearest.
pub(super) const LINEAR: Init = Init::Normal { std: 0.02 };
/// Hidden over outer channels of the feed-forward layer.
const EXPANSION: i64 = 4;
/// Added to the scores of pixels which only the rolling has made neighbours.
const APART: f64 = -100.0;

/// How a stage cuts its maps.
#[derive(Debug, Clone, Copy)]
pub(super) struct Windows {
    /// Side of a window, in pixels.
    pub(super) side: i64,
    /// How far odd blocks roll the map up and to the left, less than the side.
    pub(super) shift: i64,
    /// Whether a map is filled up to whole windows before it is rolled, not after.
    pub(super) pads_first: bool,
}

/// [`Windows`] on the maps of one batch.
#[derive(Debug)]
pub(super) struct Grid {
    windows: Windows,
    /// `[B, H, W, C]`
    shape: [i64; 4],
    rows: i64,
    columns: i64,
    /// `[rows · columns, 1, N, N]` for rolled maps, with N pixels in a window.
    mask: Option<Tensor>,
}

impl Windows {
    /// The windows on maps of the shape of `features`.
    pub(super) fn on(self, features: &Tensor) -> Rc<Grid> {
        let &[batch, height, width, channels] = features.size().as_slice() else {
            unreachable!("features are [B, H, W, C]");
        };
        let [rows, columns] = [height, width].map(|size| (size + self.side - 1) / self.side);
        let mut grid =
            Grid { windows: self, shape: [batch, height, width, channels], rows, columns, mask: None };
        grid.mask = (self.shift > 0).then(|| grid.mask(features.device()).to_kind(features.kind()));
        Rc::new(grid)
    }
}

impl Grid {
    /// Which pixels of a rolled window may not attend to each other.
    fn mask(&self, device: Device) -> Tensor {
        let Windows { side, shift, .. } = self.windows;
        // Along an axis, the last window has pixels from before and, in its last `shift`, from behind the border.
        let region = |windows: i64| {
            let size = windows * side;
            let index = Tensor::arange(size, (Kind::Int64, device));
            index.ge(size - side).to_kind(Kind::Int64) + index.ge(size - shift).to_kind(Kind::Int64)
        };
        let regions = region(self.rows).unsqueeze(1) * 3 + region(self.columns).unsqueeze(0);
        let regions =
            self.cut(&regions.reshape([1, self.rows * side, self.columns * side, 1])).squeeze_dim(2);
        regions.unsqueeze(1).ne_tensor(&regions.unsqueeze(2)).unsqueeze(1).to_kind(Kind::Float) * APART
    }

    // [B, rows · side, columns · side, C] -> [B · rows · columns, N, C]
    fn cut(&self, maps: &Tensor) -> Tensor {
        let side = self.windows.side;
        let channels = maps.size()[3];
        maps.reshape([-1, self.rows, side, self.columns, side, channels])
            .permute([0, 1, 3, 2, 4, 5])
            .reshape([-1, side * side, channels])
    }

    // [B · rows · columns, N, C] -> [B, rows · side, columns · side, C]
    fn join(&self, windows: &Tensor) -> Tensor {
        let side = self.windows.side;
        let channels = windows.size()[2];
        windows
            .reshape([-1, self.rows, self.columns, side, side, channels])
            .permute([0, 1, 3, 2, 4, 5])
            .reshape([-1, self.rows * side, self.columns * side, channels])
    }

    // [B, H, W, C] -> [B, rows · side, columns · side, C], zeros below and to the right
    fn pad(&self, maps: Tensor) -> Tensor {
        let [_, height, width, _] = self.shape;
        let side = self.windows.side;
        match [self.rows * side - height, self.columns * side - width] {
            [0, 0] => maps,
            [below, right] => maps.constant_pad_nd([0, 0, 0, right, 0, below]),
        }
    }

    // [B, rows · side, columns · side, C] -> [B, H, W, C]
    fn crop(&self, maps: &Tensor) -> Tensor {
        let [_, height, width, _] = self.shape;
        maps.narrow(1, 0, height).narrow(2, 0, width)
    }

    /// `[B, H, W, C] -> [B, H, W, C]` through `mix` on the windows `[B · rows · columns, N, C]`.
    fn through(&self, maps: Tensor, rolls: bool, mix: impl Fn(&Tensor) -> Tensor) -> Tensor {
        let Windows { shift, pads_first, .. } = self.windows;
        if !rolls {
            return self.crop(&self.join(&mix(&self.cut(&self.pad(maps)))));
        }
        let roll = |maps: Tensor, by: i64| maps.roll([by, by], [1, 2]);
        if pads_first {
            let mixed = mix(&self.cut(&roll(self.pad(maps), -shift)));
            self.crop(&roll(self.join(&mixed), shift))
        } else {
            let mixed = mix(&self.cut(&self.pad(roll(maps, -shift))));
            roll(self.crop(&self.join(&mixed)), shift)
        }
    }
}

/// What a dialect calls a block's parts, and how its table starts.
#[derive(Debug)]
pub(super) struct BlockKeys {
    pub(super) norms: [&'static str; 2],
    /// The relative position bias.
    pub(super) table: &'static str,
    pub(super) table_init: Init,
    /// Where checkpoints of the dialect may keep which row of the table is whose, which the window's side decides.
    pub(super) offsets: Option<&'static str>,
    /// Queries, keys and values: three layers, or one of three times the outputs.
    pub(super) qkv: &'static [&'static str],
    pub(super) proj: &'static str,
    /// The two layers of the feed-forward part.
    pub(super) mlp: [&'static str; 2],
}

/// Window attention, then feed-forward, each normalised first and added to its input.
#[derive(Debug)]
pub(super) struct Block {
    layers: Rc<Layers>,
    switches: Switches,
}

#[derive(Debug)]
struct Layers {
    norms: [LayerNorm; 2],
    attention: Attention,
    mlp: [Linear; 2],
    drop_path: f64,
}

impl Block {
    pub(super) fn new(
        scope: &Scope,
        keys: &BlockKeys,
        channels: i64,
        heads: i64,
        side: i64,
        drop_path: f64,
    ) -> Self {
        let norm = |key: &str| LayerNorm::new(&scope.at(key), channels, EPSILON);
        let [before, behind] = keys.norms;
        let [first, second] = keys.mlp.map(|key| scope.at(key));
        let before = norm(before);
        let attention = Attention::new(scope, keys, channels, heads, side);
        let layers = Layers {
            norms: [before, norm(behind)],
            attention,
            mlp: [
                Linear::new(&first, channels, channels * EXPANSION, LINEAR),
                Linear::new(&second, channels * EXPANSION, channels, LINEAR),
            ],
            drop_path,
        };
        Self { layers: Rc::new(layers), switches: scope.switches() }
    }

    // [B, H, W, C] -> [B, H, W, C]
    pub(super) fn forward(&self, features: &Tensor, grid: &Rc<Grid>, odd: bool, train: bool) -> Tensor {
        let (layers, grid) = (Rc::clone(&self.layers), Rc::clone(grid));
        segment(&self.switches, train, &[features], move |features| {
            layers.forward(&features[0], &grid, odd, train)
        })
    }
}

impl Layers {
    fn forward(&self, features: &Tensor, grid: &Grid, odd: bool, train: bool) -> Tensor {
        let [before, behind] = &self.norms;
        let mask = grid.mask.as_ref().filter(|_| odd);
        let attended = grid.through(before.forward(features), mask.is_some(), |windows| {
            self.attention.forward(windows, mask)
        });
        let features = features + drop_path(attended, self.drop_path, train);
        let [first, second] = &self.mlp;
        let mixed = second.forward(&first.forward(&behind.forward(&features)).gelu("none"));
        &features + drop_path(mixed, self.drop_path, train)
    }
}

/// Self-attention within a window, biased by the pixels' relative position.
#[derive(Debug)]
struct Attention {
    heads: i64,
    /// `[(2 side − 1)², heads]`: a bias for every offset between two pixels.
    table: Tensor,
    /// `[N²]`: the row of the table for every pair of pixels.
    offsets: Tensor,
    qkv: Vec<Linear>,
    proj: Linear,
}

impl Attention {
    fn new(scope: &Scope, keys: &BlockKeys, channels: i64, heads: i64, side: i64) -> Self {
        let reach = 2 * side - 1;
        let table = scope.parameter(keys.table, &[reach * reach, heads], keys.table_init);
        if let Some(offsets) = keys.offsets {
            scope.unused_key(offsets);
        }
        let outputs = 3 * channels / keys.qkv.len() as i64;
        Self {
            heads,
            offsets: offsets(side).to_device(table.device()),
            table,
            qkv: keys.qkv.iter().map(|key| Linear::new(&scope.at(key), channels, outputs, LINEAR)).collect(),
            proj: Linear::new(&scope.at(keys.proj), channels, channels, LINEAR),
        }
    }

    // [windows, N, C] -> [windows, N, C]
    fn forward(&self, tokens: &Tensor, mask: Option<&Tensor>) -> Tensor {
        let &[windows, count, channels] = tokens.size().as_slice() else {
            unreachable!("windows are [B · rows · columns, N, C]");
        };
        let parts: Vec<Tensor> = self.qkv.iter().map(|layer| layer.forward(tokens)).collect();
        // 3 × [windows, heads, N, C / heads]
        let parts: Vec<Tensor> = Tensor::cat(&parts, -1)
            .chunk(3, -1)
            .iter()
            .map(|part| part.reshape([windows, count, self.heads, -1]).transpose(1, 2))
            .collect();
        let bias = self.table.index_select(0, &self.offsets).reshape([count, count, self.heads]);
        let bias = bias.permute([2, 0, 1]).unsqueeze(0).to_kind(tokens.kind());
        let bias = match mask {
            Some(mask) => (bias + mask).repeat([windows / mask.size()[0], 1, 1, 1]),
            None => bias,
        };
        let mixed = Tensor::scaled_dot_product_attention(
            &parts[0],
            &parts[1],
            &parts[2],
            Some(&bias),
            0.0,
            false,
            None,
            false,
        );
        self.proj.forward(&mixed.transpose(1, 2).reshape([windows, count, channels]))
    }
}

/// For every pair of pixels of a window, the row of the table with their offset; row-major in all four coordinates.
fn offsets(side: i64) -> Tensor {
    let reach = 2 * side - 1;
    let pixels = || (0..side).flat_map(|y| (0..side).map(move |x| (y, x)));
    let rows: Vec<i64> = pixels()
        .flat_map(|(y, x)| pixels().map(move |(v, u)| (y - v + side - 1) * reach + x - u + side - 1))
        .collect();
    Tensor::from_slice(&rows)
}
