use super::{Completeness, completeness};

#[track_caller]
fn complete(code: &str) {
    assert_eq!(completeness(code), Completeness::Complete, "{code}");
}

#[track_caller]
fn incomplete(code: &str, indent: &str) {
    assert_eq!(completeness(code), Completeness::Incomplete { indent: indent.into() }, "{code}");
}

#[track_caller]
fn invalid(code: &str) {
    assert_eq!(completeness(code), Completeness::Invalid, "{code}");
}

#[test]
fn finished_rust() {
    for code in [
        "",
        "1 + 1",
        "let x = 5;",
        "fn f() {}",
        "fn f() -> u8 { 1 }",
        "struct A;",
        "struct A { a: u8 }",
        "use std::fmt;",
        "a.b()",
        "x?",
        "'a'",
        "let s = \"a\\\"b\";",
        "let s = r#\"a\"b\"#;",
        "let l: &'static str = \"x\";",
        "0..",
        "1.",
        "/* a /* b */ */ 1",
        "if a { 1 } else { 2 }",
        "match a { _ => 1 }",
        "for i in 0..3 { f(i) }\ni",
        "// note",
        "let v = vec![1]\n    .len();",
        "#[derive(Debug)]\nstruct A;",
        "pub fn f() {}",
        "const X: u8 = 1;",
        "println!(\"{}\", '{')",
        "impl A {}\nA",
        "{ 1 }",
        "b'\\''",
        "'outer: loop { break 'outer; }",
        "unsafe { f() }",
        "x as Vec<u8>",
        "return",
        ":vars",
        "!ls (",
        "struct A(u8);",
        "type A = u8;",
        "let f = |x: u8| { x };",
        "macro_rules! m { () => {} }",
        "async { 1 }.await",
        "let x = if a { 1 } else { 2 };",
    ] {
        complete(code);
    }
}

#[test]
fn unfinished_rust() {
    incomplete("fn f() {", "    ");
    incomplete("fn f() {\n    if a {", "        ");
    incomplete("fn f() {\n    let a = 1;", "    ");
    incomplete("fn f()", "");
    incomplete("fn f() -> Vec<u8>", "");
    incomplete("pub fn f()", "");
    incomplete("if a", "");
    incomplete("if a { 1 } else", "    ");
    incomplete("let x =", "    ");
    incomplete("let x", "    ");
    incomplete("let x = 5", "    ");
    incomplete("a +", "    ");
    incomplete("a &&", "    ");
    incomplete("df.lazy().", "    ");
    incomplete("df\n    .lazy()\n    .", "    ");
    incomplete("f(1,", "    ");
    incomplete("\"abc", "");
    incomplete("r#\"abc\"", "");
    incomplete("b\"abc", "");
    incomplete("/* a /* b */", "");
    incomplete("use std::fmt", "    ");
    incomplete("struct A", "    ");
    incomplete("#[derive(Debug)]", "    ");
    incomplete("let x = vec![", "    ");
    incomplete("let x = match a { _ => 1 }", "    ");
    incomplete("impl A", "");
    incomplete("const X: u8 = 1", "    ");
}

#[test]
fn impossible_rust() {
    invalid("f(]");
    invalid(")");
    invalid("fn f() { (} )");
    invalid("let c = '+ ;\nx");
    invalid("let a = 1;\n%%sql\nSELECT 1");
}

#[test]
fn magics() {
    complete("%vars");
    complete("%sql SELECT (");
    incomplete("%%sql", "");
    incomplete("%%sql\n", "");
    incomplete("%%sql\nSELECT 1", "");
    incomplete("%%sql\n  SELECT 1", "  ");
    complete("%%sql\nSELECT 1\n");
    complete("%%sql\nSELECT 1\n\n");
    complete("%%sql --help");
    complete("%%sql?");
    complete("%vars\nlet a = 1;");
    incomplete("%vars\nlet a = (", "    ");
}

#[test]
fn any_text_gets_an_answer() {
    crate::testing::any_texts(4000, |text| {
        let _ = completeness(text);
    });
}
