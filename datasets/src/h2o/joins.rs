//! The tables that `h2o` is joined with. Their keys are distinct and in no order; one in ten is a number that `h2o` does
//! not have, so that one in ten rows of `h2o` finds no partner.

use std::sync::Arc;

use tpchgen_arrow::arrow::array::{ArrayRef, Int64Array, RecordBatch};
use tpchgen_arrow::arrow::datatypes::{DataType, Schema, SchemaRef};
use tpchgen_arrow::arrow::error::ArrowError;

use super::table::{Shape, ids, value};
use crate::random::Random;
use crate::write::{column, decimals};

/// Share of the rows of `h2o` that find a partner (as near as the number of keys divides by ten).
pub const MATCHED: f64 = 0.9;
/// One key in so many is missing.
const MISSING: u64 = 10;
/// Stream of the values of each table under a seed.
const VALUES: u64 = 22;

/// Which table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Small,
    Medium,
    Big,
}

/// A table to join with.
pub struct Table {
    /// Its name.
    pub name: &'static str,
    /// Its rows.
    pub rows: u64,
    kind: Kind,
    shape: Shape,
    /// Multiplier of the order of keys, coprime to their number.
    step: u64,
}

/// All three.
pub fn tables(shape: Shape) -> [Table; 3] {
    let (k, many) = (shape.groups, shape.many());
    [("h2o_small", Kind::Small, k), ("h2o_medium", Kind::Medium, many), ("h2o_big", Kind::Big, k * many)].map(|(name, kind, rows)| Table {
        name,
        rows,
        kind,
        shape,
        step: coprime(rows),
    })
}

impl Table {
    /// Its columns.
    pub fn schema(&self) -> SchemaRef {
        let (text, number) = (|name| column(name, DataType::Utf8View), |name| column(name, DataType::Int64));
        Arc::new(Schema::new(match self.kind {
            Kind::Small => vec![text("id1"), number("id4"), decimals("v4", 6)],
            Kind::Medium => vec![text("id3"), number("id6"), decimals("v5", 6)],
            Kind::Big => vec![number("id4"), number("id6"), decimals("v6", 6)],
        }))
    }

    /// One piece of `size` rows.
    pub fn batch(&self, piece: u64, size: u64) -> Result<RecordBatch, ArrowError> {
        let first = piece * size;
        let rows = size.min(self.rows - first);
        let keys: Vec<u64> = (first..first + rows).map(|row| self.key(row)).collect();
        let mut random = Random::new(self.shape.seed, &[VALUES, self.kind as u64, piece]);
        let values: ArrayRef = Arc::new(value(&mut random, keys.len()));
        let [left, right]: [ArrayRef; 2] = match self.kind {
            Kind::Small | Kind::Medium => {
                let numbers: Vec<_> = keys.iter().map(|key| number(*key, self.rows)).collect();
                [Arc::new(ids(&numbers, if self.kind == Kind::Small { 3 } else { 10 })), Arc::new(Int64Array::from(numbers))]
            }
            Kind::Big => {
                let (k, many) = (self.shape.groups, self.shape.many());
                // A pair that `h2o` lacks has an id6 that it lacks.
                let away = |key: u64| if key % MISSING == MISSING - 1 { many } else { 0 };
                let id4 = keys.iter().map(|key| (key % k + 1) as i64);
                let id6 = keys.iter().map(|key| (key / k + 1 + away(*key)) as i64);
                [Arc::new(Int64Array::from_iter_values(id4)), Arc::new(Int64Array::from_iter_values(id6))]
            }
        };
        RecordBatch::try_new(self.schema(), vec![left, right, values])
    }

    /// The key, from 0, of a row: each one once, neighbours far apart.
    fn key(&self, row: u64) -> u64 {
        ((u128::from(row) * u128::from(self.step) + u128::from(self.rows / 3)) % u128::from(self.rows)) as u64
    }
}

/// The number of a key, from 1; one that is to be missing lies above all of them.
fn number(key: u64, keys: u64) -> i64 {
    (key + 1 + if key % MISSING == MISSING - 1 { keys } else { 0 }) as i64
}

/// A number near the golden section of n that shares no divisor with it: its multiples visit every residue, scattered.
fn coprime(n: u64) -> u64 {
    let gcd = |mut a: u64, mut b: u64| {
        while b > 0 {
            (a, b) = (b, a % b);
        }
        a
    };
    let start = (n as f64 * 0.618_033_988_749_895) as u64;
    (start.max(1)..).find(|step| gcd(*step, n) == 1).unwrap_or(1)
}

#[cfg(test)]
mod tests {
    use super::{Shape, tables};

    #[test]
    fn every_key_comes_once() {
        for (rows, groups) in [(1000, 10), (997, 7), (100, 100), (1, 1)] {
            for table in tables(Shape { rows, groups, seed: 1 }) {
                let mut keys: Vec<_> = (0..table.rows).map(|row| table.key(row)).collect();
                keys.sort_unstable();
                assert_eq!(keys, (0..table.rows).collect::<Vec<_>>(), "{} of {rows}", table.name);
            }
        }
    }
}
