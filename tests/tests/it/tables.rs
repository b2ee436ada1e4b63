//! Tables that Rust, SQL and Python share.

use std::collections::BTreeMap;
use std::os::unix::fs::MetadataExt as _;
use std::path::PathBuf;
use std::time::Duration;

use tests::kernel::Start;
use tests::process;
use tests::session::Session;

/// Random tables made in Python.
const RANDOM_PY: &str = include_str!("tables/random_table.py");
/// Random tables made in Rust.
const RANDOM_RS: &str = include_str!("../../../kernel/plane/src/tests/random.rs");
const SOON: Duration = Duration::from_secs(10);

fn folder(session: &Session) -> PathBuf {
    session.kernel.session_dir().expect("a running kernel has one").join("tables")
}

/// Number of the file that a shared table has now: another version is another file.
#[track_caller]
fn version(session: &Session, name: &str) -> u64 {
    let file = folder(session).join(format!("{name}.arrow"));
    let metadata = file.metadata().unwrap_or_else(|error| panic!("{name}: {error}"));
    assert_eq!(metadata.mode() & 0o777, 0o600, "{name}");
    metadata.ino()
}

/// A table's text without the widths of its columns and the groups of its numbers.
fn single_spaced(text: &str) -> String {
    text.replace(['\u{202f}', '\u{2009}'], "").split_whitespace().collect::<Vec<_>>().join(" ")
}

#[track_caller]
fn answer(session: &mut Session, sql: &str) -> String {
    single_spaced(&session.ok(format!("%%sql\n{sql}")).rich("text/plain"))
}

#[test]
fn a_table_is_the_same_memory_for_all() {
    let mut session = Session::start();
    let _ = session.ok("use polars::prelude::*;\n\
         let df = df!(\"x\" => (0..200_000i64).collect::<Vec<_>>(), \"word\" => vec![\"a word that is not short\"; 200_000])?;\n\
         tables::share(\"numbers\", &df)?;");
    // Rust: each column of the fetched table lies in the file.
    let fetched = session.ok("let mapped = tables::fetch::<DataFrame>(\"numbers\")?;\n\
         let places = tables::address(&mapped)?;\n\
         (mapped.equals(&df), places.iter().all(|place| place.file.as_deref() == Some(\"numbers.arrow\")), places.len(),\n\
         tables::address(&df)?.iter().all(|place| place.file.is_none()))");
    assert_eq!(fetched.result(), "(true, true, 2, true)");
    // Python: the same.
    let python = session.ok("%%python\nimport benchbook\n\
         table = benchbook.fetch('numbers')\n\
         at = max(table.column('x').chunk(0).buffers(), key=lambda b: b.size if b else 0).address\n\
         line = next(l for l in open('/proc/self/maps') if int(l.split('-')[0], 16) <= at < int(l.split('-')[1].split()[0], 16))\n\
         table.num_rows, table.column_names, line.rstrip().endswith('numbers.arrow')");
    assert_eq!(python.result(), "(200000, ['x', 'word'], True)");
    for (kind, shape) in [("pandas", "(200000, 2)"), ("polars", "(200000, 2)")] {
        assert_eq!(session.ok(format!("%%python\nbenchbook.fetch('numbers', as_='{kind}').shape")).result(), shape);
    }
    assert_eq!(session.ok("%%python\nsorted(benchbook.fetch('numbers', 'numpy'))").result(), "['word', 'x']");
    // SQL, by its name; nobody has a variable of that name.
    assert!(answer(&mut session, "SELECT sum(x) AS s, count(word) AS n FROM numbers").contains("19999900000"));
    // A version that is mapped stays as it is.
    let _ = session.ok("tables::share(\"numbers\", &df.head(Some(2)))?;");
    assert_eq!(
        session.ok("(mapped.height(), mapped.equals(&df), tables::fetch::<DataFrame>(\"numbers\")?.height())").result(),
        "(200000, true, 2)"
    );
    assert_eq!(
        session.ok("%%python\ntable.num_rows, table.column('x')[-1].as_py(), benchbook.fetch('numbers').num_rows").result(),
        "(200000, 199999, 2)"
    );
    let shown = single_spaced(&session.ok("%tables").rich("text/plain"));
    assert!(shown.contains("│ numbers │ rust │ shared │ 2 │ 2 │"), "{shown}");
    assert!(shown.contains("│ df │ rust │ DataFrame │ 200000 │ 2 │"), "{shown}");
}

#[test]
fn what_can_be_shared_comes_back() {
    let mut session = Session::start();
    let _ = session.ok("use polars::prelude::*;\nuse arrow::array::{RecordBatch, Int32Array, ArrayRef};\nuse std::sync::Arc;\n\
         #[derive(serde::Serialize, serde::Deserialize, Debug, PartialEq, Clone)]\n\
         struct Trade { symbol: String, price: f64, size: Option<u32>, tags: Vec<String> }");
    let checked = session.ok(
        "let trades: Vec<Trade> = (0..10).map(|n| Trade { symbol: format!(\"S{n}\"), price: n as f64, size: (n % 2 == 0).then_some(n), tags: vec![\"a\".into(); n as usize % 3] }).collect();\n\
         tables::share(\"trades\", &trades)?;\n\
         tables::share(\"floats\", &vec![1.5f64, f64::NAN, -0.0])?;\ntables::share(\"bytes\", &[1u8, 2, 3])?;\ntables::share(\"flags\", &[true, false, true][1..])?;\n\
         tables::share(\"words\", &vec![\"é\".to_string(), String::new()])?;\ntables::share(\"maybe\", &vec![Some(1i16), None])?;\n\
         tables::share(\"sizes\", &vec![usize::MAX])?;\ntables::share(\"wide\", &vec![-1i128, i64::MAX as i128 * 5])?;\n\
         tables::share(\"series\", &Series::new(\"s\".into(), [1i32, 2]))?;\n\
         let batch = RecordBatch::try_from_iter([(\"i\", Arc::new(Int32Array::from(vec![1, 2, 3])) as ArrayRef)])?;\n\
         tables::share(\"batch\", &batch)?;\ntables::share(\"batches\", &vec![batch.clone(), batch.slice(1, 2)])?;\n\
         let floats = tables::fetch::<Vec<f64>>(\"floats\")?;\n\
         assert!(floats[1].is_nan() && floats[0] == 1.5);\n\
         assert_eq!(tables::fetch::<Vec<Trade>>(\"trades\")?, trades);\n\
         assert_eq!(tables::fetch::<Vec<u8>>(\"bytes\")?, [1, 2, 3]);\nassert_eq!(tables::fetch::<Vec<i64>>(\"bytes\")?, [1, 2, 3]);\n\
         assert_eq!(tables::fetch::<Vec<bool>>(\"flags\")?, [false, true]);\nassert_eq!(tables::fetch::<Vec<String>>(\"words\")?, [\"é\", \"\"]);\n\
         assert_eq!(tables::fetch::<Vec<Option<i16>>>(\"maybe\")?, [Some(1), None]);\nassert_eq!(tables::fetch::<Vec<usize>>(\"sizes\")?, [usize::MAX]);\n\
         assert_eq!(tables::fetch::<Series>(\"series\")?.i32()?.to_vec(), [Some(1), Some(2)]);\n\
         assert_eq!(tables::fetch::<RecordBatch>(\"batch\")?, batch);\nassert_eq!(tables::fetch::<RecordBatch>(\"batches\")?.num_rows(), 5);\n\
         assert_eq!(tables::batches(\"batches\")?.len(), 2);\nassert_eq!(tables::fetch::<DataFrame>(\"wide\")?.height(), 2);\n\
         let told = [tables::fetch::<Vec<i16>>(\"maybe\").unwrap_err().to_string(), tables::fetch::<Vec<f64>>(\"words\").unwrap_err().to_string(),\n\
         tables::fetch::<DataFrame>(\"nothing\").unwrap_err().to_string(), tables::share(\"a b\", &[1]).unwrap_err().to_string()];\ntold.join(\" | \")",
    );
    for said in ["fetch a Vec of Option", "its column is Utf8View", "no shared table `nothing`", "`a b` is not a table name"] {
        assert!(checked.result().contains(said), "{said}: {}", checked.result());
    }
    // Variables of SQL queries: a Vec, own structs, and one that cannot be a table.
    let _ = session.ok("struct Plain { a: i32 }\nlet plain = vec![Plain { a: 1 }];\nlet v = vec![1u32, 2, 3];");
    assert!(
        answer(&mut session, "SELECT sum(value) AS s, (SELECT count(*) FROM trades WHERE list_contains(tags, 'a')) AS n FROM v")
            .contains("│ 6 │ 6 │")
    );
    let failure = session.run("%%sql\nSELECT * FROM plain").fails("Error");
    failure.says(&["`plain` is a Vec<Plain>", "#[derive(serde::Serialize)]"]);
    let python =
        session.ok("%%python -i trades:polars,v:numpy\nimport numpy as np, pandas as pd, polars as pl, pyarrow as pa, benchbook\n\
         benchbook.share('structured', np.array([(1, 2.5), (3, 4.5)], dtype=[('a', 'i4'), ('b', 'f8')]))\n\
         benchbook.share('matrix', np.arange(6).reshape(3, 2))\nbenchbook.share('cols', {'a': [1, None], 'b': ['x', 'y']})\n\
         benchbook.share('records', [{'a': 1}, {'a': 2}])\nbenchbook.share('frame', pd.DataFrame({'a': [1, 2], 'b': ['x', None]}))\n\
         benchbook.share('lazy', pl.LazyFrame({'a': [1, 2]}))\nbenchbook.share('arr', pa.array([1, 2]))\n\
         try: benchbook.share('bad', object())\nexcept TypeError as e: told = str(e)\n\
         trades.height, int(v.sum()), benchbook.fetch('matrix', 'pandas').shape, 'cannot be a table' in told");
    assert_eq!(python.result(), "(10, 6, (3, 2), True)");
    let rows = answer(
        &mut session,
        "SELECT (SELECT sum(b) FROM structured) AS b, (SELECT sum(column_1) FROM matrix) AS m, (SELECT count(b) FROM frame) AS f, \
         (SELECT sum(a) FROM records) AS r, (SELECT count(*) FROM lazy, arr, cols) AS n",
    );
    assert!(rows.contains("│ 7.0 │ 9 │ 1 │ 3 │ 8 │"), "{rows}");
}

#[test]
fn variables_are_shared_again_only_when_they_changed() {
    let mut session = Session::start();
    let _ = session
        .ok("use polars::prelude::*;\nlet mut df = df!(\"a\" => [1i64, 2, 3])?;\nlet mut v = vec![1i64; 1000];\nlet a = vec![0u8; 10];");
    let query = "SELECT sum(a) AS s, (SELECT sum(value) FROM v) AS t FROM df";
    assert!(answer(&mut session, query).contains("│ 6 │ 1000 │"));
    let before = (version(&session, "df"), version(&session, "v"));
    assert!(!folder(&session).join("a.arrow").exists(), "the name of a column shares no variable");
    let _ = answer(&mut session, query);
    assert_eq!((version(&session, "df"), version(&session, "v")), before, "nothing changed");
    let _ = session.ok("df.with_column(Series::new(\"a\".into(), [10i64, 20, 30]).into())?;\nv[7] = 5;");
    assert!(answer(&mut session, query).contains("│ 60 │ 1004 │"));
    assert!(version(&session, "df") != before.0 && version(&session, "v") != before.1);
    // A result that becomes a variable is that table already.
    let _ = session.ok("%%sql --out top\nSELECT 41 + 1 AS n");
    let top = version(&session, "top");
    assert!(answer(&mut session, "SELECT n FROM top").contains("42"));
    assert_eq!(version(&session, "top"), top);

    // Variables of Python, which is asked only for what nobody else has.
    let _ = session.ok("%%python\nimport numpy as np, pandas as pd, pyarrow as pa, polars as pl\narr = np.arange(10)\nframe = pd.DataFrame({'a': [1, 2]})\nfixed = pa.table({'a': [1, 2]})\nother = pl.DataFrame({'a': [5]})\nv = [9]");
    let query = "SELECT (SELECT sum(value) FROM arr) + (SELECT sum(a) FROM frame) + (SELECT sum(a) FROM fixed) + (SELECT sum(a) FROM other) AS s, (SELECT sum(value) FROM v) AS v";
    assert!(answer(&mut session, query).contains("│ 56 │ 1004 │"));
    let names = ["arr", "frame", "fixed", "other"];
    let versions = |session: &Session| names.map(|name| version(session, name));
    let before = versions(&session);
    let _ = answer(&mut session, query);
    assert_eq!(versions(&session), before, "nothing changed");
    let _ = session.ok("%%python\narr[0] = 100\nframe.loc[0, 'a'] = 101\nother[0, 'a'] = 6");
    assert!(answer(&mut session, query).contains("│ 257 │"));
    let after = versions(&session);
    assert_eq!(names.map(|name| name != "fixed"), std::array::from_fn(|index| before[index] != after[index]));
    let _ = session.ok("%%python\nbad = [1, 'x']");
    session.run("%sql SELECT * FROM bad").fails("TableError").says(&["the Python variable `bad` cannot be shared as a table"]);
}

#[test]
fn tables_go_to_python_and_back() {
    let mut session = Session::start();
    let _ = session.ok("use polars::prelude::*;\nlet prices = df!(\"k\" => [\"a\", \"b\", \"a\"], \"p\" => [1.0, 2.0, 3.0])?;\n%sql CREATE TABLE made AS SELECT 7 AS n");
    let shown = session.ok("%%python -i prices:pandas,made -o summed,doubled\nsummed = prices.groupby('k', as_index=False).sum()\nimport pyarrow as pa\ndoubled = pa.table({'n': [2 * made.column('n')[0].as_py()]})\ntype(made).__name__");
    assert_eq!(shown.result(), "'Table'");
    assert_eq!(
        session.ok("(summed.height(), summed.column(\"p\")?.f64()?.get(0), doubled.column(\"n\")?.i64()?.get(0))").result(),
        "(2, Some(4.0), Some(14))"
    );
    let joined = version(&session, "summed");
    assert!(answer(&mut session, "SELECT sum(p) AS p, (SELECT n FROM doubled) AS n FROM summed").contains("│ 6.0 │ 14 │"));
    assert_eq!(version(&session, "summed"), joined, "what Python gave is not written again");
    session.run("%%python -i nothing\n1").fails("UsageError").says(&["no table or Rust variable `nothing`"]);
    session.run("%%python -o nothing\n1").fails("NameError").says(&["nothing"]);
}

#[test]
fn a_quota_is_kept_and_tables_can_be_dropped() {
    let quota = BTreeMap::from([("BENCHBOOK_TABLES_MAX".to_owned(), "3MB".to_owned())]);
    let mut session = Session::start_with(&Start { environment: quota, ..Start::default() });
    let _ = session.ok("let big = vec![0u64; 300_000];\nlet huge = vec![0u64; 1_000_000];");
    let _ = answer(&mut session, "SELECT count(*) FROM big");
    let failure = session.run("%sql SELECT count(*) FROM huge").fails("Error");
    failure.says(&["sharing `huge` needs 8.00 MB", "may take 3.00 MB", "%tables --drop"]);
    let failure = session.run("%%python\nimport benchbook, numpy as np\nbenchbook.share('mine', np.zeros(300_000))").fails("ValueError");
    failure.says(&["sharing `mine` needs 2.40 MB", "the others take 2.4"]);
    assert!(session.ok("%tables --drop big").rich("text/plain").contains("Removed big"));
    let _ = session.ok("%%python\nbenchbook.share('mine', np.zeros(300_000))");
    let _ = session.ok("use polars::prelude::*;\nlet small = df!(\"x\" => (0..2000i64).collect::<Vec<_>>())?;");
    let query = "SELECT a.x * 2000 + b.x AS n FROM small AS a CROSS JOIN small AS b";
    for engine in ["duckdb", "polars", "sqlite"] {
        let failure = session.run(format!("%%sql --engine {engine} --out result\n{query}")).fails("SqlError");
        failure.says(&["the result could not be stored", "may take 3.00 MB", "%tables --drop"]);
    }
    let _ = session.ok("%tables --drop small");
    let left: Vec<_> = folder(&session).read_dir().expect("the folder").flatten().map(|entry| entry.file_name()).collect();
    assert_eq!(left.len(), 2, "a table and its note, and nothing of failed writes: {left:?}");
    let shown = single_spaced(&session.ok("%tables").rich("text/plain"));
    assert!(shown.contains("│ mine │ python │ shared │ 300000 │ 1 │"), "{shown}");
}

#[test]
fn tables_end_with_a_kernel_that_is_killed() {
    let mut session = Session::start();
    let _ = session.ok("tables::share(\"t\", &[1, 2, 3])?;");
    let _ = session.ok("%python 1");
    let directory = session.kernel.session_dir().expect("it has one");
    assert!(directory.join("tables/t.arrow").exists());
    session.kernel.kill();
    assert!(process::poll(SOON, || (!directory.exists()).then_some(())).is_some(), "{} is still there", directory.display());
}

/// What Arrow promises, column by column: the same types, nulls and values, whatever way a table has taken.
#[test]
fn random_tables_keep_their_types_and_values() {
    let mut session = Session::start();
    const TABLES: usize = 60;
    // Made in Rust, shared, fetched and shared again in Python, compared in Rust.
    let generator: Vec<&str> = RANDOM_RS.lines().filter(|line| !line.starts_with("//!")).collect();
    let _ = session.ok(generator.join("\n"));
    let code = format!(
        "use arrow::compute::concat_batches;\n\
         for seed in 0..{TABLES}u64 {{ let (_, batches) = table(seed); tables::share(&format!(\"r{{seed}}\"), &batches)?; }}"
    );
    let _ = session.ok(code);
    let _ = session.ok(format!(
        "%%python\nimport benchbook\nfor seed in range({TABLES}): benchbook.share(f'rp{{seed}}', benchbook.fetch(f'r{{seed}}'))"
    ));
    let back = session.ok(format!(
        "let mut wrong = Vec::new();\n\
         for seed in 0..{TABLES}u64 {{\n\
             let (schema, batches) = table(seed);\n\
             let (made, back) = (concat_batches(&schema, &batches)?, tables::batches(&format!(\"rp{{seed}}\"))?);\n\
             let back = concat_batches(&back[0].schema(), &back)?;\n\
             if back.num_rows() != made.num_rows() || back.columns() != made.columns() {{ wrong.push(format!(\"seed {{seed}}: {{schema}}\")); }}\n\
         }}\nwrong"
    ));
    assert_eq!(back.result(), "[]");

    // Made in Python, fetched and shared again in Rust, as batches and as frames of Polars, compared in Python.
    let _ = session.ok(format!("%%python\n{RANDOM_PY}"));
    let _ = session.ok(format!("%%python\nfor seed in range({TABLES}): benchbook.share(f'p{{seed}}', table(seed))"));
    let refused = session.ok(format!(
        "use polars::prelude::*;\nlet mut refused = 0;\n\
         for seed in 0..{TABLES}u64 {{\n\
             tables::share(&format!(\"pr{{seed}}\"), &tables::batches(&format!(\"p{{seed}}\"))?)?;\n\
             match tables::fetch::<DataFrame>(&format!(\"p{{seed}}\")) {{\n\
                 Ok(frame) => {{ tables::share(&format!(\"pf{{seed}}\"), &frame)?;\n\
                     assert!(tables::fetch::<DataFrame>(&format!(\"pf{{seed}}\"))?.equals_missing(&frame), \"seed {{seed}}\"); }}\n\
                 Err(error) => {{ refused += 1; let told = error.to_string(); assert!(told.contains(\"which Polars does not have\"), \"seed {{seed}}: {{told}}\"); }}\n\
             }}\n\
         }}\nrefused"
    ));
    let refused: usize = refused.result().parse().expect("a number");
    assert!(refused < TABLES * 2 / 3, "{refused} tables have types that Polars has not");
    let compared = session.ok(format!("%%python\n{COMPARE}\ncompared({TABLES})"));
    assert_eq!(compared.result(), "([], [])");

    // No columns, no rows, and types of SQL.
    let _ = session.ok(
        "use arrow::array::{RecordBatch as Batch, RecordBatchOptions as Opts};\n\
         let none = Batch::try_new_with_options(std::sync::Arc::new(arrow::datatypes::Schema::empty()), vec![], &Opts::new().with_row_count(Some(7)))?;\n\
         tables::share(\"none\", &none)?;\nassert_eq!(tables::fetch::<Batch>(\"none\")?.num_rows(), 7);\nassert_eq!(tables::fetch::<DataFrame>(\"none\")?.height(), 7);",
    );
    assert_eq!(session.ok("%%python\nbenchbook.fetch('none').shape").result(), "(7, 0)");
    let _ = session.ok(format!("%%python\n{SQL_TYPES}\nfor seed in range(3): benchbook.share(f's{{seed}}', table(seed, SQL_TYPES))"));
    for seed in 0..3 {
        let _ = session.ok(format!("%%sql --limit 0 --out q{seed}\nSELECT * FROM s{seed}"));
    }
    assert_eq!(session.ok(format!("%%python\n{COMPARE_SQL}\nwrong")).result(), "[]");
}

/// `compared(count)`: seeds whose batches, and whose frames, are not what they were. A frame has the types of Polars: its
/// columns are cast back to the original types first.
const COMPARE: &str = r#"
def compared(count):
    import os
    exact, cast = [], []
    for seed in range(count):
        made = benchbook.fetch(f"p{seed}")
        if not same(made, benchbook.fetch(f"pr{seed}")) or not same(made, table(seed)):
            exact.append(seed)
        try:
            frame = benchbook.fetch(f"pf{seed}")
        except KeyError:
            continue
        for name in made.column_names:
            one, other = made.column(name).to_pylist(), frame.column(name).to_pylist()
            if plain(one) != plain(other):
                cast.append((seed, name, str(made.schema.field(name).type), str(frame.schema.field(name).type)))
    return exact, cast

def same(one, other):
    """Pieces of a table may have dictionaries of their own, a shared table has one: its texts count."""
    columns = [(one.column(name), other.column(name)) for name in one.column_names]
    equal = all(a.equals(b) or ("dictionary" in str(a.type) and a.to_pylist() == b.to_pylist()) for a, b in columns)
    return equal and one.schema.equals(other.schema, check_metadata=True) and one.num_rows == other.num_rows

def plain(value):
    """Maps are lists of entries in Polars; all else must be equal."""
    if isinstance(value, dict) and set(value) == {"key", "value"}:
        return (plain(value["key"]), plain(value["value"]))
    if isinstance(value, dict):
        return {name: plain(one) for name, one in value.items()}
    if isinstance(value, (list, tuple)):
        return [plain(one) for one in value] if isinstance(value, list) else tuple(plain(one) for one in value)
    if isinstance(value, datetime.datetime) and not value.tzinfo and (value.hour, value.minute, value.second) == (0, 0, 0):
        return value.date()
    return value
"#;

/// Types that DuckDB has, or that become ones of the same values.
const SQL_TYPES: &str = r#"
r = random.Random(0)
SQL_TYPES = [
    *(pa.int8(), pa.int16(), pa.int32(), pa.int64(), pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64()),
    *(pa.float16(), pa.float32(), pa.float64(), pa.bool_(), pa.null(), pa.string(), pa.large_string(), pa.string_view()),
    *(pa.binary(), pa.large_binary(), pa.binary(5), pa.date32(), pa.date64(), pa.time32("s"), pa.time64("us")),
    *(pa.timestamp("s"), pa.timestamp("ms"), pa.timestamp("us"), pa.timestamp("ns"), pa.timestamp("us", "UTC")),
    *(pa.decimal128(20, 4), pa.dictionary(pa.int32(), pa.string())),
    *(pa.list_(pa.int32()), pa.large_list(pa.string()), pa.list_(pa.float64(), 2), pa.struct([("a", pa.int8()), ("b", pa.list_(pa.string()))])),
]
"#;

/// What comes back from DuckDB has the same values, and where DuckDB has the type, the type.
const COMPARE_SQL: &str = r#"
wrong = []
for seed in range(3):
    made, back = benchbook.fetch(f"s{seed}"), benchbook.fetch(f"q{seed}")
    for name in made.column_names:
        one, other = made.column(name), back.column(name)
        if plain(one.to_pylist()) != plain(other.to_pylist()):
            wrong.append((seed, name, str(one.type), str(other.type)))
        if pa.types.is_primitive(one.type) and one.type in (pa.int8(), pa.uint64(), pa.float32(), pa.bool_(), pa.date32()) and one.type != other.type:
            wrong.append((seed, name, "type", str(one.type), str(other.type)))
"#;
