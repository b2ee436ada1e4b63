//! Whether there is room for a table: what the file system and the machine have free, and the quota of the session.

use std::ffi::CString;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use crate::Error;
use crate::directory::Directory;

/// What all tables together may take, for example `2GB`; half of the file system when it is not set.
pub const QUOTA: &str = "BENCHBOOK_TABLES_MAX";

/// Makes sure that `needed` bytes can be written for the table `name`, whose earlier version goes.
///
/// # Errors
/// When they cannot; the message tells how much is free and how to free more.
pub fn check(directory: &Directory, name: &str, needed: u64) -> Result<(), Error> {
    let space = Space::of(directory.path());
    let how = "`%tables` lists what there is, `%tables --drop name` frees it";
    if let Some(free) = space.free.filter(|free| needed > *free) {
        return Err(format!("sharing `{name}` needs {}, and shared memory has {} free; {how}", shown(needed), shown(free)).into());
    }
    let Some(quota) = quota()?.or(space.size.map(|size| size / 2)) else { return Ok(()) };
    let taken = taken(directory, name);
    if taken.saturating_add(needed) > quota {
        return Err(format!(
            "sharing `{name}` needs {}; all tables together may take {}, and the others take {} already; {how}, and the environment \
             variable {QUOTA} sets another limit",
            shown(needed),
            shown(quota),
            shown(taken),
        )
        .into());
    }
    Ok(())
}

/// Bytes of a file system; absent when unknown.
struct Space {
    size: Option<u64>,
    free: Option<u64>,
}

impl Space {
    fn of(path: &Path) -> Self {
        let Ok(path) = CString::new(path.as_os_str().as_bytes()) else { return Self { size: None, free: None } };
        // SAFETY: `statfs` is plain data; path and buffer are valid for the call.
        let (known, space) = unsafe {
            let mut space: libc::statvfs = std::mem::zeroed();
            (libc::statvfs(path.as_ptr(), &raw mut space) == 0, space)
        };
        if !known {
            return Self { size: None, free: None };
        }
        let bytes = |blocks: u64| blocks.saturating_mul(space.f_frsize);
        Self { size: Some(bytes(space.f_blocks)), free: Some(bytes(space.f_bavail)) }
    }
}

/// The session's own limit.
fn quota() -> Result<Option<u64>, Error> {
    let Some(text) = std::env::var_os(QUOTA).filter(|text| !text.is_empty()) else { return Ok(None) };
    let text = text.to_string_lossy();
    parse(&text)
        .map(Some)
        .ok_or_else(|| format!("the environment variable {QUOTA} is `{text}`; it takes bytes, for example 500MB or 2GB").into())
}

/// `500MB`, `2GiB`, `1000`: bytes.
#[must_use]
pub fn parse(text: &str) -> Option<u64> {
    let text = text.trim();
    let digits = text.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(text.len());
    let number: f64 = text[..digits].parse().ok()?;
    let unit: f64 = match text[digits..].trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1.0,
        "k" | "kb" => 1e3,
        "m" | "mb" => 1e6,
        "g" | "gb" => 1e9,
        "t" | "tb" => 1e12,
        "kib" => 1024.0,
        "mib" => 1_048_576.0,
        "gib" => 1_073_741_824.0,
        _ => return None,
    };
    Some((number * unit) as u64)
}

/// Bytes that all tables but `name` take.
fn taken(directory: &Directory, name: &str) -> u64 {
    let own = directory.file(name);
    let entries = fs::read_dir(directory.path()).into_iter().flatten().filter_map(Result::ok);
    entries.filter(|entry| entry.path() != own).filter_map(|entry| Some(entry.metadata().ok()?.blocks() * 512)).sum()
}

/// Bytes for people, in powers of ten.
#[must_use]
pub fn shown(bytes: u64) -> String {
    let units = [(1e9, "GB"), (1e6, "MB"), (1e3, "kB")];
    match units.into_iter().find(|(unit, _)| bytes as f64 >= *unit) {
        Some((unit, name)) => format!("{:.2} {name}", bytes as f64 / unit),
        None => format!("{bytes} bytes"),
    }
}
