//! The system calls that are left.

use std::collections::BTreeMap;

use anyhow::{Context, Result};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule,
};

/// Allowed whatever their arguments are: the socket that is there, memory,
/// threads, time. None of them opens anything or names another process.
const ALLOWED: &[libc::c_long] = &[
    // What is open already.
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendto,
    libc::SYS_sendmsg,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_ppoll,
    // Memory; `mmap` and `mprotect` below.
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_get_mempolicy,
    // Threads; `clone` below.
    libc::SYS_futex,
    libc::SYS_set_robust_list,
    libc::SYS_rseq,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_membarrier,
    libc::SYS_gettid,
    libc::SYS_getpid,
    libc::SYS_exit,
    libc::SYS_exit_group,
    // Signals to itself, for `abort`; `tgkill` below.
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigreturn,
    libc::SYS_sigaltstack,
    libc::SYS_restart_syscall,
    // Time, chance, the machine.
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_nanosleep,
    libc::SYS_gettimeofday,
    libc::SYS_getrandom,
    libc::SYS_getrusage,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    // Answered with "no such call" by the other filter.
    libc::SYS_clone3,
];

#[cfg(target_arch = "x86_64")]
const ALLOWED_HERE: &[libc::c_long] = &[libc::SYS_poll, libc::SYS_time];
#[cfg(not(target_arch = "x86_64"))]
const ALLOWED_HERE: &[libc::c_long] = &[];

/// Refuses all other calls. A refused call fails with `EPERM` and does not end
/// the process: libraries look for files that they can do without.
pub(super) fn filter() -> Result<()> {
    // The flags of `clone3` lie in memory, where no filter can see them. Told
    // that there is none, the C library takes `clone`, whose flags can be seen.
    let no_clone3 = program(
        BTreeMap::from([(libc::SYS_clone3, vec![])]),
        SeccompAction::Allow,
        SeccompAction::Errno(libc::ENOSYS as u32),
    )?;
    let most = program(
        rules()?,
        SeccompAction::Errno(libc::EPERM as u32),
        SeccompAction::Allow,
    )?;
    // The second would refuse to have another installed, so it comes last.
    seccompiler::apply_filter(&no_clone3)?;
    seccompiler::apply_filter(&most)?;
    Ok(())
}

type Rules = BTreeMap<libc::c_long, Vec<SeccompRule>>;

fn rules() -> Result<Rules> {
    let all = ALLOWED.iter().chain(ALLOWED_HERE);
    let mut rules: Rules = all.map(|call| (*call, vec![])).collect();
    // Memory that can be written never becomes code.
    let no_code = [bits(2, libc::PROT_EXEC as u64, 0)?];
    rules.insert(libc::SYS_mmap, vec![SeccompRule::new(no_code.to_vec())?]);
    rules.insert(
        libc::SYS_mprotect,
        vec![SeccompRule::new(no_code.to_vec())?],
    );
    // Threads, not processes.
    let thread = libc::CLONE_THREAD as u64;
    let is_thread = bits(0, thread, thread)?;
    rules.insert(libc::SYS_clone, vec![SeccompRule::new(vec![is_thread])?]);
    // Names of threads.
    let is_name = equals(0, libc::PR_SET_NAME as u64)?;
    rules.insert(libc::SYS_prctl, vec![SeccompRule::new(vec![is_name])?]);
    // Copies of the socket.
    let copies = [libc::F_GETFD, libc::F_DUPFD_CLOEXEC]
        .map(|command| Ok(SeccompRule::new(vec![equals(1, command as u64)?])?));
    let copies = copies.into_iter().collect::<Result<Vec<_>>>()?;
    rules.insert(libc::SYS_fcntl, copies);
    let to_self = equals(0, u64::from(std::process::id()))?;
    rules.insert(libc::SYS_tgkill, vec![SeccompRule::new(vec![to_self])?]);
    Ok(rules)
}

fn bits(argument: u8, mask: u64, value: u64) -> Result<SeccompCondition> {
    let operator = SeccompCmpOp::MaskedEq(mask);
    SeccompCondition::new(argument, SeccompCmpArgLen::Qword, operator, value)
        .context("a condition of the filter")
}

fn equals(argument: u8, value: u64) -> Result<SeccompCondition> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, value)
        .context("a condition of the filter")
}

fn program(rules: Rules, otherwise: SeccompAction, matched: SeccompAction) -> Result<BpfProgram> {
    let arch = std::env::consts::ARCH.try_into()?;
    let filter = SeccompFilter::new(rules, otherwise, matched, arch)?;
    Ok(filter.try_into()?)
}
