//! Processes as `/proc` shows them.

use std::time::{Duration, Instant};

/// A process.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub pid: i32,
    pub parent: i32,
    /// The first 15 bytes of the program's name.
    pub name: String,
    /// `R`, `S`, `Z` (ended, not yet collected) …
    pub state: char,
}

impl Process {
    /// What `/proc` says of a process; `None` when there is none.
    #[must_use]
    pub fn of(pid: i32) -> Option<Self> {
        let stat = std::fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        // The name may hold spaces and brackets: it ends at the last one.
        let (name, rest) = stat.split_once('(')?.1.rsplit_once(')')?;
        let mut words = rest.split_whitespace();
        let state = words.next()?.chars().next()?;
        Some(Self { pid, parent: words.next()?.parse().ok()?, name: name.to_owned(), state })
    }

    /// Sends a signal.
    pub fn signal(&self, signal: i32) {
        send(self.pid, signal);
    }

    /// Whether it still runs; ended but not collected counts as gone. The first thread may end before the others:
    /// only when all have can the parent know.
    #[must_use]
    pub fn runs(&self) -> bool {
        let threads = || std::fs::read_dir(format!("/proc/{}/task", self.pid)).map_or(0, Iterator::count);
        Self::of(self.pid).is_some_and(|now| now.name == self.name && (now.state != 'Z' || threads() > 1))
    }
}

/// Sends a signal to one process.
pub fn send(pid: i32, signal: i32) {
    assert!(pid > 1, "a signal goes to one process that we started");
    // SAFETY: a signal to another process has no effect on our memory.
    unsafe { libc::kill(pid, signal) };
}

fn all() -> Vec<Process> {
    let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
    entries.filter_map(|entry| Process::of(entry.file_name().to_str()?.parse().ok()?)).collect()
}

/// All live descendants of a process, near ones first.
#[must_use]
pub fn descendants(pid: i32) -> Vec<Process> {
    let all = all();
    let mut found: Vec<Process> = Vec::new();
    let mut parents = vec![pid];
    while let Some(parent) = parents.pop() {
        for child in all.iter().filter(|process| process.parent == parent && process.state != 'Z') {
            parents.push(child.pid);
            found.push(child.clone());
        }
    }
    found
}

/// Waits for a descendant of that name.
#[track_caller]
pub fn wait_for(pid: i32, name: &str, at_most: Duration) -> Process {
    let name = &name[..name.len().min(15)];
    let mut last = Vec::new();
    let found = poll(at_most, || {
        last = descendants(pid);
        last.iter().find(|process| process.name == name).cloned()
    });
    found.unwrap_or_else(|| panic!("no process `{name}` below {pid} within {at_most:?}; there are {last:?}"))
}

/// Waits until a process has ended.
#[track_caller]
pub fn wait_gone(process: &Process, at_most: Duration) {
    let gone = poll(at_most, || (!process.runs()).then_some(()));
    assert!(gone.is_some(), "{process:?} still runs after {at_most:?}");
}

/// Asks again and again until there is an answer or time is up.
pub fn poll<T>(at_most: Duration, mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let deadline = Instant::now() + at_most;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > deadline {
            return None;
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}
