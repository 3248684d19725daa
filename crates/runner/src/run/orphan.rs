//! Keeps a stage from outliving its runner, even one that was killed by SIGKILL.
#![allow(unsafe_code)]

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::process::Command;

/// Lets the process hold the store's lock `lock` as long as it lives, so that no other runner writes where it still
/// writes, and (on Linux) has the kernel end it with the thread that spawns it.
pub(crate) fn tie(command: &mut Command, lock: File) {
    let parent = rustix::process::getpid();
    let before_exec = move || -> io::Result<()> {
        rustix::io::fcntl_setfd(&lock, rustix::io::FdFlags::empty())?;
        #[cfg(target_os = "linux")]
        {
            rustix::process::set_parent_process_death_signal(Some(rustix::process::Signal::KILL))?;
            if rustix::process::getppid() != Some(parent) {
                // The runner ended between the fork and the line above.
                return Err(io::Error::from(io::ErrorKind::Interrupted));
            }
        }
        #[cfg(not(target_os = "linux"))]
        let _ = parent;
        Ok(())
    };
    // SAFETY: between fork and exec the closure makes three system calls (fcntl, prctl, getppid) through rustix, which
    // are async-signal-safe; it neither allocates nor takes a lock, and touches no memory but its captures.
    unsafe {
        command.pre_exec(before_exec);
    }
}
