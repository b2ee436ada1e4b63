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
    /// Number of the file that this is about: another file under the same name has another note.
    pub inode: u64,
}

impl Note {
    /// The note on a file of these columns.
    #[must_use]
    pub fn new(name: &str, owner: &str, rows: usize, schema: &Schema, file: &fs::Metadata) -> Self {
        let columns = schema.fields().iter().map(|field| (field.name().clone(), type_name(field.data_type()))).collect();
        Self { name: name.to_owned(), owner: owner.to_owned(), rows: rows as u64, columns, bytes: file.len(), inode: file.ino() }
    }

    #[must_use]
    pub fn json(&self) -> Value {
        let columns: Vec<Value> = self.columns.iter().map(|(name, kind)| json!({"name": name, "type": kind})).collect();
        json!({"name": self.name, "owner": self.owner, "rows": self.rows, "columns": columns, "bytes": self.bytes, "inode": self.inode})
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

/// The number of the file that the table `name` has now.
#[must_use]
pub fn current(directory: &Directory, name: &str) -> Option<u64> {
    fs::metadata(directory.file(name)).ok().map(|file| file.ino())
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
