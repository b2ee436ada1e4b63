//! What was shared last, by name of the variable: while it is held here nobody changes it in place, so that a look at
//! addresses tells whether the variable is still the same.

use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};

use arrow::array::RecordBatch;
use plane::catalogue::Version;

struct Held {
    /// The file that it was written to or read from.
    version: Version,
    batches: Vec<RecordBatch>,
    /// The cell that did it.
    cell: u64,
}

static HELD: Mutex<Option<HashMap<String, Held>>> = Mutex::new(None);
static CELL: AtomicU64 = AtomicU64::new(0);

fn with<T>(act: impl FnOnce(&mut HashMap<String, Held>) -> T) -> T {
    let mut held = HELD.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    act(held.get_or_insert_default())
}

/// Holds what the file `version` of the table `name` has.
pub fn hold(name: &str, version: Version, batches: Vec<RecordBatch>) {
    let cell = CELL.load(Ordering::Relaxed);
    let old = with(|held| held.insert(name.to_owned(), Held { version, batches, cell }));
    drop(old);
}

/// Whether the file `version` has what is held for `name`, and `same` says that it is the same.
pub fn is(name: &str, version: Version, same: impl FnOnce(&[RecordBatch]) -> bool) -> bool {
    with(|held| held.get(name).is_some_and(|held| held.version == version && same(&held.batches)))
}

/// Holds nothing for `name` any longer.
pub fn release(name: &str) {
    let old = with(|held| held.remove(name));
    drop(old);
}

/// A cell begins.
pub fn begin() {
    CELL.fetch_add(1, Ordering::Relaxed);
}

/// A cell has ended: what belongs to no variable any longer, or to one that was replaced, is let go. `kept` tells of a name whether
/// it is a variable's, and whether this cell made that variable.
pub fn end(kept: impl Fn(&str) -> (bool, bool)) {
    let cell = CELL.load(Ordering::Relaxed);
    let gone: Vec<Held> = with(|held| {
        let is_gone = |name: &String, one: &mut Held| {
            let (is_variable, is_new) = kept(name);
            !is_variable || (is_new && one.cell < cell)
        };
        held.extract_if(is_gone).map(|(_, held)| held).collect()
    });
    drop(gone);
}
