//! The table `h2o`.

use std::sync::{Arc, LazyLock};

use tpchgen_arrow::arrow::array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringViewArray, StringViewBuilder};
use tpchgen_arrow::arrow::datatypes::{DataType, Schema, SchemaRef};
use tpchgen_arrow::arrow::error::ArrowError;

use crate::random::Random;
use crate::sets::Values;
use crate::write::{column, decimals};

/// Stream of rows under a seed.
const ROWS: u64 = 21;

/// How many rows and groups there are.
#[derive(Debug, Clone, Copy)]
pub struct Shape {
    /// Rows of `h2o`.
    pub rows: u64,
    /// Distinct values of `id1`, `id2`, `id4` and `id5`.
    pub groups: u64,
    /// Seed of all tables.
    pub seed: u64,
}

impl Shape {
    /// From the parameters.
    pub fn of(values: &Values) -> Self {
        Self { rows: values.whole("rows"), groups: values.whole("groups"), seed: values.whole("seed") }
    }

    /// Distinct values of `id3` and `id6`.
    pub fn many(self) -> u64 {
        self.rows / self.groups
    }
}

static H2O: LazyLock<SchemaRef> = LazyLock::new(|| {
    let (text, number) = (|name| column(name, DataType::Utf8View), |name| column(name, DataType::Int64));
    Arc::new(Schema::new(vec![
        text("id1"),
        text("id2"),
        text("id3"),
        number("id4"),
        number("id5"),
        number("id6"),
        number("v1"),
        number("v2"),
        decimals("v3", 6),
    ]))
});

/// The schema of `h2o`.
pub fn schema() -> SchemaRef {
    Arc::clone(&H2O)
}

/// One piece of `size` rows.
pub fn batch(shape: Shape, piece: u64, size: u64) -> Result<RecordBatch, ArrowError> {
    let mut random = Random::new(shape.seed, &[ROWS, piece]);
    let rows = size.min(shape.rows - piece * size) as usize;
    // A column after the other: the order in which numbers are drawn belongs to the contents.
    let mut up_to = |n: u64| -> Vec<i64> { (0..rows).map(|_| random.below(n) as i64 + 1).collect() };
    let (k, many) = (shape.groups, shape.many());
    let texts = [(k, 3), (k, 3), (many, 10)].map(|(n, width)| ids(&up_to(n), width));
    let [id1, id2, id3] = texts.map(|column| -> ArrayRef { Arc::new(column) });
    let numbers = [k, k, many, 5, 15].map(|n| -> ArrayRef { Arc::new(Int64Array::from(up_to(n))) });
    let [id4, id5, id6, v1, v2] = numbers;
    let v3: ArrayRef = Arc::new(value(&mut random, rows));
    RecordBatch::try_new(schema(), vec![id1, id2, id3, id4, id5, id6, v1, v2, v3])
}

/// Numbers as texts: `id` and at least `width` digits.
pub fn ids(numbers: &[i64], width: usize) -> StringViewArray {
    let mut texts = StringViewBuilder::with_capacity(numbers.len());
    let mut text = String::new();
    for number in numbers {
        let digits = number.to_string();
        text.clear();
        text.push_str("id");
        text.extend(std::iter::repeat_n('0', width.saturating_sub(digits.len())));
        text.push_str(&digits);
        texts.append_value(&text);
    }
    texts.finish()
}

/// Numbers from 0 to 100 with six decimals.
pub fn value(random: &mut Random, rows: usize) -> Float64Array {
    Float64Array::from_iter_values((0..rows).map(|_| random.below(100_000_001) as f64 / 1e6))
}
