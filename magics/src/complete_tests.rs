use super::{Place, complete, inspect, place};
use crate::testing::any_texts;

/// Completes at `|`: the texts, and what they replace.
#[track_caller]
fn at(cell: &str) -> (Vec<String>, String) {
    let position = cell.find('|').unwrap();
    let code = cell.replacen('|', "", 1);
    let found = complete(&code, position).unwrap_or_default();
    (found.matches.into_iter().map(|m| m.text).collect(), code[found.start..found.end].to_owned())
}

#[test]
fn names_of_magics() {
    let (found, replaced) = at("%%s|");
    assert!(found.contains(&"%%sql".into()) && !found.iter().any(|text| text == "%sql"), "{found:?}");
    assert_eq!(replaced, "%%s");
    let (found, replaced) = at("let a = 1;\n%s|q");
    assert!(found.contains(&"%sql".into()) && !found.contains(&"%%sql".into()), "{found:?}");
    assert_eq!(replaced, "%sq");
    let (found, _) = at("%|");
    assert!(found.contains(&"%data".into()) && found.contains(&"%sql".into()) && found.contains(&"%%sql".into()), "{found:?}");
    assert!(at("let a = 1|").0.is_empty());
    assert!(at("%%sql\nSELECT %d|").0.is_empty());
}

#[test]
fn options_and_values() {
    let (found, replaced) = at("%%sql --e|\nSELECT 1");
    assert_eq!((found, replaced.as_str()), (vec!["--engine".into(), "--engines".into(), "--explain".into()], "--e"));
    assert!(!at("%%sql --explain --e|").0.contains(&"--explain".into()));
    assert_eq!(at("%%sql --engine |").0, ["duckdb", "sqlite", "polars", "spark", "trino"]);
    assert_eq!(at("%%sql --engines duckdb,s|"), (vec!["sqlite".into(), "spark".into()], "s".into()));
    assert_eq!(at("%%sql --engine=du|ck"), (vec!["duckdb".into()], "duck".into()));
    assert_eq!(at("%%sql -e d|"), (vec!["duckdb".into()], "d".into()));
    assert!(at("%%sql SELECT --e|").0.is_empty());
    assert_eq!(at("%data t|").0, ["tpch", "taxi", "ticks"]);
    assert!(at("%data |").0.contains(&"stocks".into()));
    assert!(!at("%data tpch |").0.contains(&"stocks".into()));
    assert!(at("%data tpch --|").0.contains(&"--sf".into()));
    assert_eq!(at("%data stocks --symbols |").0, ["29"]);
}

#[test]
fn commands_before_rust() {
    assert_eq!(at(":de|"), (vec![":dep".into()], ":de".into()));
    assert_eq!(at(":|").0, crate::commands::COMMANDS.iter().map(|command| command.name).collect::<Vec<_>>());
    assert!(at(":dep a|").0.is_empty());
    assert!(at("let a = 1;\n:|").0.is_empty());
}

#[test]
fn inspection_of_magics_options_and_commands() {
    let text = |code: &str, position: usize| inspect(code, position).map(|b| b.data["text/plain"].as_str().unwrap().to_owned());
    assert!(text("%%sql --limit 5\nSELECT 1", 3).unwrap().contains("Usage: %%sql"));
    assert!(text("%%sql --limit 5\nSELECT 1", 9).unwrap().starts_with("-n, --limit N"));
    assert!(text("%%sql --limit 5\nSELECT 1", 15).unwrap().starts_with("-n, --limit N"));
    assert_eq!(text("%%sql --limit 5\nSELECT 1", 20), None);
    assert!(text(":dep a", 2).unwrap().starts_with(":dep: Add"));
    assert_eq!(text("let a = 1;", 3), None);
}

#[test]
fn places() {
    assert_eq!(place("let a = 1;", 3), Place::Rust(0..10));
    assert_eq!(place("%vars\nlet a = 1;", 9), Place::Rust(6..16));
    assert_eq!(place("%vars\n", 2), Place::Other);
    assert_eq!(place("%%sql\nSELECT", 9), Place::Body { magic: "sql".into(), span: 6..12 });
    assert_eq!(place("%sql -n 2 SELECT", 14), Place::Body { magic: "sql".into(), span: 10..16 });
    assert_eq!(place("%sql -n 2", 7), Place::Other);
}

#[test]
fn any_text_and_position() {
    any_texts(800, |text| {
        for position in 0..=text.len() + 1 {
            if let Some(found) = complete(text, position) {
                assert!(text.get(found.start..found.end).is_some(), "{text:?} {position}");
            }
            let _ = inspect(text, position);
            match place(text, position) {
                Place::Rust(span) | Place::Body { span, .. } => {
                    assert!(text.get(span).is_some(), "{text:?} {position}")
                }
                Place::Other => {}
            }
        }
    });
}
