//! The zoo's errors as failures of a program.

use stage::Failure;
use zoo::Error;
use zoo::weights::WeightsError;

/// What is wrong with the command line.
pub(crate) fn of_zoo(error: Error) -> Failure {
    Failure::Usage(error.to_string())
}

/// What is wrong with a file of weights.
pub(crate) fn of_weights(error: WeightsError) -> Failure {
    match error {
        WeightsError::Io(source) if source.kind() == std::io::ErrorKind::WouldBlock => {
            Failure::TryAgain(source.to_string())
        }
        WeightsError::Io(source) => Failure::Io { what: "weights".to_owned(), source },
        WeightsError::Hub { from, reason } => {
            Failure::Io { what: from, source: std::io::Error::other(reason) }
        }
        WeightsError::Foreign { path, reason } => Failure::data(path.display(), reason),
        WeightsError::Format { path, format, reason } => {
            Failure::data(path.display(), format_args!("not a whole {format}: {reason}"))
        }
        WeightsError::Mismatch { from, mismatch } => {
            Failure::data(from, format_args!("it does not fit the model: {mismatch}"))
        }
    }
}
