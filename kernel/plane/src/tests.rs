//! What is written is mapped as the same, whatever it is.

use std::path::PathBuf;
use std::sync::Arc;

use arrow::array::{Array, ArrayRef, Int64Array, RecordBatch, StringViewArray};
use arrow::compute::concat_batches;
use arrow::datatypes::{DataType, Field, Schema};

use crate::compare::{same_contents, same_memory};
use crate::directory::Directory;
use crate::{mapping, room, write};

#[path = "tests/random.rs"]
mod random;

/// A folder that is removed at the end.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> (Self, Directory) {
        let path = std::env::temp_dir().join(format!("plane-test-{name}-{}", std::process::id()));
        let directory = Directory::at(&path).unwrap();
        (Self(path), directory)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[test]
fn random_tables_are_mapped_as_they_were() {
    let (_folder, directory) = Folder::new("random");
    for seed in 0..400 {
        println!("seed {seed}");
        let (schema, batches) = random::table(seed);
        let note = write::write(&directory, "t", "rust", &schema, batches.clone()).unwrap();
        let mapped = mapping::open(&directory.file("t")).unwrap();
        assert_eq!(mapped.schema, schema);
        assert_eq!(note.rows as usize, batches.iter().map(RecordBatch::num_rows).sum::<usize>());
        assert_eq!(note.bytes as usize, mapped.memory.len());
        let (expected, found) = (concat_batches(&schema, &batches), concat_batches(&schema, &mapped.batches));
        match (expected, found) {
            (Ok(expected), Ok(found)) => assert_eq!(expected, found),
            _ => assert!(same_contents(&batches, &mapped.batches)),
        }
        for array in mapped.batches.iter().flat_map(RecordBatch::columns) {
            aligned_and_inside(&mapped, array);
        }
    }
}

#[track_caller]
fn aligned_and_inside(mapped: &mapping::Mapped, array: &ArrayRef) {
    let range = mapped.memory.as_ptr_range();
    for buffer in array.to_data().buffers().iter().filter(|buffer| !buffer.is_empty()) {
        assert!(range.contains(&buffer.as_ptr()), "{}: a buffer was copied", array.data_type());
        assert_eq!(buffer.as_ptr() as usize % 64, 0, "{}", array.data_type());
    }
}

#[test]
fn a_part_of_a_table_takes_a_part_of_its_room() {
    let (_folder, directory) = Folder::new("part");
    let texts: ArrayRef = Arc::new(StringViewArray::from_iter_values((0..100_000).map(|n| format!("a text that is not short, {n}"))));
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Utf8View, true)]));
    let whole = RecordBatch::try_new(Arc::clone(&schema), vec![texts]).unwrap();
    let all = write::write(&directory, "all", "rust", &schema, vec![whole.clone()]).unwrap();
    let some = write::write(&directory, "some", "rust", &schema, vec![whole.slice(5000, 100)]).unwrap();
    assert!(some.bytes * 100 < all.bytes, "{} of {}", some.bytes, all.bytes);
    let mapped = mapping::open(&directory.file("some")).unwrap();
    assert_eq!(mapped.batches[0], whole.slice(5000, 100));
}

#[test]
fn what_was_shared_is_known_again() {
    let schema = Arc::new(Schema::new(vec![Field::new("a", DataType::Int64, true)]));
    let numbers: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
    let batch = |column: &ArrayRef| vec![RecordBatch::try_new(Arc::clone(&schema), vec![Arc::clone(column)]).unwrap()];
    let copy: ArrayRef = Arc::new(Int64Array::from_iter_values(0..1000));
    assert!(same_memory(&batch(&numbers), &batch(&numbers)) && !same_memory(&batch(&numbers), &batch(&copy)));
    assert!(same_contents(&batch(&numbers), &batch(&copy)));
    assert!(!same_memory(&batch(&numbers), &batch(&numbers.slice(1, 10))));
    assert!(!same_contents(&batch(&numbers), &batch(&numbers.slice(1, 999))));
}

#[test]
fn sizes_are_read_as_people_write_them() {
    for (text, bytes) in [("1000", 1000), ("2GB", 2_000_000_000), (" 1.5 kb", 1500), ("1MiB", 1_048_576)] {
        assert_eq!(room::parse(text), Some(bytes), "{text}");
    }
    assert!(["", "GB", "1 parsec"].iter().all(|text| room::parse(text).is_none()));
}

#[test]
fn names_stay_in_the_folder() {
    let (_folder, directory) = Folder::new("names");
    let schema = Arc::new(Schema::empty());
    for name in ["", "../x", "a b", "a.b", "/x"] {
        assert!(write::write(&directory, name, "rust", &schema, vec![]).is_err(), "{name}");
    }
    assert!(write::write(&directory, "größe_1", "rust", &schema, vec![]).is_ok());
    assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 2, "a table and its note");
}
