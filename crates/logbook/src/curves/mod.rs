//! Curves: numbers that change over a run, drawn as a picture (SVG line charts).
//!
//! ```text
//! +--------------------------------+
//! | title                          |
//! | panel     -- line  -- line     |   each panel has axes of its own, one below the other
//! | 0.6 |\                         |
//! | 0.4 | \__                      |
//! | 0.2 |    \_____                |
//! |     +--------------            |
//! |     0   200   400   step       |
//! +--------------------------------+
//! ```
//!
//! The file stands alone: no scripts, no fonts, nothing to load. Its colours follow the browser's light or dark.

mod svg;
mod thin;
mod ticks;

/// Panels below each other.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Curves {
    /// What stands above all: the run's name.
    pub title: String,
    /// The panels, from the top. One without any finite point is left out.
    pub panels: Vec<Panel>,
}

/// Lines on the same axes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Panel {
    /// What is drawn upwards.
    pub title: String,
    /// What is drawn to the right: `step`, `epoch`. It is counted in whole numbers.
    pub across: String,
    /// The lines. Their colours repeat after the sixth.
    pub lines: Vec<Line>,
}

/// A line through points.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// What the legend says.
    pub name: String,
    /// [across, up], ascending in the first. A point that is not finite (or beyond 1e300) is a gap.
    pub points: Vec<[f64; 2]>,
    /// Whether its points scatter, as losses of batches do: then more than a hundred of them are drawn thin, with their
    /// moving mean above them.
    pub scatters: bool,
}

/// What is usually drawn of a training run; each value stands beside its step or epoch.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Training {
    /// (step, loss of the batch).
    pub loss: Vec<(u64, f64)>,
    /// (step, loss over the validation records).
    pub validation_loss: Vec<(u64, f64)>,
    /// (epoch, mean Dice coefficient of the validation records).
    pub dice: Vec<(u64, f64)>,
    /// (step, learning rate).
    pub learning_rate: Vec<(u64, f64)>,
}

impl Curves {
    /// The curves of a training run: loss by step, Dice by epoch, learning rate by step.
    pub fn of_training(title: &str, training: &Training) -> Curves {
        let line = |name: &str, points: &[(u64, f64)]| Line {
            name: name.to_owned(),
            points: points.iter().map(|&(across, up)| [across as f64, up]).collect(),
            scatters: false,
        };
        let panel = |title: &str, across: &str, lines: Vec<Line>| Panel {
            title: title.to_owned(),
            across: across.to_owned(),
            lines: lines.into_iter().filter(|line| !line.points.is_empty()).collect(),
        };
        let of_batches = Line { scatters: true, ..line("training", &training.loss) };
        let losses = vec![of_batches, line("validation", &training.validation_loss)];
        let panels = vec![
            panel("loss", "step", losses),
            panel("Dice", "epoch", vec![line("validation", &training.dice)]),
            panel("learning rate", "step", vec![line("learning rate", &training.learning_rate)]),
        ];
        Curves { title: title.to_owned(), panels }
    }

    /// The picture as the text of an SVG file.
    pub fn svg(&self) -> String {
        svg::draw(self)
    }
}
