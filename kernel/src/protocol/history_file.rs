//! The history file: one JSON object a line, shared by kernels that run at the same time.

use std::collections::HashMap;
use std::fs::{DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, Read, Write};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _, PermissionsExt as _};
use std::path::Path;

use serde::Deserialize;
use serde_json::{Value, json};

use super::history::Entry;

/// Entries kept; the file is rewritten when it holds twice as many.
const KEPT: usize = 10_000;

/// An open history file, locked only while it is written.
#[derive(Debug)]
pub struct HistoryFile(File);

/// One line: the start of a session, an input, or the output of an input before it.
#[derive(Deserialize)]
struct Record {
    session: usize,
    line: Option<usize>,
    input: Option<String>,
    output: Option<String>,
}

/// An advisory lock, held until dropped. A file system without locks is used without.
struct Lock(File);

impl Lock {
    fn take(file: &File) -> Option<Self> {
        let file = file.try_clone().ok()?;
        file.lock().ok()?;
        Some(Self(file))
    }
}

impl Drop for Lock {
    fn drop(&mut self) {
        let _ = self.0.unlock();
    }
}

impl HistoryFile {
    /// Opens or creates the file, private to its owner, and begins a session in it. Returns the entries of earlier
    /// sessions and the number of the new one. Lines that cannot be read are skipped.
    ///
    /// # Errors
    /// The file or its folder cannot be made, read or written.
    pub fn open(path: &Path) -> io::Result<(Self, Vec<Entry>, usize)> {
        if let Some(folder) = path.parent().filter(|folder| !folder.as_os_str().is_empty()) {
            DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
        }
        let mut file = OpenOptions::new().read(true).append(true).create(true).mode(0o600).open(path)?;
        file.set_permissions(Permissions::from_mode(0o600))?;
        let lock = Lock::take(&file);
        let mut text = Vec::new();
        file.read_to_end(&mut text)?;
        let (mut entries, last_session) = read(&String::from_utf8_lossy(&text));
        if entries.len() > 2 * KEPT {
            entries.drain(..entries.len() - KEPT);
            rewrite(&mut file, &entries)?;
        } else if text.last().is_some_and(|byte| *byte != b'\n') {
            // A kernel was killed while it wrote: its broken line must not swallow the next.
            file.write_all(b"\n")?;
        }
        let session = last_session + 1;
        let started = chrono::Utc::now().to_rfc3339();
        file.write_all(line(&json!({ "session": session, "started": started })).as_bytes())?;
        drop(lock);
        Ok((Self(file), entries, session))
    }

    /// Adds a record.
    ///
    /// # Errors
    /// The disk is full or gone.
    pub fn append(&mut self, record: &Value) -> io::Result<()> {
        let _lock = Lock::take(&self.0);
        self.0.write_all(line(record).as_bytes())
    }
}

fn line(record: &Value) -> String {
    format!("{record}\n")
}

/// Replaces the content, in place because other kernels have the file open. The file appends, so writing needs no seek.
fn rewrite(file: &mut File, entries: &[Entry]) -> io::Result<()> {
    let record = |entry: &Entry| {
        let Entry { session, line: number, input, output } = entry;
        line(&json!({ "session": session, "line": number, "input": input, "output": output }))
    };
    let text: String = entries.iter().map(record).collect();
    file.set_len(0)?;
    file.write_all(text.as_bytes())
}

/// The entries in a file's text, and its last session's number.
fn read(text: &str) -> (Vec<Entry>, usize) {
    let mut entries: Vec<Entry> = Vec::new();
    let mut places = HashMap::new();
    let mut last_session = 0;
    for record in text.lines().filter_map(|line| serde_json::from_str::<Record>(line).ok()) {
        last_session = last_session.max(record.session);
        let Some(line) = record.line else { continue };
        if let Some(input) = record.input {
            places.insert((record.session, line), entries.len());
            entries.push(Entry { session: record.session, line, input, output: record.output });
        } else if let Some(entry) = places.get(&(record.session, line)).and_then(|place| entries.get_mut(*place)) {
            entry.output = record.output;
        }
    }
    (entries, last_session)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sessions_are_kept_and_numbered() {
        let folder = std::env::temp_dir().join(format!("benchbook-history-{}", uuid::Uuid::new_v4()));
        let path = folder.join("deep/history.jsonl");
        let (mut file, entries, session) = HistoryFile::open(&path).unwrap();
        assert_eq!((entries.len(), session), (0, 1));
        file.append(&json!({ "session": 1, "line": 1, "input": "a\n\u{e9}" })).unwrap();
        file.append(&json!({ "session": 1, "line": 1, "output": "1" })).unwrap();
        file.0.write_all(b"{\"session\": 1, \"line\": 2, \"inp").unwrap();
        let (mut second, entries, session) = HistoryFile::open(&path).unwrap();
        let first = Entry { session: 1, line: 1, input: "a\n\u{e9}".into(), output: Some("1".into()) };
        assert_eq!((entries, session), (vec![first], 2));
        second.append(&json!({ "session": 2, "line": 1, "input": "b" })).unwrap();
        let (_, entries, session) = HistoryFile::open(&path).unwrap();
        assert_eq!((entries.len(), session), (2, 3), "the broken line is skipped");
        assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        std::fs::remove_dir_all(folder).unwrap();
    }

    #[test]
    fn a_long_file_is_cut() {
        let path = std::env::temp_dir().join(format!("benchbook-history-{}.jsonl", uuid::Uuid::new_v4()));
        let text: String = (0..=2 * KEPT).map(|n| line(&json!({ "session": 1, "line": n, "input": "x" }))).collect();
        std::fs::write(&path, text).unwrap();
        let (_, entries, _) = HistoryFile::open(&path).unwrap();
        assert_eq!(entries.len(), KEPT);
        let (_, entries, session) = HistoryFile::open(&path).unwrap();
        assert_eq!((entries.len(), session, entries[0].line), (KEPT, 3, KEPT + 1));
        std::fs::remove_file(path).unwrap();
    }
}
