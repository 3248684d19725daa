//! The zoo's errors as failures of a program.

use stage::Failure;
use zoo::Error;
use zoo::weights::WeightsError;

/// What is wrong with the command line, or with a file that it names.
pub(crate) fn of_zoo(error: Error) -> Failure {
    match error {
        Error::Weights(error) => of_weights(error),
        error => Failure::Usage(error.to_string()),
    }
}

pub(crate) fn of_weights(error: WeightsError) -> Failure {
    match error {
        WeightsError::Io { path, source } => Failure::io(path, source),
        WeightsError::Hub { from, reason } => {
            Failure::Io { what: from, source: std::io::Error::other(reason) }
        }
        WeightsError::Format { path, format, reason } => {
            Failure::data(path.display(), format_args!("not a whole {format}: {reason}"))
        }
        WeightsError::Mismatch { from, mismatch } => {
            Failure::data(from, format_args!("it does not fit the model: {mismatch}"))
        }
    }
}
