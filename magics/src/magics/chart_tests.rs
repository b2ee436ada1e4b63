use super::*;
use crate::testing::{Recorder, run_cell};

fn reply(columns: &[&str], rows: &[&[&str]]) -> SqlReply {
    let value = |text: &&str| (!text.is_empty()).then(|| (*text).to_owned());
    SqlReply {
        columns: columns.iter().map(|name| Column { name: (*name).into(), type_name: "VARCHAR".into() }).collect(),
        rows: rows.iter().map(|row| row.iter().map(value).collect()).collect(),
        row_count: rows.len() as u64,
        has_rows: true,
        ..SqlReply::default()
    }
}

fn drawn(cell: &str, reply_: SqlReply) -> (Result<(), MagicError>, Recorder) {
    let mut host = Recorder::default().reply(Ok(reply_));
    (run_cell(cell, &mut host), host)
}

#[test]
fn numbers_are_lines_and_texts_are_bars() {
    let (done, host) = drawn(
        "%%chart --by way\nSELECT n, s, way FROM t",
        reply(&["n", "s", "way"], &[&["1", "2.5", "a"], &["10", "3", "a"], &["1", "", "b"]]),
    );
    done.unwrap();
    assert!(host.shown().contains("s against n") && host.shown().contains("2.5"), "{}", host.shown());
    assert!(host.displays[0].data.contains_key("image/svg+xml") && host.displays[0].data.contains_key("image/png"));
    let (done, host) = drawn("%chart SELECT layout, bytes FROM t", reply(&["layout", "bytes"], &[&["list", "40"], &["NumPy", "8"]]));
    done.unwrap();
    assert!(host.displays[0].data["image/svg+xml"].as_str().unwrap().contains("NumPy"));
    assert_eq!(host.sql[0].sql.trim(), "SELECT layout, bytes FROM t");
}

#[test]
fn texts_become_names_along_an_axis() {
    let times = || {
        reply(
            &["ms", "question", "engine"],
            &[&["9", "sum", "DuckDB"], &["40", "join", "DuckDB"], &["10", "sum", "Polars"], &["", "join", "Polars"]],
        )
    };
    let (done, host) = drawn("%%chart --kind points --by engine\nSELECT ms, question, engine FROM t", times());
    done.unwrap();
    assert!(
        host.shown().contains("DuckDB   9       sum") && host.shown().contains("join") && !host.shown().contains("NaN"),
        "{}",
        host.shown()
    );
    // Equal slots would hide how far two dates lie apart.
    let mut dates = reply(&["day", "n"], &[&["2024-01-01", "1"], &["2024-03-01", "2"]]);
    dates.columns[0].type_name = "DATE".into();
    let error = drawn("%chart --kind points SELECT day, n FROM t", dates).0.unwrap_err();
    assert!(error.to_string().contains("`2024-01-01`, which is no number"), "{error}");
}

#[test]
fn what_cannot_be_drawn_is_said() {
    let table = || reply(&["layout", "bytes"], &[&["list", "40"]]);
    for (cell, reply, says) in [
        ("%chart --y byte SELECT 1", table(), "no column `byte`"),
        ("%chart --kind lines SELECT 1", table(), "`list`, which is no number"),
        ("%chart SELECT 1", reply(&["one"], &[&["1"]]), "a chart needs two"),
        ("%chart SELECT 1", reply(&["a", "b"], &[]), "no rows"),
        ("%chart --log y SELECT 1", reply(&["a", "b"], &[&["x", "0"]]), "cannot show 0"),
    ] {
        let error = drawn(cell, reply).0.unwrap_err();
        assert!(error.to_string().contains(says), "{cell}: {error}");
    }
}
