//! `models list`.

use std::fmt::Write;

use clap::Args;
use rayon::prelude::*;
use serde::Serialize;
use stage::Failure;
use zoo::provenance::{self, UsualWeights};
use zoo::{Error, Figures, ModelSpec, catalog};

use crate::failure::of_zoo;

/// The side of the images that operations are counted for.
const SIDE: i64 = 512;

/// Lists every model: parameters, operations, legal sizes, whose weights it takes, and what it is compared with.
///
/// Operations (GFLOP) are those of one 512 × 512 image in evaluation mode: two for each multiply-add of convolutions,
/// matrix products and attention, as the reference does them; some models need fewer here. Height and width of an image
/// must be multiples of the stride.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Print JSON, with the pairs that cannot be built and why
    #[arg(long)]
    json: bool,
    /// Output classes
    #[arg(long, default_value_t = 29, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    classes: i64,
}

/// All of the zoo.
#[derive(Serialize)]
struct Listing {
    models: Vec<Model>,
    /// Pairs that cannot be built.
    refused: Vec<Refused>,
}

#[derive(Serialize)]
struct Model {
    name: String,
    architecture: &'static str,
    encoder: &'static str,
    /// Learnt values.
    parameters: usize,
    /// Floating-point operations of one 512 × 512 image: two a multiply-add.
    flops_512: i64,
    /// What height and width must be multiples of.
    stride: i64,
    /// The smallest legal height and width.
    min_size: i64,
    /// The implementation that it equals.
    reference: &'static str,
    /// Who published the encoder's usual weights.
    weights: &'static str,
    /// Under which licence.
    weights_licence: &'static str,
}

#[derive(Serialize)]
struct Refused {
    name: String,
    reason: String,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let pairs: Vec<(&str, &str)> = catalog::architectures()
        .into_iter()
        .flat_map(|architecture| catalog::encoders().into_iter().map(move |encoder| (architecture, encoder)))
        .collect();
    let rows: Vec<Result<Model, Error>> = pairs
        .par_iter()
        .map(|&(architecture, encoder)| row(architecture, encoder, arguments.classes))
        .collect();
    let mut listing = Listing { models: Vec::new(), refused: Vec::new() };
    for (row, (architecture, encoder)) in rows.into_iter().zip(pairs) {
        match row {
            Ok(model) => listing.models.push(model),
            Err(Error::Pairing { reason, .. }) => {
                listing.refused.push(Refused { name: format!("{architecture}/{encoder}"), reason });
            }
            Err(error) => return Err(of_zoo(error)),
        }
    }
    if arguments.json {
        let json = serde_json::to_string_pretty(&listing);
        return crate::print(&(json.map_err(|error| Failure::Internal(error.to_string()))? + "\n"));
    }
    crate::print(&table(&listing))
}

fn row(architecture: &'static str, encoder: &'static str, classes: i64) -> Result<Model, Error> {
    let spec = ModelSpec::named(&format!("{architecture}/{encoder}"), classes)?;
    let Figures { parameters, multiply_adds, stride, min_size } = zoo::figures(&spec, SIDE, SIDE)?;
    let UsualWeights { weights, licence: weights_licence } = provenance::of_encoder(encoder);
    Ok(Model {
        name: spec.name(),
        architecture,
        encoder,
        parameters,
        flops_512: 2 * multiply_adds,
        stride,
        min_size,
        reference: provenance::of_architecture(architecture),
        weights,
        weights_licence,
    })
}

fn table(listing: &Listing) -> String {
    let width = listing.models.iter().map(|model| model.name.len()).max().unwrap_or(0);
    let mut text = format!(
        "{:width$}  {:>10}  {:>8}  {:>6}  {:>8}  {:42}  weights\n",
        "model", "parameters", "GFLOP", "stride", "smallest", "reference"
    );
    for model in &listing.models {
        let Model {
            name, parameters, flops_512, stride, min_size, reference, weights, weights_licence, ..
        } = model;
        let gflop = *flops_512 as f64 / 1e9;
        let _ = writeln!(
            text,
            "{name:width$}  {parameters:>10}  {gflop:>8.1}  {stride:>6}  {min_size:>8}  {reference:42}  \
             {weights} ({weights_licence})"
        );
    }
    text
}
