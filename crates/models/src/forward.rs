//! `models forward`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use clap::Args;
use stage::{Failure, say};
use tch::{Device, Kind, Tensor};
use zoo::weights::{self, Loaded, Source};
use zoo::{ModelSpec, Placement, Segmenter};

use crate::failure::{of_weights, of_zoo};

/// Runs a model on a tensor.
///
/// The input file is safetensors with the tensor `input`, [B, channels, H, W] in single precision; the output file
/// has `logits`, [B, classes, H, W], of evaluation mode.
///
/// With --train-grads the model then runs in training mode with dropout and stochastic depth off, and the gradient of
/// every parameter of a loss is written under the parameter's key, beside `loss` itself. The loss is
/// mean(logits · cotangent) where the input file has a tensor `cotangent` of the logits' shape, else
/// mean(logits²). What the loss does not depend on has a gradient of zeros.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The model, such as `unet/resnet50`
    #[arg(long, value_name = "ARCHITECTURE/ENCODER")]
    model: String,
    /// Output classes
    #[arg(long, default_value_t = 29, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    classes: i64,
    /// Input channels; weights for the other number are folded
    #[arg(long, value_name = "1|3", default_value_t = 3, value_parser = clap::value_parser!(i64).range(1..=64))]
    in_channels: i64,
    /// Weights: safetensors (a file, or the index of shards), a PyTorch state dict, or
    /// hf://owner/name[@revision]/file; without it the model is fresh
    #[arg(long, value_name = "SOURCE")]
    weights: Option<Source>,
    /// Put a fresh head in the place of one with another number of classes
    #[arg(long, requires = "weights")]
    replace_head: bool,
    /// Weights of the encoder alone, as published for ImageNet by timm, torchvision, segmentation-models-pytorch or
    /// transformers
    #[arg(long, value_name = "SOURCE", conflicts_with = "weights")]
    encoder_weights: Option<Source>,
    /// What to run it on
    #[arg(long, value_name = "FILE")]
    input: PathBuf,
    /// Where the logits go
    #[arg(long, value_name = "FILE")]
    output: PathBuf,
    /// Where gradients go
    #[arg(long, value_name = "FILE", conflicts_with = "freeze")]
    train_grads: Option<PathBuf>,
    /// For the gradients keep fewer activations in memory and compute the others again
    #[arg(long, requires = "train_grads")]
    checkpoint_activations: bool,
    /// Compute in bfloat16 by autocast, as `predict --precision bf16`
    #[arg(long, conflicts_with = "double")]
    bf16: bool,
    /// Compute in double precision, and write that
    #[arg(long)]
    double: bool,
    /// Fold batch normalisation into convolutions for the logits, as `predict` does
    #[arg(long)]
    freeze: bool,
    /// Seed of what is fresh
    #[arg(long, default_value_t = 0)]
    seed: i64,
    /// Where to compute: auto, cpu, cuda, cuda:N or mps
    #[arg(long, default_value = "cpu")]
    device: String,
    /// Threads to compute on [default: one a core]
    #[arg(long, value_parser = clap::value_parser!(i32).range(1..=1024))]
    threads: Option<i32>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    if let Some(threads) = arguments.threads {
        tch::set_num_threads(threads);
    }
    let model = build(arguments)?;
    let Input { images, cotangent } = Input::read(arguments, &model)?;
    let device = model.placement().device;
    if arguments.freeze {
        let model = model.freeze();
        let logits = precise(arguments, device, || model.infer(&images)).map_err(of_zoo)?;
        return write(&arguments.output, [("logits", &logits)]);
    }
    let logits = precise(arguments, device, || model.infer(&images)).map_err(of_zoo)?;
    write(&arguments.output, [("logits", &logits)])?;
    let Some(path) = &arguments.train_grads else { return Ok(()) };
    model.checkpoint_activations(arguments.checkpoint_activations);

    let loss = precise(arguments, device, || {
        let logits = model.forward_t(&images, true)?;
        let weighed = match &cotangent {
            Some(cotangent) => &logits * cotangent,
            None => logits.square(),
        };
        Ok(weighed.mean(model.placement().kind))
    });
    let loss = loss.map_err(|error: zoo::Error| Failure::data(arguments.input.display(), error))?;
    loss.backward();
    let gradients: Vec<(&str, Tensor)> = model
        .weights()
        .parameters()
        .map(|entry| {
            let gradient = entry.tensor.grad();
            (&*entry.key, if gradient.defined() { gradient } else { entry.tensor.zeros_like() })
        })
        .collect();
    let loss = loss.detach();
    let tensors = gradients.iter().map(|(key, gradient)| (*key, gradient)).chain([("loss", &loss)]);
    write(path, tensors)
}

/// The model with its weights.
fn build(arguments: &Arguments) -> Result<Segmenter, Failure> {
    let spec = ModelSpec::named(&arguments.model, arguments.classes).map_err(of_zoo)?;
    let spec =
        ModelSpec { in_channels: arguments.in_channels, drop_path: Some(0.0), dropout: Some(0.0), ..spec };
    let kind = if arguments.double { Kind::Double } else { Kind::Float };
    let device = zoo::device(&arguments.device).map_err(of_zoo)?;
    let model = Segmenter::new(&spec, Placement { device, kind }, arguments.seed).map_err(of_zoo)?;
    let loaded = match (&arguments.weights, &arguments.encoder_weights) {
        (Some(source), _) => Some((source, model.load(source, arguments.replace_head))),
        (None, Some(source)) => Some((source, model.load_encoder(source))),
        (None, None) => None,
    };
    if let Some((source, loaded)) = loaded {
        let Loaded { told, .. } = loaded.map_err(of_weights)?;
        told.iter().for_each(|words| say(format_args!("models: {source}: {words}")));
    }
    Ok(model)
}

/// What is computed, in the precision that was asked for.
fn precise<T>(arguments: &Arguments, device: Device, work: impl FnOnce() -> T) -> T {
    if arguments.bf16 { zoo::autocast(device, work) } else { work() }
}

/// The tensors of the input file, as the model takes them.
struct Input {
    images: Tensor,
    cotangent: Option<Tensor>,
}

impl Input {
    fn read(arguments: &Arguments, model: &Segmenter) -> Result<Input, Failure> {
        let file = arguments.input.display();
        let mut tensors: BTreeMap<String, Tensor> = weights::read(&arguments.input).map_err(of_weights)?;
        let mut take = |name: &str, shape: Option<&[i64]>| -> Result<Option<Tensor>, Failure> {
            let Some(tensor) = tensors.remove(name) else { return Ok(None) };
            if !matches!(tensor.kind(), Kind::Float | Kind::Double) {
                return Err(Failure::data(
                    &file,
                    format_args!("`{name}` is {:?}, expected Float", tensor.kind()),
                ));
            }
            if shape.is_some_and(|shape| shape != tensor.size()) {
                let size = tensor.size();
                return Err(Failure::data(
                    &file,
                    format_args!("`{name}` is {size:?}, expected {:?}", shape.unwrap_or(&[])),
                ));
            }
            Ok(Some(tensor.to_kind(model.placement().kind).to_device(model.placement().device)))
        };
        let images = take("input", None)?
            .ok_or_else(|| Failure::data(&file, "it has no tensor `input` [B, channels, H, W]"))?;
        model.check(&images, false).map_err(|error| Failure::data(&file, error))?;
        let size = images.size();
        let logits = [size[0], model.spec().classes, size[2], size[3]];
        let cotangent = take("cotangent", Some(&logits))?;
        Ok(Input { images, cotangent })
    }
}

fn write<'a>(path: &Path, tensors: impl IntoIterator<Item = (&'a str, &'a Tensor)>) -> Result<(), Failure> {
    weights::write(path, tensors).map_err(of_weights)
}
