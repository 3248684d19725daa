//! The rows on networks: training and inference, two images of 512² at a time, in the precision that `train` and
//! `predict` choose for the machine, and in single precision whatever the machine.
//!
//! The bars of the first four are those of CPUs with bfloat16 instructions; others compute in single precision, and
//! the table's head says which of them it is of.

use learn::Precision;

use super::{Peer, Row, not_slower, row, torch, tuned, usual};
use crate::Result;
use crate::bar::{Bar, Extra};
use crate::inputs::Inputs;
use crate::networks::{SEGFORMER, UNET};
use crate::work::{self, Work};

/// Two threads. Where we compute in bfloat16 and the usual peer does not, results agree within some per cents; the
/// rows in single precision hold the same model to rounding.
const fn network(
    name: &'static str,
    work: &'static str,
    ours: fn(&Inputs) -> Result<Work>,
    peers: &'static [Peer],
) -> Row {
    Row { threads: 2, tolerance: 0.1, ..row(name, work, ours, peers) }
}

const fn faster(usual: f64, tuned: f64, row: Row) -> Row {
    Row { bar: Some(Bar::Faster { usual, tuned }), ..row }
}

const fn in_single_precision(row: Row) -> Row {
    Row { tolerance: 1e-3, ..not_slower(row) }
}

const fn no_more_memory(row: Row) -> Row {
    Row { extra_bar: Some(Extra::NotAboveTuned), ..row }
}

pub(super) const ROWS: &[Row] = &[
    no_more_memory(faster(
        2.3,
        1.0,
        network(
            "networks-unet-training",
            "training step of unet/resnet50, 512², two threads",
            |inputs| work::training(inputs, UNET, Precision::Auto),
            &[torch(usual("networks.unet_training_usual")), torch(tuned("networks.unet_training_tuned"))],
        ),
    )),
    no_more_memory(faster(
        2.0,
        1.0,
        network(
            "networks-segformer-training",
            "training step of segformer/mit_b0, 512², two threads",
            |inputs| work::training(inputs, SEGFORMER, Precision::Auto),
            &[
                torch(usual("networks.segformer_training_usual")),
                torch(tuned("networks.segformer_training_tuned")),
            ],
        ),
    )),
    faster(
        2.2,
        1.1,
        network(
            "networks-unet-inference",
            "inference of unet/resnet50, 512², two threads",
            |inputs| work::inference(inputs, UNET, Precision::Auto),
            &[torch(usual("networks.unet_inference_usual")), torch(tuned("networks.unet_inference_tuned"))],
        ),
    ),
    faster(
        2.2,
        1.1,
        network(
            "networks-segformer-inference",
            "inference of segformer/mit_b0, 512², two threads",
            |inputs| work::inference(inputs, SEGFORMER, Precision::Auto),
            &[
                torch(usual("networks.segformer_inference_usual")),
                torch(tuned("networks.segformer_inference_tuned")),
            ],
        ),
    ),
    in_single_precision(network(
        "networks-unet-training-f32",
        "… training step of unet/resnet50 in f32",
        |inputs| work::training(inputs, UNET, Precision::F32),
        &[torch(usual("networks.unet_training_usual"))],
    )),
    in_single_precision(network(
        "networks-segformer-training-f32",
        "… training step of segformer/mit_b0 in f32",
        |inputs| work::training(inputs, SEGFORMER, Precision::F32),
        &[torch(usual("networks.segformer_training_usual"))],
    )),
    in_single_precision(network(
        "networks-unet-inference-f32",
        "… inference of unet/resnet50 in f32",
        |inputs| work::inference(inputs, UNET, Precision::F32),
        &[torch(usual("networks.unet_inference_usual"))],
    )),
    in_single_precision(network(
        "networks-segformer-inference-f32",
        "… inference of segformer/mit_b0 in f32",
        |inputs| work::inference(inputs, SEGFORMER, Precision::F32),
        &[torch(usual("networks.segformer_inference_usual"))],
    )),
];
