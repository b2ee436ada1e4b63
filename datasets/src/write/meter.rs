//! Progress over all rows of a set.

use crate::make::Progress;

/// Counts rows of all tables and tells how far the set is.
pub struct Meter<'a> {
    total: u64,
    done: u64,
    tell: &'a mut dyn FnMut(Progress),
}

impl<'a> Meter<'a> {
    /// `total` rows are to come.
    pub fn new(total: u64, tell: &'a mut dyn FnMut(Progress)) -> Self {
        Self { total: total.max(1), done: 0, tell }
    }

    /// So many more rows of this table are on their way to the disk.
    pub fn rows(&mut self, table: &str, rows: u64) {
        self.done += rows;
        (self.tell)(Progress { done: self.done as f64 / self.total as f64, what: format!("writing {table}") });
    }
}
