//! Results that grow: of two units with one key, one runs and the other waits for its result.

use std::collections::BTreeSet;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// The keys whose results grow in this process. Other processes are kept out by the store's lock.
#[derive(Debug, Default)]
pub(crate) struct Pending {
    keys: Mutex<BTreeSet<String>>,
    ended: Condvar,
}

/// The right to make the result of a key, until it is dropped.
#[derive(Debug)]
pub(crate) struct Claim<'a> {
    pending: &'a Pending,
    key: &'a str,
    /// Whether another unit had it before.
    pub(crate) waited: bool,
}

impl Pending {
    /// Waits until nobody makes the result of `key`.
    pub(crate) fn claim<'a>(&'a self, key: &'a str) -> Claim<'a> {
        let mut keys = self.keys();
        let mut waited = false;
        while !keys.insert(key.to_owned()) {
            waited = true;
            keys = self.ended.wait(keys).unwrap_or_else(PoisonError::into_inner);
        }
        Claim { pending: self, key, waited }
    }

    fn keys(&self) -> MutexGuard<'_, BTreeSet<String>> {
        self.keys.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Claim<'_> {
    fn drop(&mut self) {
        self.pending.keys().remove(self.key);
        self.pending.ended.notify_all();
    }
}
