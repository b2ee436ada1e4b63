//! Reading datasets back with other code than wrote them.
#![allow(dead_code, reason = "each test file uses a part of it")]

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use datasets::{Format, Made, Number, Request, Scale, make};
use parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder;
use tpchgen_arrow::arrow::array::RecordBatch;
use tpchgen_arrow::arrow::datatypes::DataType;
use tpchgen_arrow::arrow::util::display::array_value_to_string;

/// A set with one parameter given.
pub fn request(set: &str, name: &str, value: Number) -> Request {
    Request::new(set, Scale::Ci).expect("known").with(name, value)
}

pub fn stocks(days: u64) -> Request {
    request("stocks", "days", Number::Whole(days))
}

pub fn tpch(sf: f64) -> Request {
    request("tpch", "sf", Number::Real(sf))
}

/// Any other set, with so many rows (seconds, words).
pub fn rows(set: &str, rows: u64) -> Request {
    let info = datasets::sets().find(|info| info.name == set).expect("known");
    request(set, info.parameters[0].name, Number::Whole(rows))
}

pub fn made(request: &Request, root: &Path) -> Made {
    make(request, root, &mut |_| {}).expect("made")
}

pub fn path(made: &Made, table: &str, format: Format) -> PathBuf {
    made.file(table, format).expect("listed").path.clone()
}

pub fn batches(made: &Made, table: &str) -> Vec<RecordBatch> {
    let file = File::open(path(made, table, Format::Parquet)).expect("opens");
    let reader = ParquetRecordBatchReaderBuilder::try_new(file).expect("Parquet").build().expect("reads");
    reader.map(|batch| batch.expect("batch")).collect()
}

/// The header and all cells of a table, from its Parquet file, by Arrow's own formatting.
pub fn parquet_cells(made: &Made, table: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let batches = batches(made, table);
    let header = batches[0].schema().fields().iter().map(|field| field.name().clone()).collect();
    let cell = |batch: &RecordBatch, column: usize, row| {
        array_value_to_string(batch.column(column), row).expect("formats").replacen('T', &timestamp_mark(batch, column), 1)
    };
    let rows = batches
        .iter()
        .flat_map(|batch| (0..batch.num_rows()).map(|row| (0..batch.num_columns()).map(|column| cell(batch, column, row)).collect()));
    (header, rows.collect())
}

fn timestamp_mark(batch: &RecordBatch, column: usize) -> String {
    let is_time = matches!(batch.schema().field(column).data_type(), DataType::Timestamp(..));
    if is_time { " ".to_owned() } else { "T".to_owned() }
}

/// The same from the CSV file, by a small reader of RFC 4180.
pub fn csv_cells(made: &Made, table: &str) -> (Vec<String>, Vec<Vec<String>>) {
    let text = fs::read_to_string(path(made, table, Format::Csv)).expect("reads");
    let (mut rows, mut row, mut cell, mut quoted) = (Vec::new(), Vec::new(), String::new(), false);
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letter {
            '"' if quoted && letters.peek() == Some(&'"') => cell.extend(letters.next()),
            '"' => quoted = !quoted,
            ',' if !quoted => row.push(std::mem::take(&mut cell)),
            '\n' if !quoted => {
                row.push(std::mem::take(&mut cell));
                rows.push(std::mem::take(&mut row));
            }
            letter => cell.push(letter),
        }
    }
    assert!(cell.is_empty() && row.is_empty() && !quoted, "the last line ends");
    let header = rows.remove(0);
    (header, rows)
}

/// The same from the JSON lines file, by serde_json; numbers come back as serde_json prints them.
pub fn jsonl_cells(made: &Made, table: &str, header: &[String]) -> Vec<Vec<String>> {
    let text = fs::read_to_string(path(made, table, Format::Jsonl)).expect("reads");
    let row = |line: &str| {
        let object: serde_json::Map<String, serde_json::Value> = serde_json::from_str(line).expect("JSON");
        assert_eq!(object.len(), header.len());
        let cell = |name: &String| match &object[name] {
            serde_json::Value::String(text) => text.clone(),
            serde_json::Value::Null => String::new(),
            number => number.to_string(),
        };
        header.iter().map(cell).collect()
    };
    text.lines().map(row).collect()
}

/// Equal text, or equal numbers: `17.00` is `17.0`.
pub fn same(a: &str, b: &str) -> bool {
    a == b || matches!((a.parse::<f64>(), b.parse::<f64>()), (Ok(a), Ok(b)) if a == b)
}

pub fn assert_formats_agree(made: &Made, table: &str) {
    let (header, parquet) = parquet_cells(made, table);
    let (csv_header, csv) = csv_cells(made, table);
    assert_eq!(header, csv_header, "{table}");
    let jsonl = jsonl_cells(made, table, &header);
    assert_eq!((parquet.len(), parquet.len()), (csv.len(), jsonl.len()), "{table}");
    for (row, cells) in parquet.iter().enumerate() {
        for (column, cell) in cells.iter().enumerate() {
            let (csv, json) = (&csv[row][column], &jsonl[row][column]);
            assert!(same(cell, csv) && same(cell, json), "{table} row {row} {}: {cell} {csv} {json}", header[column]);
        }
    }
}

/// Names in a folder that are neither the set nor its lock.
pub fn leftovers(root: &Path) -> Vec<String> {
    let names = fs::read_dir(root).expect("reads").map(|entry| entry.expect("entry").file_name().to_string_lossy().into_owned());
    names.filter(|name| name.ends_with(".making")).collect()
}

/// A child that runs `datasets::cli` with `args`: the test `child` of the same test program, behind a shell
/// that runs `setup` first.
pub fn command(setup: &str, args: &[&str]) -> Command {
    let mut command = Command::new("sh");
    let program = std::env::current_exe().expect("own path");
    command.args(["-c", &format!("{setup}\nexec \"$0\" --exact child --nocapture")]).arg(program);
    command.env("DATASETS_TEST_ARGS", args.join("\u{1f}")).stdin(Stdio::null());
    command.env("BENCHBOOK_DATA", "/nonexistent/benchbook").env_remove("COURSE_SCALE");
    command
}

/// What the child runs; it ends the process with the exit code of the command. Returns when not started by a test.
pub fn run_child() {
    let Ok(args) = std::env::var("DATASETS_TEST_ARGS") else {
        return;
    };
    let args: Vec<_> = args.split('\u{1f}').filter(|arg| !arg.is_empty()).map(str::to_owned).collect();
    std::process::exit(datasets::cli(&args));
}
