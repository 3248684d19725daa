//! The commands of the program, a module each, and what they read from and write to.

pub(crate) mod cat;
pub(crate) mod failure;
pub(crate) mod head;
pub(crate) mod input;
pub(crate) mod ls;
pub(crate) mod output;
pub(crate) mod recover;
pub(crate) mod verify;
