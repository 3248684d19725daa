//! Weighted inputs: how often an epoch shows the records of each.

use std::path::{Path, PathBuf};

use stage::Failure;

/// Legal weights: below, an input of a thousand records is not seen; above, nothing else is.
const WEIGHTS: std::ops::RangeInclusive<f64> = 0.001..=1000.0;

/// Inputs to train on, with the weight of each.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Weighted {
    pub(crate) paths: Vec<PathBuf>,
    pub(crate) weights: Vec<f64>,
}

impl Weighted {
    /// Of paths as they were given, `wrist.shard@0.5` with a weight of its own, and the weights of `--input-weights`, in
    /// order, where they are not of the paths. A file whose name ends so is a file.
    pub(crate) fn new(given: Vec<PathBuf>, weights: &[f64]) -> Result<Weighted, Failure> {
        let parts = given.iter().map(|path| split(path)).collect::<Result<Vec<_>, _>>()?;
        let named = parts.iter().any(|(_, weight)| weight.is_some());
        if named && !weights.is_empty() {
            return Err(Failure::Usage(
                "give weights by --input-weights or behind an @, not both".to_owned(),
            ));
        }
        if !weights.is_empty() && weights.len() != given.len() {
            let (count, inputs) = (weights.len(), given.len());
            return Err(Failure::Usage(format!("--input-weights has {count} weights for {inputs} inputs")));
        }
        let of = |at: usize, own: Option<f64>| own.or(weights.get(at).copied()).unwrap_or(1.0);
        let (paths, weights): (Vec<PathBuf>, Vec<f64>) =
            parts.into_iter().enumerate().map(|(at, (path, own))| (path, of(at, own))).unzip();
        let one_behind_the_other = paths.iter().any(|path| is_stream(path));
        if one_behind_the_other && paths.len() > 1 && weights.iter().any(|weight| *weight != weights[0]) {
            return Err(Failure::Usage(
                "inputs that are no files are read one behind the other and cannot have weights of their own: write \
                 them to files first"
                    .to_owned(),
            ));
        }
        Ok(Weighted { paths, weights })
    }
}

/// Whether it can be read once only. What is missing, or a folder, is told where it is opened.
fn is_stream(path: &Path) -> bool {
    !stage::is_on_disk(path) && (shard::program::is_standard(path) || path.exists() && !path.is_dir())
}

/// A weight as text.
pub(crate) fn weight(text: &str) -> Result<f64, String> {
    match text.parse() {
        Ok(weight) if WEIGHTS.contains(&weight) => Ok(weight),
        _ => Err(format!("`{text}` is no weight from {} to {}", WEIGHTS.start(), WEIGHTS.end())),
    }
}

fn split(given: &Path) -> Result<(PathBuf, Option<f64>), Failure> {
    let whole = || (given.to_owned(), None);
    let Some((path, own)) = given.to_str().and_then(|text| text.rsplit_once('@')) else { return Ok(whole()) };
    if given.exists() || own.parse::<f64>().is_err() {
        return Ok(whole());
    }
    let own = weight(own).map_err(|what| Failure::Usage(format!("--in {}: {what}", given.display())))?;
    Ok((PathBuf::from(path), Some(own)))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    fn weighted(given: &[&str], weights: &[f64]) -> Result<Vec<(String, f64)>, String> {
        let found = Weighted::new(given.iter().map(PathBuf::from).collect(), weights);
        let Weighted { paths, weights } = found.map_err(|error| error.to_string())?;
        Ok(paths.iter().map(|path| path.display().to_string()).zip(weights).collect())
    }

    #[test]
    fn weights_stand_behind_an_at_or_in_a_list() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name).display().to_string();
        for name in ["a", "b", "odd@2"] {
            std::fs::write(path(name), "").unwrap();
        }
        let (a, b, odd) = (path("a"), path("b"), path("odd@2"));
        assert_eq!(
            weighted(&[&a, &format!("{b}@0.5"), &odd], &[]).unwrap(),
            [(a.clone(), 1.0), (b.clone(), 0.5), (odd.clone(), 1.0)]
        );
        assert_eq!(weighted(&[&format!("{odd}@3")], &[]).unwrap(), [(odd, 3.0)]);
        assert_eq!(weighted(&[&a, &b], &[2.0, 0.25]).unwrap(), [(a.clone(), 2.0), (b.clone(), 0.25)]);
        for (given, weights, expected) in [
            (&[&*format!("{a}@0")][..], &[][..], "`0` is no weight from 0.001 to 1000"),
            (&[&a, &format!("{b}@2")], &[1.0, 1.0], "not both"),
            (&[&a, &b], &[1.0], "--input-weights has 1 weights for 2 inputs"),
            (&[&a, "-"], &[1.0, 2.0], "one behind the other"),
        ] {
            let refusal = weighted(given, weights).unwrap_err();
            assert!(refusal.contains(expected), "{refusal}");
        }
    }
}
