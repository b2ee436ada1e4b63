//! The tables in the session's directory, as the notes beside them tell: no Arrow is read.
//!
//! Each table is a file `NAME.arrow` in the folder `tables`, with a note `NAME.json` that its writer put there. A note
//! that is about an earlier file of this name is not believed.

use std::fs;
use std::io;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use serde_json::{Value, json};

use crate::sql_wire::{Column, SqlReply};

/// A shared table.
#[derive(Debug, Clone, PartialEq)]
pub struct SharedTable {
    pub name: String,
    pub path: PathBuf,
    /// `rust`, `python` or `sql`; empty when its writer was killed before it could say.
    pub owner: String,
    pub rows: Option<u64>,
    pub columns: Option<Vec<Column>>,
    /// Size of the file.
    pub bytes: u64,
    /// Seconds since it was written.
    pub age_s: Option<f64>,
}

/// The folder of the tables.
pub fn folder(session: &Path) -> PathBuf {
    session.join("tables")
}

/// The file of the table `name`.
pub fn file(session: &Path, name: &str) -> PathBuf {
    folder(session).join(format!("{name}.arrow"))
}

/// All tables, by name.
pub fn list(session: &Path) -> Vec<SharedTable> {
    let entries = fs::read_dir(folder(session)).into_iter().flatten().filter_map(Result::ok);
    let mut tables: Vec<SharedTable> = entries.filter_map(|entry| table(&entry.path())).collect();
    tables.sort_by(|one, other| one.name.cmp(&other.name));
    tables
}

/// The table of this name; as in SQL, case does not count when no name is exactly the same.
pub fn find(session: &Path, name: &str) -> Option<SharedTable> {
    table(&file(session, name)).or_else(|| list(session).into_iter().find(|table| table.name.eq_ignore_ascii_case(name)))
}

fn table(path: &Path) -> Option<SharedTable> {
    let name = path.file_name()?.to_str()?.strip_suffix(".arrow").filter(|name| !name.starts_with('.'))?.to_owned();
    let file = fs::metadata(path).ok()?;
    let note = fs::read(path.with_extension("json")).ok().and_then(|text| serde_json::from_slice::<Value>(&text).ok());
    let note = note.filter(|note| note["inode"] == file.ino() && note["modified_ns"] == modified_ns(&file)).unwrap_or_default();
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    let column = |column: &Value| Column { name: text(&column["name"]), type_name: text(&column["type"]) };
    Some(SharedTable {
        name,
        path: path.to_owned(),
        owner: text(&note["owner"]),
        rows: note["rows"].as_u64(),
        columns: note["columns"].as_array().map(|columns| columns.iter().map(column).collect()),
        bytes: file.len(),
        age_s: file.modified().ok().and_then(|when| SystemTime::now().duration_since(when).ok()).map(|age| age.as_secs_f64()),
    })
}

/// Nanoseconds since 1970.
fn modified_ns(file: &fs::Metadata) -> i64 {
    file.mtime().saturating_mul(1_000_000_000).saturating_add(file.mtime_nsec())
}

/// Removes a table; who has it mapped keeps it.
///
/// # Errors
/// When its file cannot be removed.
pub fn remove(table: &SharedTable) -> io::Result<()> {
    let _ = fs::remove_file(table.path.with_extension("json"));
    fs::remove_file(&table.path)
}

/// Puts a note beside the table `name`, which the engine worker has just written for `reply`.
///
/// # Errors
/// When it cannot be written.
pub fn note_result(session: &Path, name: &str, reply: &SqlReply) -> io::Result<()> {
    let path = file(session, name);
    let about = fs::metadata(&path)?;
    let columns: Vec<Value> = reply.columns.iter().map(|column| json!({"name": column.name, "type": column.type_name})).collect();
    let note = json!({
        "name": name, "owner": "sql", "rows": reply.row_count, "columns": columns, "bytes": about.len(),
        "inode": about.ino(), "modified_ns": modified_ns(&about),
    });
    let mut options = fs::OpenOptions::new();
    let mut note_file = options.write(true).create(true).truncate(true).mode(0o600).open(path.with_extension("json"))?;
    io::Write::write_all(&mut note_file, note.to_string().as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_note_counts_for_the_file_it_is_about() {
        let session = tempfile::tempdir().unwrap();
        fs::create_dir(folder(session.path())).unwrap();
        assert!(list(session.path()).is_empty());
        fs::write(file(session.path(), "Prices"), "123").unwrap();
        let reply =
            SqlReply { row_count: 7, columns: vec![Column { name: "a".into(), type_name: "INTEGER".into() }], ..SqlReply::default() };
        note_result(session.path(), "Prices", &reply).unwrap();
        let table = find(session.path(), "prices").unwrap();
        assert_eq!((table.name.as_str(), table.owner.as_str(), table.rows, table.bytes), ("Prices", "sql", Some(7), 3));
        assert_eq!(table.columns.as_ref().unwrap().len(), 1);

        fs::write(session.path().join("new"), "12345").unwrap();
        fs::rename(session.path().join("new"), &table.path).unwrap();
        let table = find(session.path(), "Prices").unwrap();
        assert_eq!((table.owner.as_str(), table.rows, table.bytes), ("", None, 5), "the note is about another file");
        remove(&table).unwrap();
        assert!(find(session.path(), "Prices").is_none() && fs::read_dir(folder(session.path())).unwrap().count() == 0);
    }
}
