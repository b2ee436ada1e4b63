use std::collections::BTreeSet;

use super::{MAGICS, call, find};
use crate::cell::{Segment, parse};
use crate::help::help;
use crate::spec::{Kind, PositionalKind, ValueKind};
use crate::testing::{Recorder, plain, run_cell};

#[test]
fn names_are_unique_and_descriptions_whole() {
    let mut names = BTreeSet::new();
    for magic in MAGICS {
        let spec = magic.spec();
        assert!(names.insert(spec.name), "{} twice", spec.name);
        assert!(spec.name.chars().all(|c| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit()), "{}", spec.name);
        assert!(!spec.summary.is_empty() && !spec.summary.ends_with('.') && !spec.summary.contains('\n'), "{}", spec.name);
        assert!(!spec.category.is_empty() && !spec.examples.is_empty(), "{}", spec.name);
        assert!(find(spec.name).is_some());
    }
}

#[test]
fn options_are_unique_and_described() {
    for magic in MAGICS {
        let spec = magic.spec();
        let mut longs = BTreeSet::from(["help"]);
        let mut shorts = BTreeSet::new();
        for option in spec.options {
            assert!(longs.insert(option.long), "{} --{} twice", spec.name, option.long);
            assert!(
                option.short.is_none_or(|short| shorts.insert(short) && short.is_ascii_alphabetic()),
                "{} {:?}",
                spec.name,
                option.short
            );
            assert!(!option.help.is_empty() && !option.help.ends_with('.'), "{} --{}", spec.name, option.long);
            assert!(option.long.chars().all(|c| c.is_ascii_lowercase() || c == '-'), "{} --{}", spec.name, option.long);
            if let (Some(ValueKind::Choice(choices)), Some(default)) = (option.value, option.default) {
                assert!(choices.contains(&default), "{} --{}: default {default}", spec.name, option.long);
            }
        }
        // One name, or, where several can be given, a list; `name <<` is for the first kind.
        let out = spec.option("out").and_then(|option| option.value);
        assert!(matches!(out, None | Some(ValueKind::Name | ValueKind::List)), "{}", spec.name);
    }
}

#[test]
fn every_example_parses() {
    for magic in MAGICS {
        let spec = magic.spec();
        for example in spec.examples {
            let parsed = parse(example.code);
            assert!(parsed.diagnostics.is_empty(), "{}", example.code);
            let found = parsed.segments.iter().find_map(|segment| match segment {
                Segment::Magic(magic) if magic.name == spec.name => Some(magic),
                _ => None,
            });
            let found = found.unwrap_or_else(|| panic!("{}: example does not use it: {}", spec.name, example.code));
            let call = call(spec, found).unwrap_or_else(|error| panic!("{}: {}", example.code, plain(&error)));
            assert!(call.is_some(), "{}", example.code);
            assert!(!example.about.is_empty() && !example.about.ends_with('.'), "{}", example.code);
        }
    }
}

#[test]
fn help_is_shown_for_every_magic() {
    for magic in MAGICS {
        let spec = magic.spec();
        for cell in
            [format!("{} --help", spec.written()), format!("{}?", spec.written()), format!("?%{}", spec.name), format!("%{}?", spec.name)]
        {
            let mut host = Recorder::default();
            run_cell(&cell, &mut host).unwrap_or_else(|error| panic!("{cell}: {}", plain(&error)));
            assert!(host.shown().contains(spec.summary), "{cell}");
        }
        let bundle = help(spec);
        for option in spec.options {
            assert!(bundle.data["text/plain"].as_str().unwrap().contains(option.long));
            assert!(bundle.data["text/html"].as_str().unwrap().contains(option.long));
        }
    }
}

#[test]
fn unknown_magics_and_wrong_kinds_are_explained() {
    let mut host = Recorder::default();
    let text = plain(&run_cell("%%slq\nSELECT 1", &mut host).unwrap_err());
    assert!(text.contains("unknown magic `%%slq`") && text.contains("did you mean `%%sql`?"), "{text}");
    assert!(text.contains("line 1 | %%slq\n       | ^^^^^"), "{text}");
    assert!(plain(&run_cell("%nothinglikeit", &mut host).unwrap_err()).contains("`%lsmagic` lists all"));
    assert!(plain(&run_cell("%%", &mut host).unwrap_err()).contains("without a name"));
    let text = plain(&run_cell("%%vars\nlet a = 1;", &mut host).unwrap_err());
    assert!(text.contains("takes no cell"), "{text}");
    let text = plain(&run_cell("x << %vars", &mut host).unwrap_err());
    assert!(text.contains("returns nothing to store"), "{text}");
    let text = plain(&run_cell("let << %sql SELECT 1", &mut host).unwrap_err());
    assert!(text.contains("cannot be the name"), "{text}");
    if let Some(cell_only) = MAGICS.iter().find(|magic| magic.spec().kind == Kind::Cell) {
        let text = plain(&run_cell(&format!("%{}", cell_only.spec().name), &mut host).unwrap_err());
        assert!(text.contains("needs a whole cell"), "{text}");
    }
}

#[test]
fn line_magics_with_code_take_the_line_as_body() {
    for magic in MAGICS.iter().filter(|magic| magic.spec().kind == Kind::Both) {
        let spec = magic.spec();
        if !matches!(spec.positional, Some(positional) if positional.kind == PositionalKind::Code) {
            continue;
        }
        let Some(Segment::Magic(found)) = parse(&format!("let a = 1;\n%{} a + 1", spec.name)).segments.pop() else { panic!() };
        let call = call(spec, &found).unwrap().unwrap();
        assert_eq!((call.body.as_str(), call.body_line, call.rest.as_str()), ("a + 1", 2, ""));
        assert_eq!(&found.line_text[call.body_column..], "a + 1");
    }
}
