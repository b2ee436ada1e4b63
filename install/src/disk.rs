//! How much room there is.

use std::path::Path;
use std::process::Command;

use crate::run;

/// Room of one file system, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Room {
    pub size: u64,
    pub free: u64,
}

/// Free space a first set-up needs, in bytes (target directory with Polars, Python, registry sources).
pub const NEEDED: u64 = 10 << 30;

/// Room of the file system that holds `path`, or its nearest existing parent; `None` when `df` cannot tell.
#[must_use]
pub fn room(path: &Path) -> Option<Room> {
    let existing = path.ancestors().find(|p| p.exists())?;
    let text = run::output(Command::new("df").args(["-P", "-k"]).arg(existing).env("LC_ALL", "C")).ok()?;
    parse(&text)
}

fn parse(df: &str) -> Option<Room> {
    let words: Vec<&str> = df.lines().nth(1)?.split_whitespace().collect();
    // A device name may hold spaces; the percentage marks the place.
    let percent = words.iter().position(|w| w.ends_with('%'))?;
    let kib = |back: usize| words.get(percent.checked_sub(back)?)?.parse::<u64>().ok();
    Some(Room { size: kib(3)? * 1024, free: kib(1)? * 1024 })
}

/// `3.4 GiB`, `64 MiB`.
#[must_use]
pub fn bytes(n: u64) -> String {
    #[expect(clippy::cast_precision_loss, reason = "three digits are shown")]
    let n = n as f64;
    if n >= 1024.0 * 1024.0 * 1024.0 {
        format!("{:.1} GiB", n / (1024.0 * 1024.0 * 1024.0))
    } else {
        format!("{:.0} MiB", n / (1024.0 * 1024.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_df() {
        let text = "Filesystem 1024-blocks Used Available Capacity Mounted on\nmap auto home 100 60 40 60% /\n";
        assert_eq!(parse(text), Some(Room { size: 100 * 1024, free: 40 * 1024 }));
        assert_eq!(parse(""), None);
        assert!(room(Path::new("/no/such/folder")).is_some_and(|r| r.size > 0));
    }

    #[test]
    fn sizes_read_well() {
        assert_eq!(bytes(64 << 20), "64 MiB");
        assert_eq!(bytes((3 << 30) + (1 << 29)), "3.5 GiB");
    }
}
