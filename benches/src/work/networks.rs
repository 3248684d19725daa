//! Work of networks: training steps as `train` does them, and inference as `predict` does it.

use std::cell::RefCell;
use std::rc::Rc;

use learn::optimizer::AdamW;
use learn::{Groups, Loss, Objective, Optimizer, OptimizerConfig, Parameter, Precision};
use tch::{Device, Kind, Tensor};
use zoo::{Frozen, Segmenter};

use super::{Outcome, Work};
use crate::Result;
use crate::inputs::Inputs;
use crate::networks::{self, Batch};

/// As `torch.optim.AdamW` has it by default.
const DECAY: f64 = 0.01;
const LEARNING_RATE: f64 = 1e-3;

/// Training steps of a model on the batch of both sides.
pub(crate) fn training(inputs: &Inputs, model: &str, precision: Precision) -> Result<Work> {
    steps(networks::open(inputs.root(), model)?, Batch::read(inputs.root())?, precision)
}

/// Training steps of a large model on one large radiograph, with all activations kept, or checkpointed.
pub(crate) fn large_training(checkpointed: bool) -> Result<Work> {
    let model = networks::new("unetplusplus/resnet50")?;
    model.checkpoint_activations(checkpointed);
    steps(model, Batch::random(1, 1024), Precision::Auto)
}

fn steps(model: Segmenter, batch: Batch, precision: Precision) -> Result<Work> {
    model.check(&batch.images, true)?;
    let learner = Rc::new(Learner { model, optimizer: RefCell::default(), batch, precision });
    // Not before the weights are read: what that freed would be there for the steps to use, and not be counted.
    zoo::keep_freed_memory();
    let images = learner.batch.len();
    Ok(Work::new(vec![learner], |learner| Stepped { step: learner.step(), learner: learner.clone() })
        .of_images(images))
}

/// A model in training.
struct Learner {
    model: Segmenter,
    /// There from the first step on, as PyTorch's moments are: they are part of what that step adds.
    optimizer: RefCell<Option<Optimizer>>,
    batch: Batch,
    precision: Precision,
}

impl Learner {
    fn loss(&self) -> Result<Tensor> {
        let forward = || self.model.forward_t(&self.batch.images, true);
        let logits = self.precision.compute(Device::Cpu, forward)?;
        Ok(Objective::of_flags(Loss::Bce, 0.0).of(&logits, &self.batch.targets).total)
    }

    /// The loss and the gradient's norm, both of which `train` reports of each step.
    fn step(&self) -> Result<[f64; 2]> {
        self.model.weights().drop_gradients();
        let loss = self.loss()?;
        loss.backward();
        let mut optimizer = self.optimizer.borrow_mut();
        let optimizer = optimizer.get_or_insert_with(|| {
            let adamw = AdamW { weight_decay: DECAY, ..AdamW::default() };
            Optimizer::new(&OptimizerConfig::AdamW(adamw), &Groups::default(), Parameter::all(&self.model))
        });
        let norm = optimizer.clip(None);
        let loss = loss.double_value(&[]);
        optimizer.step(LEARNING_RATE);
        Ok([loss, norm])
    }
}

/// What a step gave, and the model after it.
struct Stepped {
    step: Result<[f64; 2]>,
    learner: Rc<Learner>,
}

impl Outcome for Stepped {
    /// The loss, the gradient's norm, and the loss after the step: that the optimizer has done the same.
    fn check(&self) -> Vec<f64> {
        let after = tch::no_grad(|| self.learner.loss());
        match (&self.step, after) {
            (&Ok([loss, norm]), Ok(after)) => vec![loss, norm, after.double_value(&[])],
            _ => vec![f64::INFINITY],
        }
    }
}

/// Logits of the batch of both sides.
pub(crate) fn inference(inputs: &Inputs, model: &str, precision: Precision) -> Result<Work> {
    let model: Frozen = networks::open(inputs.root(), model)?.freeze();
    let Batch { images, .. } = Batch::read(inputs.root())?;
    let [batch, _, height, width] = images.size()[..] else { return Err("images of another shape".into()) };
    model.check_size(height, width)?;
    zoo::keep_freed_memory();
    let run = move |images: &Tensor| Logits(precision.compute(Device::Cpu, || model.infer(images)));
    Ok(Work::new(vec![images], run).of_images(batch as usize))
}

/// Logits `[B, 29, H, W]`, or why there are none.
struct Logits(std::result::Result<Tensor, zoo::Error>);

impl Outcome for Logits {
    /// Mean sizes, of each class and of all.
    fn check(&self) -> Vec<f64> {
        let Ok(logits) = &self.0 else { return vec![f64::INFINITY] };
        let sizes = logits.abs().mean_dim(&[0i64, 2, 3][..], false, Kind::Double);
        let all = sizes.mean(Kind::Double);
        sizes.iter::<f64>().map(|sizes| sizes.chain([all.double_value(&[])]).collect()).unwrap_or_default()
    }
}
