use super::{Segment, parse};

/// Segments as short text: `kind@line:text`.
fn shape(code: &str) -> Vec<String> {
    let parsed = parse(code);
    parsed
        .segments
        .iter()
        .map(|segment| match segment {
            Segment::Magic(m) => {
                let signs = if m.is_cell { "%%" } else { "%" };
                let help = if m.help { "?" } else { "" };
                let args = m.line_text[m.args_start..].trim();
                let body = if m.is_cell { format!("|{}@{}", m.body, m.body_line) } else { String::new() };
                format!("magic@{}:{signs}{}{help} {args}{body}", m.line, m.name)
            }
            Segment::Command(t) => format!("command@{}:{}", t.line, t.text),
            Segment::Shell(t) => format!("shell@{}:{}", t.line, t.text),
            Segment::Code(t) => format!("code@{}:{}", t.line, t.text),
        })
        .chain(parsed.diagnostics.iter().map(|d| format!("diagnostic@{}:{}", d.line, d.message)))
        .collect()
}

#[test]
fn a_cell_magic_takes_the_rest() {
    assert_eq!(shape("\n%%sql --limit 5\nSELECT 1\n%vars"), ["magic@2:%%sql --limit 5|SELECT 1\n%vars@3"]);
    assert_eq!(shape("%%timeit x\r\na\r\n"), ["magic@1:%%timeit x|a\r\n@2"]);
    assert_eq!(shape("//%%sql\n// SELECT 1\n//  + 2"), ["magic@1:%%sql |   SELECT 1\n    + 2@2"]);
}

#[test]
fn line_magics_mix_with_rust_and_keep_line_numbers() {
    assert_eq!(
        shape("let a = 1;\n%vars\n\nfn f() {\n%vars\n}\n%tables\na"),
        ["code@1:let a = 1;\n", "magic@2:%vars ", "code@3:\nfn f() {\n%vars\n}\n", "magic@7:%tables ", "code@8:a",]
    );
    assert_eq!(shape("df.head()\n%vars"), ["code@1:df.head()\n", "magic@2:%vars "]);
}

#[test]
fn remainders_strings_and_comments_are_rust() {
    assert_eq!(shape("let x = a\n%b;"), ["code@1:let x = a\n%b;"]);
    assert_eq!(shape("let x = a +\n%vars;").len(), 1);
    assert_eq!(shape("let s = \"\n%vars\n\";").len(), 1);
    assert_eq!(shape("let s = r#\"\n%vars\n\"#;").len(), 1);
    assert_eq!(shape("/*\n%vars\n*/ 1").len(), 1);
    assert_eq!(shape("// %vars is nice\nlet c = 'a';"), ["code@1:// %vars is nice\nlet c = 'a';"]);
    assert_eq!(shape("//%vars"), ["magic@1:%vars "]);
}

#[test]
fn commands_and_shell_only_before_rust() {
    assert_eq!(shape("// deps\n:dep rand\n!ls -l\nlet a = 1;"), ["command@2::dep rand", "shell@3:ls -l", "code@4:let a = 1;"]);
    assert_eq!(shape("let a = 1;\n:vars"), ["code@1:let a = 1;\n", "diagnostic@2:command `:vars` stands after Rust code"]);
    assert_eq!(shape("::std::mem::drop(1)").len(), 1);
    assert_eq!(shape("let a = !b;\n!c"), ["code@1:let a = !b;\n!c"]);
}

#[test]
fn a_misplaced_cell_magic_says_so() {
    let shown = shape("let a = 1;\n%%sql\nSELECT 1");
    assert!(shown.contains(&"diagnostic@2:cell magic `%%sql` is not on the first line of the cell".to_owned()), "{shown:?}");
    assert!(parse("let a = 1;\n%%sql").check().is_err());
}

#[test]
fn help_forms() {
    assert_eq!(shape("%sql?"), ["magic@1:%sql? ?"]);
    assert_eq!(shape("?%%sql"), ["magic@1:%%sql? |@2"]);
    assert_eq!(shape("?sql"), ["magic@1:%sql? "]);
    assert_eq!(shape("x?").len(), 1);
}

#[test]
fn assignment_before_a_magic() {
    let parsed = parse("top << %sql SELECT 1");
    let Some(Segment::Magic(magic)) = parsed.segments.first() else { panic!("{parsed:?}") };
    assert_eq!(magic.assign.as_deref(), Some("top"));
    assert_eq!(magic.name, "sql");
    assert_eq!(&magic.line_text[magic.args_start..], " SELECT 1");
    assert_eq!(shape("a << 2"), ["code@1:a << 2"]);
}

#[test]
fn blank_and_comment_cells_have_no_segments() {
    assert!(shape("").is_empty());
    assert!(shape(" \n\n").is_empty());
    assert!(shape("// only words").is_empty());
}

#[test]
fn any_text_parses_and_spans_cover_code() {
    crate::testing::any_texts(2000, |text| {
        let parsed = parse(text);
        for segment in &parsed.segments {
            let span = match segment {
                Segment::Magic(m) => m.span.clone(),
                Segment::Command(t) | Segment::Shell(t) | Segment::Code(t) => t.span.clone(),
            };
            assert!(text.get(span).is_some(), "{text:?}");
        }
        for diagnostic in &parsed.diagnostics {
            let _ = diagnostic.error();
        }
    });
}
