//! Errors of Rust cells: one message, with name, place and help; the session goes on.

use tests::session::Session;

#[test]
fn panics_and_question_marks_name_the_line() {
    let mut session = Session::start();
    let _ = session.ok("let kept = 41;");
    let panic =
        session.run("let a = 1;\nlet b = 0;\nprintln!(\"before\");\nif a > b { panic!(\"went wrong: {a}\"); }\nprintln!(\"after\");");
    assert_eq!(panic.stdout(), "before\n");
    assert!(panic.stderr().is_empty(), "the panic is said once:\n{}", panic.text());
    let failure = panic.fails("panic");
    assert!(failure.message.contains("went wrong: 1") && failure.message.contains("line 4"), "{failure:?}");
    failure.says(&["went wrong: 1", "line 4", "if a > b"]);
    assert_eq!(session.ok("kept + 1").result(), "42", "a panic takes no variables");

    let index = session.run("let v = vec![1, 2];\nlet i = std::hint::black_box(7);\nv[i]").fails("panic");
    index.says(&["index out of bounds", "line 3"]);
    let unwrap = session.run("\n\nNone::<i32>.unwrap()").fails("panic");
    unwrap.says(&["called `Option::unwrap()`", "line 3"]);

    let _ = session.ok("fn deep(n: i32) -> i32 {\n    if n == 0 {\n        panic!(\"in a function\");\n    }\n    deep(n - 1)\n}");
    let far = session.run("deep(3)").fails("panic");
    far.says(&["in a function", "line 3"]);

    let question = session.run("let text = \"12x\";\nlet n: i32 = text.parse()?;\nn").fails("Error");
    question.says(&["invalid digit found in string", "line 2"]);
    let io = session.run("std::fs::read_to_string(\"no such file\")?").fails("Error");
    io.says(&["No such file or directory"]);
    let own = session.run("Err::<(), _>(\"told so\")?;").fails("Error");
    own.says(&["told so"]);
    assert_eq!(session.ok("kept + 1").result(), "42");

    // A panic in another thread does not end the cell, and is said.
    let other = session.ok("let _ = std::thread::spawn(|| panic!(\"elsewhere\")).join();\n7");
    assert_eq!(other.result(), "7");
    assert!(other.stderr().contains("elsewhere"), "{}", other.text());
    let rayon = session.run("use rayon::prelude::*;\n(0..1000).into_par_iter().for_each(|n| if n == 500 { panic!(\"in the pool\") });");
    rayon.fails("panic").says(&["in the pool"]);
    assert_eq!(session.ok("kept").result(), "41");
}

#[test]
fn compile_errors_are_one_error_with_span_and_help() {
    let mut session = Session::start();
    let types = session.run("let good = 1;\nlet x: i32 = \"text\";\nx").fails("CompileError[E0308]");
    assert!(types.message.contains("mismatched types") && types.message.contains("line 2"), "{types:?}");
    types.says(&["mismatched types", "cell [1]:2:14", "let x: i32 = \"text\";", "expected `i32`"]);
    assert!(types.coloured.contains("\u{1b}["), "colours");
    for bright in ["\u{1b}[38;5;", "\u{1b}[38;2;"] {
        assert!(!types.coloured.contains(bright), "only the standard colours read in both themes: {:?}", types.coloured);
    }
    assert!(!types.shown.contains("evcxr"), "no generated code is shown:\n{}", types.shown);

    let two = session.run("let a: i32 = \"a\";\nlet b: u8 = 'b';").fails("CompileError[E0308]");
    assert!(two.message.contains("and 1 more"), "{two:?}");
    two.says(&["let a: i32", "let b: u8"]);
    let name = session.run("let count = 3;\ncuont + 1").fails("CompileError[E0425]");
    name.says(&["cannot find value `cuont`", "cuont + 1", "count"]);
    let borrow = session
        .run("fn f(v: &mut Vec<i32>) {\n    let first = &v[0];\n    v.push(2);\n    println!(\"{first}\");\n}")
        .fails("CompileError[E0502]");
    borrow.says(&["cannot borrow `*v` as mutable", "v.push(2);", "first"]);
    let moved = session.run("let s = String::new();\ndrop(s);\ns.len()").fails("CompileError[E0382]");
    moved.says(&["s.len()", "moved"]);
    let syntax = session.run("let x = (1 + ;").fails("CompileError");
    syntax.says(&["unclosed delimiter", "let x = (1 + ;"]);
    let unicode = session.run("let \u{e4} = \"\u{1f980}\"; let n: i32 = \u{e4};").fails("CompileError[E0308]");
    unicode.says(&["\u{1f980}"]);
    let helped = session.run("let v = vec![1];\nfor x in v.itre() {}").fails("CompileError[E0599]");
    helped.says(&["itre", "iter"]);
    assert_eq!(session.ok("20 + 22").result(), "42");
}

#[test]
fn warnings_are_shown_once_and_quietly() {
    let mut session = Session::start();
    let code = "fn f() -> i32 {\n    let unused = 3;\n    4\n}\nf()";
    let first = session.ok(code);
    assert_eq!(first.result(), "4");
    assert!(first.rich("text/plain").contains("unused variable"), "{}", first.text());
    assert!(first.stderr().is_empty(), "a warning on stderr would fail nbgrader:\n{}", first.text());
    let again = session.ok("f() + 1");
    assert!(!again.rich("text/plain").contains("unused"), "{}", again.text());
    let plain = session.ok("let not_used_here = 5;");
    assert!(plain.left_standing().is_empty(), "a variable of a notebook is never unused:\n{}", plain.text());
}

#[test]
fn a_function_that_nobody_has_takes_nothing_with_it() {
    let mut session = Session::start();
    let _ = session.ok("let kept = 5;");
    let missing = session
        .run("unsafe extern \"C\" { fn benchbook_no_such_function() -> i32; }\nunsafe { benchbook_no_such_function() }")
        .fails("Error");
    missing.says(&["benchbook_no_such_function", "#[link"]);
    assert_eq!(session.ok("kept").result(), "5");
    let found = session.ok("unsafe extern \"C\" { fn abs(n: i32) -> i32; }\nunsafe { abs(-3) }");
    assert_eq!(found.result(), "3");
}
