//! Hyperparameters: what TensorBoard's HPARAMS tab shows of a run.
//!
//! They are told as metadata of three tags without data (`tensorboard/plugins/hparams/*.proto`):
//!
//! ```text
//! Value            1 tag   8 tensor: float [0]   9 metadata { 1 plugin_data { 1 "hparams"   2 content } }
//! content          2 experiment | 3 session_start_info | 4 session_end_info
//! experiment       4 hparam_infos { 1 name   4 type }   5 metric_infos { 1 name { 2 tag } }
//! start            1 hparams: map of google.protobuf.Value   5 start_time_secs
//! end              1 status   2 end_time_secs
//! protobuf.Value   2 number: double | 3 string | 4 bool
//! ```

use serde_json::Value;

use crate::wire::Message;

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It came to its end.
    Success,
    /// It failed, or was stopped.
    Failure,
}

/// One of the three things that are told of a run's hyperparameters.
#[derive(Clone, Debug)]
pub enum Told {
    /// What hyperparameters and metrics there are.
    Experiment {
        /// Hyperparameters: only their names and types are told.
        hparams: Vec<Hparam>,
        /// Tags of scalars.
        metrics: Vec<String>,
    },
    /// The run's hyperparameters.
    Start {
        /// Hyperparameters with their values.
        hparams: Vec<Hparam>,
        /// When the run began, in seconds since 1970.
        seconds: f64,
    },
    /// The run's end.
    End {
        /// How it ended.
        ending: Ending,
        /// When it ended, in seconds since 1970.
        seconds: f64,
    },
}

/// A hyperparameter's name and value; the value is a number, a text or a truth value.
pub type Hparam = (String, Value);

/// A configuration as hyperparameters: `{"optimizer": {"lr": 1e-3}}` is `optimizer.lr`. Lists are texts of JSON, and
/// what is null is left out. A configuration that is no object has the name `value`.
pub fn flatten(configuration: &Value) -> Vec<Hparam> {
    let mut hparams = Vec::new();
    flatten_into(&mut hparams, "", configuration);
    hparams
}

fn flatten_into(hparams: &mut Vec<Hparam>, name: &str, value: &Value) {
    let name_or = |other: &str| if name.is_empty() { other.to_owned() } else { name.to_owned() };
    match value {
        Value::Null => {}
        Value::Object(fields) => {
            for (field, value) in fields {
                let below = if name.is_empty() { field.clone() } else { format!("{name}.{field}") };
                flatten_into(hparams, &below, value);
            }
        }
        Value::Array(_) => hparams.push((name_or("value"), Value::String(value.to_string()))),
        Value::Number(_) | Value::String(_) | Value::Bool(_) => {
            hparams.push((name_or("value"), value.clone()))
        }
    }
}

impl Told {
    /// `Summary.Value` of TensorBoard's protocol.
    pub(crate) fn message(&self) -> Message {
        let (tag, content) = match self {
            Told::Experiment { hparams, metrics } => ("_hparams_/experiment", experiment(hparams, metrics)),
            Told::Start { hparams, seconds } => ("_hparams_/session_start_info", start(hparams, *seconds)),
            Told::End { ending, seconds } => {
                let status = match ending {
                    Ending::Success => 1,
                    Ending::Failure => 2,
                };
                let end = Message::new().varint(1, status).double(2, *seconds);
                ("_hparams_/session_end_info", Message::new().message(4, end))
            }
        };
        let plugin = Message::new().text(1, "hparams").message(2, content);
        // Of type float (1) and shape [0]: readers look at metadata of tensors only.
        let shape = Message::new().message(2, Message::new());
        let tensor = Message::new().varint(1, 1).message(2, shape);
        Message::new().text(1, tag).message(8, tensor).message(9, Message::new().message(1, plugin))
    }
}

fn experiment(hparams: &[Hparam], metrics: &[String]) -> Message {
    let mut experiment = Message::new();
    for (name, value) in hparams {
        let kind = match value {
            Value::Bool(_) => 2,
            Value::Number(_) => 3,
            _ => 1,
        };
        experiment = experiment.message(4, Message::new().text(1, name).varint(4, kind));
    }
    for tag in metrics {
        let name = Message::new().text(2, tag);
        experiment = experiment.message(5, Message::new().message(1, name));
    }
    Message::new().message(2, experiment)
}

fn start(hparams: &[Hparam], seconds: f64) -> Message {
    let mut start = Message::new();
    for (name, value) in hparams {
        let value = match value {
            Value::Bool(truth) => Message::new().varint(4, u64::from(*truth)),
            Value::String(text) => Message::new().text(3, text),
            number => match number.as_f64() {
                Some(number) => Message::new().double(2, number),
                None => Message::new().text(3, &number.to_string()),
            },
        };
        start = start.message(1, Message::new().text(1, name).message(2, value));
    }
    Message::new().message(3, start.double(5, seconds))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_nested_configuration_is_flat_with_dots() {
        let configuration = json!({
            "optimizer": {"name": "adamw", "betas": [0.9, 0.999], "decoupled": {"on": true}},
            "seed": 7, "clip": null, "augment": {}
        });
        let expected = [
            ("optimizer.name", json!("adamw")),
            ("optimizer.betas", json!("[0.9,0.999]")),
            ("optimizer.decoupled.on", json!(true)),
            ("seed", json!(7)),
        ];
        assert_eq!(flatten(&configuration), expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!(flatten(&json!(3)), [("value".to_owned(), json!(3))]);
    }
}
