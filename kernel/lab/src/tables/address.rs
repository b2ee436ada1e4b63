//! Where a value's columns lie in memory: what was copied has an address of its own, what was mapped lies in the table's file.

use std::fmt;

use arrow::array::{Array, ArrayData};

use super::columns::Share;
use crate::AnyError;

/// Where the values of a column lie.
#[derive(Clone, PartialEq, Eq)]
pub struct Place {
    pub column: String,
    /// Address of the first byte.
    pub start: usize,
    /// Length of the column's largest buffer.
    pub bytes: usize,
    /// The file that is mapped there; none for memory of this process.
    pub file: Option<String>,
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self.file.as_deref().unwrap_or("memory of its own");
        write!(f, "{} at {:#x}, {} bytes, in {file}", self.column, self.start, self.bytes)
    }
}

/// Where the columns of `value` lie, by the largest buffer of each; columns without bytes are left out.
///
/// # Errors
/// A value that is no table.
pub fn address<T: Share<Kind> + ?Sized, Kind>(value: &T) -> Result<Vec<Place>, AnyError> {
    let columns = value.columns()?;
    let maps = std::fs::read_to_string("/proc/self/maps").unwrap_or_default();
    let mut places = Vec::new();
    for (index, field) in columns.schema.fields().iter().enumerate() {
        for batch in &columns.batches {
            if let Some((start, bytes)) = largest(&batch.column(index).to_data()).filter(|(_, bytes)| *bytes > 0) {
                places.push(Place { column: field.name().clone(), start, bytes, file: file_at(&maps, start) });
            }
        }
    }
    Ok(places)
}

fn largest(data: &ArrayData) -> Option<(usize, usize)> {
    let own = data.buffers().iter().map(|buffer| (buffer.as_ptr() as usize, buffer.len()));
    own.chain(data.child_data().iter().filter_map(largest)).max_by_key(|(_, bytes)| *bytes)
}

/// The name of the file mapped at this address, without its folder.
fn file_at(maps: &str, address: usize) -> Option<String> {
    maps.lines().find_map(|line| {
        let (range, rest) = line.split_once(' ')?;
        let (start, end) = range.split_once('-')?;
        let within = usize::from_str_radix(start, 16).ok()? <= address && address < usize::from_str_radix(end, 16).ok()?;
        let path = rest.split_once('/').filter(|_| within)?.1;
        path.trim_end_matches(" (deleted)").rsplit('/').next().map(str::to_owned)
    })
}
