//! The comparison of results, through the worker's wire.

use std::sync::Arc;

use arrow_array::types::Int64Type;
use arrow_array::{
    Array, ArrayRef, BinaryArray, BooleanArray, Date32Array, Decimal128Array, DurationMillisecondArray, Float32Array, Float64Array,
    Int32Array, Int64Array, ListArray, NullArray, StringArray, StringViewArray, TimestampMicrosecondArray, UInt8Array,
};
use serde_json::{Value, json};

use crate::engine_worker::{Worker, write_arrow};

type Columns = Vec<(&'static str, ArrayRef)>;

/// A worker and a counter for file names.
struct Comparer(Worker, usize);

impl Comparer {
    fn start() -> Comparer {
        Comparer(Worker::start(), 0)
    }

    fn compare(&mut self, first: Columns, other: Columns, ordered: bool, tolerance: f64) -> Value {
        let files = [first, other].map(|columns| {
            self.1 += 1;
            let path = self.0.path(&format!("{}.arrow", self.1));
            write_arrow(&path, columns);
            path
        });
        let answer = self.0.ask("compare", json!({"request": {"files": files, "ordered": ordered, "tolerance": tolerance}}));
        assert_eq!(answer["event"], "compared", "{answer}");
        answer["comparisons"][0].clone()
    }

    /// Compares without regard to order, with a tolerance of 1e-9.
    fn same(&mut self, first: impl Array + 'static, other: impl Array + 'static) -> Value {
        self.compare(vec![("v", Arc::new(first))], vec![("v", Arc::new(other))], false, 1e-9)
    }
}

fn decimal(values: Vec<Option<i128>>, precision: u8, scale: i8) -> Decimal128Array {
    Decimal128Array::from(values).with_precision_and_scale(precision, scale).expect("a decimal")
}

fn floats(values: &[f64]) -> Float64Array {
    Float64Array::from(values.to_vec())
}

#[test]
fn types_of_different_engines_are_brought_together() {
    let mut comparer = Comparer::start();
    let noon = 1_709_164_800_000_000 + 43_200_000_000;
    let list = || ListArray::from_iter_primitive::<Int64Type, _, _>([Some(vec![Some(1), None]), None]);
    let equal = [
        comparer.same(Int32Array::from(vec![1, -2]), Int64Array::from(vec![-2, 1])),
        comparer.same(UInt8Array::from(vec![7]), decimal(vec![Some(7)], 38, 0)),
        comparer.same(decimal(vec![Some(150)], 12, 2), floats(&[1.5])),
        comparer.same(decimal(vec![Some(150)], 12, 2), decimal(vec![Some(15)], 12, 1)),
        comparer.same(decimal(vec![Some(333_333)], 38, 6), floats(&[1.0 / 3.0])),
        comparer.same(Int64Array::from(vec![3]), floats(&[3.0])),
        comparer.same(Float32Array::from(vec![0.1_f32]), floats(&[0.1])),
        comparer.same(BooleanArray::from(vec![Some(true), Some(false), None]), Int64Array::from(vec![None, Some(0), Some(1)])),
        comparer.same(StringArray::from(vec!["a", "b"]), StringViewArray::from(vec!["b", "a"])),
        comparer.same(Date32Array::from(vec![19_782]), TimestampMicrosecondArray::from(vec![19_782 * 86_400_000_000])),
        comparer.same(Date32Array::from(vec![Some(19_782), None]), StringArray::from(vec![Some("2024-02-29"), None])),
        comparer.same(TimestampMicrosecondArray::from(vec![noon]).with_timezone("UTC"), StringArray::from(vec!["2024-02-29 12:00:00"])),
        comparer.same(DurationMillisecondArray::from(vec![5]), Int64Array::from(vec![5])),
        comparer.same(BinaryArray::from(vec![b"x".as_slice()]), StringArray::from(vec!["x"])),
        comparer.same(list(), list()),
        comparer.same(list(), StringArray::from(vec![Some("[1,null]"), None])),
        comparer.same(NullArray::new(2), Float64Array::from(vec![None, None])),
        comparer.same(floats(&[f64::NAN, -0.0, f64::INFINITY]), floats(&[f64::INFINITY, f64::NAN, 0.0])),
        comparer.same(Int64Array::from(Vec::<i64>::new()), Int32Array::from(Vec::<i32>::new())),
    ];
    for (index, comparison) in equal.iter().enumerate() {
        assert_eq!(comparison["equal"], true, "case {index}: {comparison}");
    }
    let different = [
        comparer.same(Int64Array::from(vec![Some(0)]), Int64Array::from(vec![None])),
        comparer.same(Int64Array::from(vec![i64::MAX]), Int64Array::from(vec![i64::MAX - 1])),
        comparer.same(floats(&[1.0]), floats(&[1.0 + 1e-8])),
        comparer.same(floats(&[f64::INFINITY]), floats(&[f64::MAX])),
        comparer.same(floats(&[f64::INFINITY]), floats(&[f64::NEG_INFINITY])),
        comparer.same(decimal(vec![Some(151)], 12, 2), floats(&[1.5])),
        comparer.same(BooleanArray::from(vec![true]), Int64Array::from(vec![2])),
        comparer.same(StringArray::from(vec!["a"]), StringArray::from(vec!["a "])),
        comparer.same(Date32Array::from(vec![19_782]), StringArray::from(vec!["2024-02-28"])),
        comparer.same(Date32Array::from(vec![19_782]), StringArray::from(vec!["someday"])),
        comparer.same(Int64Array::from(vec![1]), StringArray::from(vec!["1"])),
    ];
    for (index, comparison) in different.iter().enumerate() {
        assert_eq!(comparison["equal"], false, "case {index}: {comparison}");
        assert!(comparison["reason"].as_str().is_some_and(|reason| reason.len() > 5), "case {index}: {comparison}");
    }
}

#[test]
fn order_counts_only_when_it_is_asked_for() {
    let mut comparer = Comparer::start();
    let columns = |keys: Vec<i64>, values: Vec<f64>| -> Columns {
        vec![("key", Arc::new(Int64Array::from(keys))), ("value", Arc::new(Float64Array::from(values)))]
    };
    let first = || columns(vec![1, 2, 2], vec![0.5, 1.0, 3.0]);
    let shuffled = || columns(vec![2, 1, 2], vec![3.0 + 1e-12, 0.5, 1.0]);
    assert_eq!(comparer.compare(first(), shuffled(), false, 1e-9)["equal"], true);
    let ordered = comparer.compare(first(), shuffled(), true, 1e-9);
    assert_eq!(ordered["equal"], false);
    assert_eq!(ordered["row"], json!({"index": 0, "columns": ["key", "value"], "first": ["1", "0.5"], "other": ["2", "3.000000000001"]}));
    // Rows count as often as they come.
    let twice = comparer.compare(columns(vec![1, 1, 2], vec![0.0; 3]), columns(vec![1, 2, 2], vec![0.0; 3]), false, 1e-9);
    assert_eq!(twice["equal"], false, "{twice}");
    // The rest of the row tells which one differs.
    let one = comparer.compare(first(), columns(vec![2, 2, 1], vec![1.0, 4.0, 0.5]), false, 1e-9);
    assert_eq!((&one["row"]["first"], &one["row"]["other"]), (&json!(["2", "3.0"]), &json!(["2", "4.0"])), "{one}");
    assert!(one["reason"].as_str().is_some_and(|r| r.contains("column value: 4.0 instead of 3.0")), "{one}");
    let fewer = comparer.compare(first(), columns(vec![1, 2], vec![0.5, 3.0]), false, 1e-9);
    assert_eq!(fewer["reason"], "2 rows instead of 3");
    assert_eq!((&fewer["row"]["first"], &fewer["row"]["other"]), (&json!(["2", "1.0"]), &Value::Null), "{fewer}");
}

#[test]
fn small_differences_of_floats_do_not_move_rows_apart() {
    let mut comparer = Comparer::start();
    let columns =
        |a: Vec<f64>, b: Vec<f64>| -> Columns { vec![("a", Arc::new(Float64Array::from(a))), ("b", Arc::new(Float64Array::from(b)))] };
    // Sorted by `a` alone, the rows of the second result would come in the other order.
    let first = columns(vec![1.0, 1.0], vec![3.0, 5.0]);
    let other = columns(vec![1.0 + 1e-12, 1.0], vec![3.0, 5.0]);
    assert_eq!(comparer.compare(first, other, false, 1e-9)["equal"], true);
    // A chain of values, each near the next, whose ends are not the same.
    let chain: Vec<f64> = (0..100).map(|i| 1.0 + f64::from(i) * 0.6e-9).collect();
    let reversed: Vec<f64> = chain.iter().rev().copied().collect();
    let zeros = vec![0.0; 100];
    assert_eq!(comparer.compare(columns(chain.clone(), zeros.clone()), columns(reversed, zeros.clone()), false, 1e-9)["equal"], true);
    let mut moved = chain.clone();
    moved[0] = 2.0;
    assert_eq!(comparer.compare(columns(chain, zeros.clone()), columns(moved, zeros), false, 1e-9)["equal"], false);
}

#[test]
fn shapes_and_names_are_told() {
    let mut comparer = Comparer::start();
    let column = |name: &'static str| -> Columns { vec![(name, Arc::new(Int64Array::from(vec![1])))] };
    assert_eq!(comparer.compare(column("n"), column("N"), true, 0.0)["reason"], "");
    let renamed = comparer.compare(column("n"), column("count(*)"), true, 0.0);
    assert_eq!(renamed["equal"], true);
    assert!(renamed["reason"].as_str().is_some_and(|r| r.contains("count(*) instead of n")), "{renamed}");
    let mut two = column("n");
    two.extend(column("m"));
    assert_eq!(comparer.compare(column("n"), two, true, 0.0)["reason"], "2 columns instead of 1");
    let missing = comparer.0.ask("compare", json!({"request": {"files": ["/nowhere/a.arrow", "b"], "ordered": true, "tolerance": 0.0}}));
    assert!(missing["failure"]["message"].as_str().is_some_and(|m| m.contains("/nowhere/a.arrow")), "{missing}");
}

#[test]
fn a_million_shuffled_rows_are_the_same() {
    let mut comparer = Comparer::start();
    let rows = 1_000_000_i64;
    // 7 has no common factor with the number of rows, so this is another order of the same rows.
    let table = |step: i64, noise: f64| -> Columns {
        let keys = || (0..rows).map(move |i| i * step % rows);
        vec![
            ("key", Arc::new(Int64Array::from_iter_values(keys().map(|key| key / 3)))),
            ("text", Arc::new(StringArray::from_iter_values(keys().map(|key| format!("name {}", key % 1000))))),
            ("value", Arc::new(Float64Array::from_iter_values(keys().map(|key| key as f64 * 0.37 * (1.0 + noise))))),
        ]
    };
    let comparison = comparer.compare(table(1, 0.0), table(7, 1e-13), false, 1e-9);
    assert_eq!(comparison["equal"], true, "{comparison}");
}
