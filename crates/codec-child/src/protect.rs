//! Giving up rights: a fault in a codec, made use of by what a stranger sent,
//! finds no files, no network, no other processes.
//!
//! What the kernel does not offer is left out and told to the client; each of
//! the layers would do alone for files.

mod calls;
mod self_test;

use anyhow::{Context, Result};
use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus, Scope};
use rustix::process::{DumpableBehavior, Resource, Rlimit};

pub(crate) use self_test::run as self_test;

/// What is left to the process.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rights {
    /// Added to its niceness.
    pub(crate) nice: u8,
    /// Bytes of address space.
    pub(crate) memory: u64,
}

/// File descriptors: the three standard ones, and the socket for reading and
/// for writing. So nothing can be opened, filter or not.
const MAX_FILES: u64 = 5;

/// What was given up, and what could not be.
#[derive(Debug, Default)]
pub(crate) struct Done {
    pub(crate) protections: Vec<String>,
    pub(crate) missing: Vec<String>,
}

impl Done {
    fn note(&mut self, name: &str, result: Result<()>) {
        match result {
            Ok(()) => self.protections.push(name.to_owned()),
            Err(e) => self.missing.push(format!("{name} ({e:#})")),
        }
    }
}

/// Gives up all that decoding and encoding do not need. Called while the
/// process has one thread, and before it reads anything from a stranger.
pub(crate) fn give_up(rights: &Rights) -> Done {
    let mut done = Done::default();
    done.note("nice", nice(rights.nice));
    done.note("limits", limits(rights));
    done.note("no inherited files", close_inherited());
    done.note(
        "not traceable",
        rustix::process::set_dumpable_behavior(DumpableBehavior::NotDumpable)
            .context("PR_SET_DUMPABLE"),
    );
    done.note(
        "no new privileges",
        rustix::thread::set_no_new_privs(true).context("PR_SET_NO_NEW_PRIVS"),
    );
    done.note("landlock", landlock());
    // Last: it refuses the calls of those above.
    done.note("seccomp", calls::filter());
    done
}

fn nice(by: u8) -> Result<()> {
    if by > 0 {
        rustix::process::nice(i32::from(by.min(19)))?;
    }
    Ok(())
}

fn limits(rights: &Rights) -> Result<()> {
    for (resource, limit) in [
        (Resource::As, rights.memory),
        (Resource::Nofile, MAX_FILES),
        (Resource::Core, 0),
    ] {
        let limit = Rlimit {
            current: Some(limit),
            maximum: Some(limit),
        };
        rustix::process::setrlimit(resource, limit)
            .with_context(|| format!("setrlimit {resource:?}"))?;
    }
    Ok(())
}

#[allow(unsafe_code, reason = "closing what others may own has no safe form")]
fn close_inherited() -> Result<()> {
    const FIRST: libc::c_uint = libc::STDERR_FILENO as libc::c_uint + 1;
    // Above the standard ones there is only the copy of the socket that the
    // caller makes afterwards.
    // SAFETY: called before anything in this process has opened a file.
    let result = unsafe { libc::syscall(libc::SYS_close_range, FIRST, libc::c_uint::MAX, 0) };
    if result != 0 {
        return Err(std::io::Error::last_os_error()).context("close_range");
    }
    Ok(())
}

/// No file system, no TCP, no abstract sockets, no signals to others.
fn landlock() -> Result<()> {
    // Those that the kernel does not know are left out by the library.
    const NEWEST: ABI = ABI::V6;
    let status = Ruleset::default()
        .handle_access(AccessFs::from_all(NEWEST))?
        .handle_access(AccessNet::from_all(NEWEST))?
        .scope(Scope::from_all(NEWEST))?
        .create()?
        .restrict_self()?;
    anyhow::ensure!(
        status.ruleset != RulesetStatus::NotEnforced,
        "the kernel has none"
    );
    Ok(())
}

/// Ends the process at once, whatever its threads do.
#[allow(
    unsafe_code,
    reason = "`exit` would run the codecs' destructors under their threads"
)]
pub(crate) fn exit_now() -> ! {
    // SAFETY: no memory of ours is touched.
    unsafe { libc::_exit(0) }
}
