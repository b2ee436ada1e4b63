use super::{Line, Parsed, Request, parse, parse_duration_s, parse_int};
use crate::spec::{Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::testing::{any_texts, plain};

static SPEC: Spec = Spec {
    name: "demo",
    kind: Kind::Both,
    summary: "Demonstrates",
    category: "Test",
    options: &[
        OptionSpec::value("number", ValueKind::Int, "a number").short('n'),
        OptionSpec::value("budget", ValueKind::Duration, "a time"),
        OptionSpec::value("setup", ValueKind::Text, "code").repeat(),
        OptionSpec::value("threads", ValueKind::List, "counts"),
        OptionSpec::value("mode", ValueKind::Choice(&["cpu", "memory"]), "what"),
        OptionSpec::value("out", ValueKind::Name, "name"),
        OptionSpec::flag("quiet", "less").short('q'),
    ],
    positional: Some(Positional { name: "code", kind: PositionalKind::Code, required: false, help: "code" }),
    examples: &[],
    details: "",
};

fn line(args: &str) -> Line {
    Line { number: 1, text: format!("%%demo {args}") }
}

fn ok(args: &str) -> (Parsed, String) {
    match parse(&SPEC, &line(args), 6) {
        Ok(Request::Run { options, rest, rest_column }) => {
            assert!(line(args).text[rest_column..].starts_with(&rest));
            (options, rest)
        }
        other => panic!("{args}: {other:?}"),
    }
}

fn error(args: &str) -> String {
    plain(&parse(&SPEC, &line(args), 6).unwrap_err())
}

#[test]
fn all_forms_of_options() {
    for args in ["-n 5 -q", "-n5 -q", "-n=5 --quiet", "--number 5 --quiet", "--number=5 -q", "-q --number=\"5\""] {
        let (parsed, rest) = ok(args);
        assert_eq!((parsed.int("number"), parsed.flag("quiet"), rest.as_str()), (Some(5), true, ""), "{args}");
    }
    let (parsed, _) = ok("--setup 'let a = 1;' --setup=\"say \\\"b\\\"\" --budget 500ms --threads 1,2,4 -n -3 --mode cpu");
    assert_eq!(parsed.texts("setup"), ["let a = 1;", "say \"b\""]);
    assert_eq!(parsed.duration_s("budget"), Some(0.5));
    assert_eq!(parsed.list("threads").unwrap(), ["1", "2", "4"]);
    assert_eq!((parsed.int("number"), parsed.text("mode")), (Some(-3), Some("cpu")));
}

#[test]
fn code_is_left_as_it_is() {
    assert_eq!(ok("-n 5 let a = 'x'; --quiet").1, "let a = 'x'; --quiet");
    assert_eq!(ok("-- --not-an-option").1, "--not-an-option");
    assert_eq!(ok("-5 + a").1, "-5 + a");
    assert_eq!(ok("").1, "");
}

#[test]
fn help_anywhere_among_the_options() {
    assert_eq!(parse(&SPEC, &line("-q --help"), 6).unwrap(), Request::Help);
    assert_eq!(parse(&SPEC, &line("-h"), 6).unwrap(), Request::Help);
}

#[test]
fn errors_point_at_the_span_and_say_what_is_allowed() {
    let text = error("--nubmer 5");
    assert!(text.contains("unknown option `--nubmer`"), "{text}");
    assert!(text.contains("line 1 | %%demo --nubmer 5\n       |        ^^^^^^^^\n"), "{text}");
    assert!(text.ends_with("hint: did you mean `--number`?"), "{text}");
    assert!(error("--zzzzz").contains("takes `--number`"));
    assert!(error("-z").contains("unknown option `-z`"));
    let text = error("--number=abc");
    assert!(text.contains("bad value `abc`") && text.contains("|                 ^^^\n") && text.contains("a whole number"), "{text}");
    assert!(error("--mode cpuu").contains("did you mean `cpu`? It takes one of `cpu`, `memory`"));
    assert!(error("--number").contains("needs a value"));
    assert!(error("--number --quiet").contains("needs a value"));
    assert!(error("-n 1 -n 2").contains("given twice"));
    assert!(error("--quiet=1").contains("takes no value"));
    assert!(error("-qx").contains("takes no value"));
    assert!(error("--setup 'open").contains("never closed"));
    assert!(error("--out 1x").contains("a Rust name"));
    assert!(error("--out let").contains("a Rust name"));
}

#[test]
fn words_and_choices() {
    static WORDS: Spec = Spec {
        positional: Some(Positional { name: "set", kind: PositionalKind::Choice(&["tpch"]), required: true, help: "which" }),
        ..SPEC
    };
    let parsed = match parse(&WORDS, &line("tpch -q"), 6).unwrap() {
        Request::Run { options, .. } => options,
        Request::Help => panic!(),
    };
    assert_eq!((parsed.words(), parsed.flag("quiet")), (&["tpch".to_owned()][..], true));
    assert!(plain(&parse(&WORDS, &line("tpch x"), 6).unwrap_err()).contains("unknown set `x`"));
    assert!(plain(&parse(&WORDS, &line(""), 6).unwrap_err()).contains("needs set"));
    static NONE: Spec = Spec { positional: None, ..SPEC };
    assert!(plain(&parse(&NONE, &line("x"), 6).unwrap_err()).contains("unexpected `x`"));
}

#[test]
fn numbers_and_times() {
    assert_eq!(parse_int("1e6"), Some(1_000_000));
    assert_eq!(parse_int("1_000"), Some(1000));
    assert_eq!(parse_int("1.5"), None);
    assert_eq!(parse_int("1e99"), None);
    assert_eq!(parse_int("nan"), None);
    for (text, seconds) in [("3s", 3.0), ("3", 3.0), ("1.5ms", 0.0015), ("2us", 2e-6), ("2µs", 2e-6), ("1m", 60.0), ("1h", 3600.0)] {
        assert!((parse_duration_s(text).unwrap() - seconds).abs() < 1e-12, "{text}");
    }
    for text in ["", "s", "-1s", "3 days", "inf", "NaN", "1e999s"] {
        assert_eq!(parse_duration_s(text), None, "{text}");
    }
}

#[test]
fn any_text_is_an_answer() {
    any_texts(4000, |text| {
        for text in text.lines() {
            let _ = parse(&SPEC, &line(text), 6);
        }
    });
}
