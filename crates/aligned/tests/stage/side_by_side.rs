//! A stage for the tests: tells for each row the key, and the area of what each input has of it.

use std::process::ExitCode;

use aligned::{Aligned, ImageSize, Missing, Row};
use clap::Args;
use schemars::JsonSchema;
use serde::Serialize;
use stage::{Arity, Artefact, Failure, Job, Output, Port, Reason, Relation, Stage};

fn main() -> ExitCode {
    stage::main::<SideBySide>()
}

/// What is side by side.
#[derive(Debug, Args, Serialize, JsonSchema)]
struct SideBySide {
    /// Let rows be incomplete.
    #[arg(long)]
    allow_missing: bool,
    #[command(flatten)]
    #[serde(flatten)]
    size: ImageSize,
}

impl Stage for SideBySide {
    const NAME: &'static str = "side_by_side";
    const ABOUT: &'static str = "Tells what is side by side.";
    const RELATION: Relation = Relation::Reduce;

    fn inputs(&self) -> Vec<Port> {
        vec![Port::new("in", Arity::Each, [Artefact::shard(&["masks"]), Artefact::file("submission")])]
    }

    fn output(&self) -> Output {
        Output::File { of: "rows".into() }
    }

    fn run(&self, job: &mut Job) -> Result<(), Failure> {
        let inputs: Vec<_> = job.input_paths()?.into_iter().map(|path| ("in", path)).collect();
        let missing = if self.allow_missing { Missing::Allow } else { Missing::Refuse };
        let rows = Aligned::open(job, &inputs, self.size.get()?, missing)?;
        let mut text = String::new();
        let incomplete = rows.each(job, told, |_, line| {
            text.push_str(&line);
            Ok(())
        })?;
        text.push_str(&format!("{incomplete} incomplete\n"));
        job.text()?.write_all(text.as_bytes()).map_err(Failure::system)
    }
}

fn told(row: &Row) -> Result<String, Reason> {
    let areas = row.records()?.into_iter().map(|record| match record {
        None => Ok("–".to_owned()),
        Some(record) => Ok(planes::masks(&record)?.areas().iter().sum::<u32>().to_string()),
    });
    Ok(format!("{}: {}\n", row.head.key, areas.collect::<Result<Vec<_>, Reason>>()?.join(" ")))
}
