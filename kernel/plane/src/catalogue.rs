//! The note beside a table's file: what `%tables` tells of it, as JSON that needs no Arrow to be read.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::Path;

use arrow::datatypes::{DataType, Schema};
use serde_json::{Value, json};

use crate::Error;
use crate::directory::Directory;

/// What is known of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    pub name: String,
    /// `rust`, `python` or `sql`.
    pub owner: String,
    pub rows: u64,
    /// Names and Arrow types.
    pub columns: Vec<(String, String)>,
    /// Size of the file.
    pub bytes: u64,
    /// The file that this is about: another file under the same name has another note.
    pub version: Version,
}

/// What tells a file from the next one under its name. File systems on disk give numbers of files again soon.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Version {
    pub inode: u64,
    /// Nanoseconds since 1970.
    pub modified_ns: i64,
}

impl Version {
    fn of(file: &fs::Metadata) -> Self {
        Self { inode: file.ino(), modified_ns: file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec()) }
    }
}

impl Note {
    /// The note on a file of these columns.
    #[must_use]
    pub fn new(name: &str, owner: &str, rows: usize, schema: &Schema, file: &fs::Metadata) -> Self {
        let columns = schema.fields().iter().map(|field| (field.name().clone(), type_name(field.data_type()))).collect();
        Self { name: name.to_owned(), owner: owner.to_owned(), rows: rows as u64, columns, bytes: file.len(), version: Version::of(file) }
    }

    #[must_use]
    pub fn json(&self) -> Value {
        let columns: Vec<Value> = self.columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
        json!({
            "name": self.name, "owner": self.owner, "rows": self.rows, "columns": columns, "bytes": self.bytes,
            "inode": self.version.inode, "modified_ns": self.version.modified_ns,
        })
    }

    /// Puts it beside the table, whole or not at all.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, directory: &Directory) -> Result<(), Error> {
        let part = directory.part(&self.name);
        let written = write_private(&part, self.json().to_string().as_bytes()).and_then(|()| fs::rename(&part, directory.note(&self.name)));
        written.map_err(|error| {
            let _ = fs::remove_file(&part);
            format!("the note on the table `{}` cannot be written: {error}", self.name).into()
        })
    }
}

fn write_private(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    io::Write::write_all(&mut file, bytes)
}

/// The file that the table `name` has now.
#[must_use]
pub fn current(directory: &Directory, name: &str) -> Option<Version> {
    fs::metadata(directory.file(name)).ok().map(|file| Version::of(&file))
}

/// Arrow's name of a type; those of nested types would fill pages.
fn type_name(data_type: &DataType) -> String {
    match data_type {
        DataType::Struct(fields) => format!("Struct of {}", fields.len()),
        DataType::List(field) | DataType::LargeList(field) => format!("List of {}", type_name(field.data_type())),
        DataType::FixedSizeList(field, width) => format!("List of {width} {}", type_name(field.data_type())),
        DataType::Dictionary(_, values) => format!("Dictionary of {}", type_name(values)),
        DataType::Map(_, _) => "Map".to_owned(),
        other => other.to_string(),
    }
}
