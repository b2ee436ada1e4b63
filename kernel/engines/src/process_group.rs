//! Servers that an engine starts: child processes that end with this worker, however it ends.
//!
//! All processes of a server are in one process group, led by a guard: a shell that waits for the worker to close a pipe and
//! then kills the group. On Linux, the kernel also ends each direct child with the thread that started it, so that nothing
//! remains when the guard was killed as well.

use std::fs::File;
use std::io;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a server may take to end by itself.
const PATIENCE: Duration = Duration::from_secs(5);

/// A running group; dropped, it is killed.
pub struct ProcessGroup {
    guard: Child,
    /// Closed by the system when this process ends.
    _open: Option<ChildStdin>,
    members: Vec<Member>,
}

/// A process that was started directly.
struct Member {
    name: String,
    child: Child,
}

impl ProcessGroup {
    /// A group without members.
    pub fn new() -> io::Result<ProcessGroup> {
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "trap '' INT TERM HUP; read -r end; kill -KILL 0"]).process_group(0);
        let mut guard = command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?;
        let open = guard.stdin.take();
        Ok(ProcessGroup { guard, _open: open, members: Vec::new() })
    }

    /// Starts a member; both of its output streams go to `log`. The thread that calls this must live as long as the server.
    pub fn start(&mut self, name: &str, command: &mut Command, log: &Path) -> io::Result<()> {
        let log = File::options().create(true).append(true).open(log)?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log).process_group(self.id());
        die_with_this_thread(command);
        self.members.push(Member { name: name.to_owned(), child: command.spawn()? });
        Ok(())
    }

    /// The first member that has ended: its name, and how it ended.
    pub fn ended(&mut self) -> Option<(String, ExitStatus)> {
        self.members.iter_mut().find_map(|member| Some((member.name.clone(), member.child.try_wait().ok()??)))
    }

    /// Resident bytes of all processes of the group; `None` where the system does not tell.
    pub fn resident_bytes(&self) -> Option<u64> {
        // SAFETY: a plain query of a system constant.
        let page = u64::try_from(unsafe { libc::sysconf(libc::_SC_PAGESIZE) }).ok()?;
        let resident = |entry: &std::fs::DirEntry| {
            entry.file_name().to_str()?.parse::<u32>().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            // Behind the name, which may hold anything: state, parent, group.
            let group: i32 = stat.rsplit_once(')')?.1.split_whitespace().nth(2)?.parse().ok()?;
            let memory = std::fs::read_to_string(entry.path().join("statm")).ok()?;
            (group == self.id()).then(|| memory.split_whitespace().nth(1)?.parse::<u64>().ok())?
        };
        let pages: u64 = std::fs::read_dir("/proc").ok()?.flatten().filter_map(|entry| resident(&entry)).sum();
        (pages > 0).then_some(pages * page)
    }

    /// Ends all processes: politely, the last started first, and after some seconds, or as soon as `hurry` says so, by force.
    pub fn stop(mut self, hurry: &dyn Fn() -> bool) {
        for member in self.members.iter_mut().rev() {
            // The number of one that was waited for may be another's by now.
            if matches!(member.child.try_wait(), Ok(None)) {
                signal(i32::try_from(member.child.id()).unwrap_or_default(), libc::SIGTERM);
            }
        }
        let deadline = Instant::now() + PATIENCE;
        while self.members.iter_mut().any(|member| matches!(member.child.try_wait(), Ok(None))) && Instant::now() < deadline && !hurry() {
            thread::sleep(Duration::from_millis(20));
        }
        // Dropping kills what is left.
    }

    /// The group's number, which is its guard's and stays taken until the guard is waited for.
    fn id(&self) -> i32 {
        i32::try_from(self.guard.id()).unwrap_or_default()
    }
}

impl Drop for ProcessGroup {
    fn drop(&mut self) {
        if self.id() > 1 {
            signal(-self.id(), libc::SIGKILL);
        }
        for member in &mut self.members {
            // A process that cannot be killed by its group is not in it; both may have ended already.
            let _ = member.child.kill();
            let _ = member.child.wait();
        }
        let _ = self.guard.kill();
        let _ = self.guard.wait();
    }
}

fn signal(to: i32, signal: i32) {
    if to != 0 {
        // SAFETY: a plain system call; the processes are our children, not yet waited for.
        unsafe { libc::kill(to, signal) };
    }
}

/// Asks Linux to kill the command's process when the calling thread ends; elsewhere only the guard does.
pub fn die_with_this_thread(command: &mut Command) {
    #[cfg(target_os = "linux")]
    // SAFETY: a single system call between fork and exec.
    unsafe {
        command.pre_exec(|| {
            libc::prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL);
            Ok(())
        });
    }
    #[cfg(not(target_os = "linux"))]
    let _ = command;
}
