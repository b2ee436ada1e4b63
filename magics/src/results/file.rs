//! The results of all notebooks, in one file: a JSON object per line, appended to by every kernel at the same time.
//!
//! A line is written by one call on a file opened for appending, so that lines of several kernels never mix; one that cannot be read (a
//! full disk, a kernel killed while it wrote) is skipped and counted. Past [`LIMIT`] bytes the file becomes `….1` and replaces the
//! earlier one, so that at most twice as much is kept.

use std::fs::{File, OpenOptions};
use std::io::{BufRead, BufReader, Read, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Bytes after which a file is put aside.
pub const LIMIT: u64 = 64 << 20;
/// Names the file; empty or `off`: nothing is kept beyond the session.
const PLACE: &str = "BENCHBOOK_RESULTS";

/// One measurement of any notebook.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Line {
    /// 1.
    pub schema: u32,
    /// When it was put down, RFC 3339.
    #[serde(with = "rfc3339")]
    pub utc: DateTime<Utc>,
    /// The kernel that measured; another one after each start.
    pub session: String,
    /// File name of the notebook, when the kernel knows it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub notebook: Option<String>,
    /// Labels of the variants that have a time or a failure, in their order.
    pub labels: Vec<String>,
    /// The result object.
    pub result: Value,
}

mod rfc3339 {
    use chrono::{DateTime, SecondsFormat, Utc};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub fn serialize<S: Serializer>(time: &DateTime<Utc>, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&time.to_rfc3339_opts(SecondsFormat::Millis, true))
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<DateTime<Utc>, D::Error> {
        let text = String::deserialize(deserializer)?;
        DateTime::parse_from_rfc3339(&text).map(|time| time.to_utc()).map_err(D::Error::custom)
    }
}

/// What was read.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Found {
    /// Oldest first.
    pub lines: Vec<Line>,
    /// Lines that could not be read.
    pub broken: usize,
}

impl Line {
    /// A line of this kernel, now.
    pub fn now(labels: Vec<String>, result: &Value) -> Self {
        Self { schema: 1, utc: Utc::now(), session: session().to_owned(), notebook: notebook(), labels, result: result.clone() }
    }
}

/// This kernel's name in the file.
pub fn session() -> &'static str {
    static SESSION: OnceLock<String> = OnceLock::new();
    SESSION.get_or_init(|| format!("{}-{}", Utc::now().format("%Y%m%dT%H%M%S"), std::process::id()))
}

/// The notebook's file name, as the server or whoever executes it tells the kernel.
fn notebook() -> Option<String> {
    let told =
        ["BENCHBOOK_NOTEBOOK", "JPY_SESSION_NAME"].iter().find_map(|name| std::env::var(name).ok().filter(|value| !value.is_empty()))?;
    Some(Path::new(&told).file_name()?.to_string_lossy().into_owned())
}

/// Where the results lie; `None`: nowhere.
pub fn place() -> Option<PathBuf> {
    #[cfg(test)]
    {
        tests::PLACE.with(|place| place.borrow().clone())
    }
    #[cfg(not(test))]
    {
        place_of(|name| std::env::var(name).ok())
    }
}

fn place_of(variable: impl Fn(&str) -> Option<String>) -> Option<PathBuf> {
    match variable(PLACE).as_deref().map(str::trim) {
        Some("" | "off") => return None,
        Some(path) => return Some(PathBuf::from(path)),
        None => {}
    }
    let absolute = |name: &str| variable(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let data = absolute("XDG_DATA_HOME").or_else(|| Some(absolute("HOME")?.join(".local/share")))?;
    Some(data.join("benchbook/results.jsonl"))
}

/// Appends a line.
///
/// # Errors
/// A folder or file that cannot be written.
pub fn append(path: &Path, line: &Line) -> std::io::Result<()> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    put_aside_if_full(path, LIMIT)?;
    let mut file = OpenOptions::new().create(true).append(true).read(true).open(path)?;
    let mut text = serde_json::to_string(line)?;
    text.push('\n');
    // A line that was cut off takes no other with it.
    let cut = file.metadata()?.len() > 0 && {
        let mut last = [0];
        file.seek(SeekFrom::End(-1))?;
        file.read_exact(&mut last)?;
        last != *b"\n"
    };
    if cut {
        text.insert(0, '\n');
    }
    file.write_all(text.as_bytes())
}

/// Renames a file of at least `limit` bytes; one kernel at a time.
fn put_aside_if_full(path: &Path, limit: u64) -> std::io::Result<()> {
    let full = || std::fs::metadata(path).is_ok_and(|meta| meta.len() >= limit);
    if !full() {
        return Ok(());
    }
    let lock = File::create(beside(path, ".lock"))?;
    lock.lock()?;
    // Another one may have been quicker.
    if full() { std::fs::rename(path, beside(path, ".1")) } else { Ok(()) }
}

fn beside(path: &Path, ending: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

/// Reads everything, the file that was put aside first.
///
/// # Errors
/// A file that is there and cannot be read.
pub fn read(path: &Path) -> std::io::Result<Found> {
    let mut read = Found::default();
    for path in [beside(path, ".1"), path.to_owned()] {
        let file = match File::open(&path) {
            Ok(file) => file,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => continue,
            Err(error) => return Err(error),
        };
        let mut reader = BufReader::new(file);
        let mut bytes = Vec::new();
        while reader.read_until(b'\n', &mut bytes)? > 0 {
            let line = bytes.trim_ascii();
            if !line.is_empty() {
                match serde_json::from_slice(line) {
                    Ok(line) => read.lines.push(line),
                    Err(_) => read.broken += 1,
                }
            }
            bytes.clear();
        }
    }
    Ok(read)
}

#[cfg(test)]
pub mod tests {
    use super::*;
    use serde_json::json;

    thread_local!(pub static PLACE: std::cell::RefCell<Option<PathBuf>> = const { std::cell::RefCell::new(None) });

    fn line(label: &str) -> Line {
        Line::now(vec![label.to_owned()], &json!({"magic": "timeit", "text": "x".repeat(3000)}))
    }

    #[test]
    fn many_writers_do_no_damage() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("deep/results.jsonl");
        std::thread::scope(|scope| {
            for writer in 0..8 {
                let path = &path;
                scope.spawn(move || (0..50).for_each(|n| append(path, &line(&format!("{writer} {n}"))).unwrap()));
            }
        });
        let read = read(&path).unwrap();
        assert_eq!((read.lines.len(), read.broken), (400, 0));
    }

    #[test]
    fn a_broken_line_is_skipped_and_counted() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        append(&path, &line("a")).unwrap();
        OpenOptions::new().append(true).open(&path).unwrap().write_all(b"{\"schema\": 1, \"utc\"").unwrap();
        append(&path, &line("b")).unwrap();
        let read = read(&path).unwrap();
        let labels: Vec<_> = read.lines.iter().map(|line| line.labels[0].as_str()).collect();
        assert_eq!((labels, read.broken), (vec!["a", "b"], 1));
        assert_eq!(super::read(&folder.path().join("none")).unwrap(), Found::default());
    }

    #[test]
    fn the_size_is_bounded() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("results.jsonl");
        for n in 0..10 {
            put_aside_if_full(&path, 8_000).unwrap();
            append(&path, &line(&n.to_string())).unwrap();
        }
        let labels: Vec<_> = read(&path).unwrap().lines.into_iter().map(|line| line.labels[0].clone()).collect();
        assert!(labels.len() < 10 && labels.last().unwrap() == "9", "{labels:?}");
        let sizes = [path.clone(), beside(&path, ".1")].map(|path| std::fs::metadata(path).unwrap().len());
        assert!(sizes.iter().all(|size| *size < 16_000), "{sizes:?}");
    }

    #[test]
    fn where_it_lies() {
        let of =
            |pairs: &[(&str, &str)]| place_of(|name| pairs.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned()));
        assert_eq!(of(&[("HOME", "/h")]), Some("/h/.local/share/benchbook/results.jsonl".into()));
        assert_eq!(of(&[("HOME", "/h"), ("XDG_DATA_HOME", "/d")]), Some("/d/benchbook/results.jsonl".into()));
        assert_eq!(of(&[("HOME", "/h"), ("BENCHBOOK_RESULTS", "/r.jsonl")]), Some("/r.jsonl".into()));
        assert_eq!(of(&[("HOME", "/h"), ("BENCHBOOK_RESULTS", "off")]), None);
    }
}
