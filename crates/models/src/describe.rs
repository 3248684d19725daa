//! `models describe`.

use std::fmt::Write;

use clap::Args;
use stage::Failure;
use zoo::{Entry, ModelSpec, Role};

use crate::failure::of_zoo;

/// Shows a model as a tree of its checkpoint's keys: parameters of every module, shape of every tensor.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The model, such as `unet/resnet50`
    #[arg(value_name = "ARCHITECTURE/ENCODER")]
    model: String,
    /// Output classes
    #[arg(long, default_value_t = 29, value_parser = clap::value_parser!(i64).range(1..=10_000))]
    classes: i64,
    /// Input channels
    #[arg(long, value_name = "1|3", default_value_t = 3, value_parser = clap::value_parser!(i64).range(1..=64))]
    in_channels: i64,
    /// Show so many levels of modules, and their tensors where there is nothing below
    #[arg(long, value_name = "LEVELS")]
    depth: Option<usize>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), Failure> {
    let spec = ModelSpec::named(&arguments.model, arguments.classes).map_err(of_zoo)?;
    let spec = ModelSpec { in_channels: arguments.in_channels, ..spec };
    let weights = zoo::outline(&spec).map_err(of_zoo)?;
    let mut root = Module::default();
    for entry in weights.entries() {
        root.add(entry, &mut entry.key.split('.').peekable());
    }
    let mut text = format!("{}: {} parameters\n", spec.name(), grouped(root.parameters));
    root.print(1, arguments.depth.unwrap_or(usize::MAX), &mut text);
    crate::print(&text)
}

/// A part of the model: what has one key segment in common.
#[derive(Default)]
struct Module<'a> {
    parameters: usize,
    /// Tensors and modules, in building order.
    parts: Vec<(&'a str, Part<'a>)>,
}

enum Part<'a> {
    Tensor(&'a Entry),
    Module(Module<'a>),
}

impl<'a> Module<'a> {
    fn add(&mut self, entry: &'a Entry, segments: &mut std::iter::Peekable<std::str::Split<'a, char>>) {
        if entry.role == Role::Parameter {
            self.parameters += entry.tensor.numel();
        }
        let Some(segment) = segments.next() else { return };
        if segments.peek().is_none() {
            return self.parts.push((segment, Part::Tensor(entry)));
        }
        let known =
            self.parts.iter().position(|(name, part)| *name == segment && matches!(part, Part::Module(_)));
        let at = known.unwrap_or_else(|| {
            self.parts.push((segment, Part::Module(Module::default())));
            self.parts.len() - 1
        });
        if let Part::Module(module) = &mut self.parts[at].1 {
            module.add(entry, segments);
        }
    }

    fn print(&self, level: usize, depth: usize, text: &mut String) {
        let indent = 2 * level;
        for (name, part) in &self.parts {
            let _ = match part {
                Part::Module(module) => {
                    writeln!(text, "{:indent$}{name}: {}", "", grouped(module.parameters)).map(|()| {
                        if level < depth {
                            module.print(level + 1, depth, text);
                        }
                    })
                }
                Part::Tensor(entry) => {
                    let buffer = if entry.role == Role::Buffer { " buffer" } else { "" };
                    writeln!(text, "{:indent$}{name} {:?}{buffer}", "", entry.tensor.size())
                }
            };
        }
    }
}

/// A number with commas between thousands.
fn grouped(number: usize) -> String {
    let digits = number.to_string();
    let parts = digits.as_bytes().rchunks(3).rev().map(String::from_utf8_lossy);
    parts.collect::<Vec<_>>().join(",")
}
