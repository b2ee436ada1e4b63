//! What a notebook keeps between cells: variables, items, compiled cells.

use std::time::{Duration, Instant};

use tests::kernel::{Kernel, Start};
use tests::session::Session;

/// Sources that the compiler was given in this session, newest last.
fn compiled(kernel: &Kernel) -> usize {
    let cells = kernel.session_dir().expect("a session directory").join("cells");
    let entries = cells.read_dir().expect("the folder of cells").flatten();
    entries
        .filter(|entry| entry.file_name().to_string_lossy().starts_with("cell_") && entry.path().extension().is_some_and(|e| e == "rs"))
        .count()
}

#[test]
fn variables_of_all_kinds_come_back() {
    let mut session = Session::start();
    let _ = session.ok(concat!(
        "use polars::prelude::*;\nuse std::collections::*;\nuse std::sync::{Arc, Mutex};\n",
        "let frame = df![\"a\" => [1, 2, 3], \"b\" => [\"x\", \"y\", \"x\"]]?;\n",
        "let lazy = frame.clone().lazy();\nlet expr = col(\"a\").sum();\nlet schema = frame.schema().clone();\n",
        "let grouped = frame.clone().lazy().group_by([col(\"b\")]);\nlet chunked = frame.column(\"a\")?.i32()?.clone();\n",
        "let map = HashMap::from([(1, \"a\")]);\nlet tree = BTreeMap::from([(\"k\".to_owned(), vec![1.5])]);\n",
        "let shared = Arc::new(Mutex::new(VecDeque::from([1])));\nlet date = chrono::NaiveDate::from_ymd_opt(2024, 2, 29);\n",
        "let array = arrow::array::Int32Array::from(vec![7]);\nlet parsed: Result<i32, std::num::ParseIntError> = \"1\".parse();\n",
        "let boxed: Box<dyn Fn(i32) -> i32 + Send> = Box::new(|x| x + 1);\nlet range = (0..10).step_by(3);\nlet (left, mut right) = (1_u8, 'c');\n",
        "let pool = rayon::ThreadPoolBuilder::new().num_threads(2).build()?;\nlet text = \"static\";\nlet unit = ();"
    ));
    for (code, value) in [
        ("frame.height()", "3"),
        ("lazy.clone().collect()?.width()", "2"),
        ("format!(\"{expr}\").contains(\"sum\")", "true"),
        ("schema.len()", "2"),
        ("grouped.clone().agg([col(\"a\").sum()]).collect()?.height()", "2"),
        ("chunked.len()", "3"),
        ("map[&1]", "\"a\""),
        ("tree[\"k\"][0]", "1.5"),
        ("shared.lock().unwrap().len()", "1"),
        ("date.unwrap().to_string()", "\"2024-02-29\""),
        ("array.value(0)", "7"),
        ("parsed.clone().unwrap()", "1"),
        ("boxed(41)", "42"),
        ("range.clone().count()", "4"),
        ("right = 'd'; (left, right)", "(1, 'd')"),
        ("pool.current_num_threads()", "2"),
        ("text.len()", "6"),
        ("unit == ()", "true"),
    ] {
        assert_eq!(session.ok(code).result(), value, "{code}");
    }
}

#[test]
fn moving_shadowing_and_redefining() {
    let mut session = Session::start();
    let _ = session.ok("let v = vec![1, 2];\nlet w = v;");
    assert_eq!(session.ok("w").result(), "[1, 2]");
    let _ = session.run("v").fails("CompileError[E0425]");
    let _ = session.ok("let sum: i32 = w.into_iter().sum();");
    let gone = session.run("w").fails("CompileError[E0425]");
    assert!(gone.message.contains("`w`"), "a value that a cell moved away is gone: {gone:?}");
    let _ = session.ok("let sum = sum + 1;");
    assert_eq!(session.ok("sum").result(), "4", "a name bound again from itself");
    let _ = session.ok("let sum = format!(\"{sum}!\");");
    assert_eq!(session.ok("sum").result(), "\"4!\"");

    // A panic keeps what was there and nothing new.
    let _ = session.ok("let mut count = 1;");
    let _ = session.run("count += 1;\nlet fresh = 5;\nif count > 1 { panic!(\"stop\"); }").fails("panic");
    assert_eq!(session.ok("count").result(), "2");
    let _ = session.run("fresh").fails("CompileError[E0425]");

    // A type defined anew takes its values with it, also through another type.
    let _ = session.ok("#[derive(Debug)]\nstruct Inner(i32);\n#[derive(Debug)]\nstruct Outer { inner: Inner }\nlet outer = Outer { inner: Inner(1) };\nlet other = 7;");
    let told = session.ok("#[derive(Debug)]\nstruct Inner(i64, i64);");
    assert!(told.stderr().contains("`outer`") && told.stderr().contains("redefined"), "{}", told.text());
    let _ = session.run("outer").fails("CompileError[E0425]");
    assert_eq!(session.ok("other").result(), "7");

    let immutable = session.run("other += 1;").fails("CompileError[E0594]");
    immutable.says(&["cannot assign", "let mut other"]);
    let borrowed = session.run("let owner = vec![1, 2];\nlet first = &owner[0];").fails("CompileError[E0597]");
    borrowed.says(&["`first` borrows", "cannot be kept", "owned value", "braces"]);
    assert_eq!(session.ok("{ let owner = vec![8]; let first = &owner[0]; *first }").result(), "8");
    let closure = session.ok("let add = |x: i32| x + 1;\nadd(1)");
    assert_eq!(closure.result(), "2");
    session.run("add(2)").fails("CompileError").says(&["closure", "Box<dyn"]);
}

#[test]
fn items_reach_each_other_over_cells() {
    let mut session = Session::start();
    let _ = session.ok("trait Area { fn area(&self) -> f64; fn twice(&self) -> f64 { 2.0 * self.area() } }");
    let _ = session.ok("#[derive(Debug, Clone, Default)]\nstruct Square { side: f64 }");
    let _ = session.ok("fn square(x: f64) -> f64 { x * x }");
    let _ = session.ok("impl Area for Square { fn area(&self) -> f64 { square(self.side) } }\nmacro_rules! unit { ($t:ident) => { $t { side: 1.0 } } }\nmod names { pub const NAME: &str = \"square\"; }");
    assert_eq!(session.ok("unit!(Square).twice()").result(), "2.0", "methods of a trait that the cell does not name");
    assert_eq!(session.ok("let s = Square::default();\ns.area()").result(), "0.0");
    let _ = session.ok(
        "impl Square { fn grow(&mut self) { self.side += 1.0; } }\nimpl Drop for Square { fn drop(&mut self) { println!(\"dropped\"); } }",
    );
    let dropped = session.ok("let mut t = Square { side: 2.0 };\nt.grow();\ndrop(t);\nnames::NAME");
    assert_eq!((dropped.stdout().as_str(), dropped.result().as_str()), ("dropped\n", "\"square\""));
    let _ = session.ok("fn square(x: f64) -> f64 { x + 100.0 }");
    assert_eq!(session.ok("Square { side: 1.0 }.area()").result(), "101.0", "a function defined anew is used by older code");
    let older = session.run("fn square(x: i32) -> i32 { x }\nSquare { side: 1.0 }.area()").fails("CompileError[E0308]");
    older.says(&["cell [4]", "square(self.side)"]);
    let _ = session.ok("fn fails() {\n    panic!(\"deep\");\n}");
    session.run("fails()").fails("panic").says(&["deep", "cell [", "line 2"]);
    let _ = session.ok(":clear");
    let _ = session.run("Square { side: 1.0 }").fails("CompileError[E0422]");
}

#[test]
fn a_cell_is_compiled_once() {
    let cache = tempfile::tempdir().expect("a folder");
    let cells = [
        "let n = 20_i64;\nlet mut list = vec![n];",
        "fn double(x: i64) -> i64 { 2 * x }",
        "list.push(double(n));\nlist.len()",
        "let moved = list.clone();\nlet taken = moved;\ntaken[0] + 2",
    ];
    let start = Start { cache: Some(cache.path().to_owned()), ..Start::default() };
    let run = |session: &mut Session| {
        let results: Vec<String> = cells.iter().map(|cell| session.ok(*cell).result()).collect();
        assert_eq!(results, ["", "", "2", "22"]);
    };
    let mut first = Session::start_with(&start);
    run(&mut first);
    let before = compiled(&first.kernel);
    assert!(before >= cells.len(), "{before} sources");
    assert_eq!(first.ok("list.push(double(n));\nlist.len()").result(), "3", "it runs again");
    assert_eq!(compiled(&first.kernel), before, "and nothing was compiled");
    drop(first);
    let mut second = Session::start_with(&start);
    run(&mut second);
    assert_eq!(compiled(&second.kernel), 0, "a new kernel finds them all");
    // Side by side, and with a damaged entry.
    let folder = cache.path().join("benchbook/cells");
    for entry in folder.read_dir().expect("the cache").flatten() {
        if entry.path().extension().is_some_and(|extension| extension == "so") {
            std::fs::write(entry.path(), "damaged").expect("written");
        }
    }
    let mut third = Session::start_with(&start);
    run(&mut third);
    assert_eq!(second.ok("double(n)").result(), "40");
}

#[test]
fn statics_start_anew_in_every_run() {
    let mut session = Session::start();
    let code = "static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(5);\nCOUNT.fetch_add(1, std::sync::atomic::Ordering::SeqCst)";
    assert_eq!(session.ok(code).result(), "5");
    assert_eq!(session.ok(code).result(), "5", "a cell from the cache has statics of its own");
}

#[test]
fn a_cell_that_reads_a_file_while_compiling_reads_it_again() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("text");
    let mut session = Session::start();
    for text in ["one", "two"] {
        std::fs::write(&file, text).expect("written");
        assert_eq!(session.ok(format!("include_str!({:?})", file.display().to_string())).result(), format!("{text:?}"));
    }
}

#[test]
fn completion_answers_while_a_cell_runs() {
    let mut session = Session::start();
    let _ = session.ok("let numbers = vec![1_i32, 2, 3];");
    assert!(session.complete("numbers.le").iter().any(|name| name.starts_with("len")));
    let code = "println!(\"started\");\nstd::thread::sleep(std::time::Duration::from_secs(30));";
    let cell = session.begin(code);
    let _ = session.recv_until(&cell, |message| message.text("text").contains("started"));
    let began = Instant::now();
    let offered = session.complete("numbers.le");
    assert!(offered.iter().any(|name| name.starts_with("len")), "{offered:?}");
    assert!(session.inspect("numbers.len").is_some_and(|text| text.contains("usize")));
    assert!(began.elapsed() < Duration::from_secs(20), "the cell still sleeps");
    session.interrupt();
    let _ = session.end(code, &cell).fails("Interrupted");
}
