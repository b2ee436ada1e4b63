//! What a server wrote: addresses, and in trouble the lines that matter.

use std::fs;
use std::path::Path;

/// Lines shown of a log.
const LINES: usize = 6;

/// What follows `mark` in the log, up to the next blank; for addresses.
pub fn word_after(log: &Path, mark: &str) -> Option<String> {
    let text = fs::read_to_string(log).ok()?;
    let rest = &text[text.find(mark)? + mark.len()..];
    // Only a whole line: its end may not be written yet.
    let line = &rest[..rest.find('\n')?];
    line.split_whitespace().next().map(str::to_owned)
}

/// Whether the log holds `mark` this often.
pub fn count(log: &Path, mark: &str) -> usize {
    fs::read_to_string(log).unwrap_or_default().matches(mark).count()
}

/// The lines that say why: errors without their stacks, or the last ones.
pub fn essence(log: &Path) -> String {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let lines: Vec<&str> = text.lines().filter(|line| !line.trim().is_empty() && !line.starts_with("\tat ")).collect();
    let telling =
        |line: &&&str| ["Exception", "Error", "Caused by", "Could not", "Invalid", "FATAL"].iter().any(|word| line.contains(word));
    let mut chosen: Vec<&str> = lines.iter().filter(telling).copied().collect();
    if chosen.is_empty() {
        chosen = lines;
    }
    chosen[chosen.len().saturating_sub(LINES)..].join("\n")
}

/// What to try, after what the log says.
pub fn advice(log: &Path) -> &'static str {
    let text = String::from_utf8_lossy(&fs::read(log).unwrap_or_default()).into_owned();
    let says = |words: &[&str]| words.iter().any(|word| text.contains(word));
    if says(&["OutOfMemoryError", "Could not reserve", "Invalid maximum heap size", "insufficient memory", "Cannot allocate memory"]) {
        "try less or more memory, for example `%engine start spark --memory 2g`; `%machine` shows what there is"
    } else if says(&["BindException", "Address already in use", "Failed to bind"]) {
        "a port was taken in between; start it again"
    } else if says(&["UnsupportedClassVersionError"]) {
        "Spark needs Java 17 or later; `benchbook doctor` says more"
    } else if says(&["No space left on device"]) {
        "the disk of the temporary directory is full; make room, or set TMPDIR to another place"
    } else {
        "start it again; `benchbook doctor` says whether Java and Spark are well"
    }
}
