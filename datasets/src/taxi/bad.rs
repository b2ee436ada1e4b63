//! `trips_bad.csv`: a part of 2024-01-15 as it comes after a crash, for lessons on finding the bad file.

use super::table;
use super::trip::Trips;
use crate::error::DataError;
use crate::make::Job;
use crate::manifest::FileRecord;
use crate::write::{plain, text};

/// The name of the file, without its extension.
const NAME: &str = "trips_bad";
/// Rows, the broken ones counted.
const ROWS: u64 = 1000;
/// 2024-01-15, counted from 0.
const DAY: u64 = 14;

/// Lines of the file (the header is line 1) and what is wrong with each.
pub const LINES: [(usize, &str); 3] = [
    (301, "cut off after 9 of 19 values"),
    (501, "20 values: the distance has a decimal comma"),
    (701, "two bytes that are no UTF-8 in store_and_fwd_flag"),
];

/// Writes the file.
pub fn write(job: &Job<'_>, seed: u64) -> Result<FileRecord, DataError> {
    let defect = |reason: String| DataError::Generate { table: NAME.to_owned(), reason };
    let batch = table::batch(&Trips::day(ROWS, seed, DAY).piece(0, ROWS)).map_err(|error| DataError::arrow(NAME, &error))?;
    let mut whole = text::header(&table::schema(), text::Style::Csv);
    text::push(&mut whole, &batch, text::Style::Csv).map_err(defect)?;
    let mut bad = Vec::with_capacity(whole.len());
    for (i, line) in whole.split_inclusive(|byte| *byte == b'\n').enumerate() {
        match i + 1 {
            301 => {
                bad.extend(line.splitn(10, |byte| *byte == b',').take(9).collect::<Vec<_>>().join(&b','));
                bad.push(b'\n');
            }
            501 => bad.extend(replaced(line, 4, |value| value.replace('.', ",").into_bytes())),
            701 => bad.extend(replaced(line, 6, |_| vec![0xFF, 0xFE])),
            _ => bad.extend_from_slice(line),
        }
    }
    plain(job, NAME, ROWS, &bad)
}

/// The line with one of its values changed.
fn replaced(line: &[u8], column: usize, change: impl Fn(&str) -> Vec<u8>) -> Vec<u8> {
    let values = line.split(|byte| *byte == b',').enumerate();
    let values = values.map(|(i, value)| if i == column { change(&String::from_utf8_lossy(value)) } else { value.to_vec() });
    values.collect::<Vec<_>>().join(&b',')
}
