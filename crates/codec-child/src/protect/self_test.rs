//! Whether the rights are really gone, tried on this machine.

use std::fmt::Write;
use std::fs::File;
use std::io;
use std::net::{TcpStream, UdpSocket};
use std::os::unix::net::UnixDatagram;
use std::process::Command;

use super::{Rights, give_up};

/// Gives the rights up, tries what must fail then and what must not, and says
/// how it went.
pub(crate) fn run() -> anyhow::Result<String> {
    let parent = rustix::process::getppid();
    let done = give_up(&Rights {
        nice: 1,
        memory: 4 << 30,
    });
    let mut report = String::new();
    for name in &done.protections {
        writeln!(report, "given up: {name}")?;
    }
    for name in &done.missing {
        writeln!(report, "not given up: {name}")?;
    }
    let mut wrong = false;
    let tries: [(&str, io::Result<()>); 9] = [
        ("read a file", File::open("/etc/passwd").map(drop)),
        (
            "write a file",
            File::create("/tmp/veche-codec-self-test").map(drop),
        ),
        ("list a folder", std::fs::read_dir("/").map(drop)),
        ("open UDP", UdpSocket::bind("127.0.0.1:0").map(drop)),
        ("open TCP", TcpStream::connect("127.0.0.1:1").map(drop)),
        ("open a Unix socket", UnixDatagram::unbound().map(drop)),
        (
            "start a process",
            Command::new("/bin/true").spawn().map(drop),
        ),
        ("signal another process", signal(parent)),
        ("make code", make_code()),
    ];
    for (what, result) in tries {
        let refused = matches!(&result, Err(e) if is_refusal(e));
        wrong |= !refused;
        let how = match result {
            Ok(()) => "ALLOWED".to_owned(),
            Err(e) => e.to_string(),
        };
        writeln!(report, "{what}: {how}")?;
    }
    let threads = std::thread::spawn(|| vec![1u8; 64 << 20].len()).join();
    wrong |= threads.is_err();
    let threads = if threads.is_ok() { "works" } else { "FAILED" };
    write!(report, "threads and memory: {threads}")?;
    anyhow::ensure!(!wrong, "{report}");
    Ok(report)
}

fn is_refusal(error: &io::Error) -> bool {
    matches!(error.raw_os_error(), Some(libc::EPERM | libc::EACCES))
}

fn signal(process: Option<rustix::process::Pid>) -> io::Result<()> {
    let process = process.ok_or(io::ErrorKind::NotFound)?;
    Ok(rustix::process::test_kill_process(process)?)
}

#[allow(unsafe_code, reason = "there is no safe way to ask for code")]
fn make_code() -> io::Result<()> {
    // SAFETY: anonymous memory at an address that the kernel chooses.
    let address = unsafe {
        libc::mmap(
            std::ptr::null_mut(),
            4096,
            libc::PROT_READ | libc::PROT_WRITE | libc::PROT_EXEC,
            libc::MAP_PRIVATE | libc::MAP_ANONYMOUS,
            -1,
            0,
        )
    };
    if address == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    Ok(())
}
