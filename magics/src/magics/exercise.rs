//! `%%exercise`: the student's cell; and `%hint`.

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::exercises::{Exercise, check_id, with_exercises};
use crate::host::Host;
use crate::html::inline;
use crate::nearest::suggestion;
use crate::nested;
use crate::options::parse_int;
use crate::registry::{Call, Magic};
use crate::results;
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};

/// `--points`.
pub const POINTS: OptionSpec = OptionSpec::value("points", ValueKind::Float, "Points of the exercise; its check then gives a score");

static SPEC: Spec = Spec {
    name: "exercise",
    kind: Kind::Cell,
    summary: "The student's cell: runs as usual, and `%%check` of the same name looks at it",
    category: "Teaching",
    options: &[nested::LANG, POINTS],
    positional: Some(Positional {
        name: "name",
        kind: PositionalKind::Words(1),
        required: true,
        help: "what `%%check` and `%hint` call it",
    }),
    examples: &[
        Example { code: "%%exercise sum_fast\nfn sum_fast(v: &[u64]) -> u64 {\n    todo!()\n}", about: "An exercise in Rust" },
        Example { code: "%%exercise views\n%%python\ndef views(table):\n    raise NotImplementedError", about: "In Python" },
        Example { code: "%%exercise best --lang sql --points 2\nSELECT 1", about: "In SQL, for two points" },
    ],
    details: "The body runs as a cell of its own; it may begin with another cell magic. The kernel remembers the text, how it ended and what it measured, \
for the check. Code that reaches `todo!()` is not done yet, and is told so.",
};

/// The magic.
pub struct ExerciseMagic;

impl Magic for ExerciseMagic {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let id = id(call)?;
        let points = points(call)?;
        let labels = || results::with_store(|store| store.all().iter().map(|measured| measured.label.clone()).collect::<Vec<_>>());
        let before = labels();
        let outcome = nested::run(call, host).map_err(|error| not_done(&error, id).unwrap_or(error));
        let measured = labels().into_iter().filter(|label| !before.contains(label)).collect();
        with_exercises(|all| {
            let known = all.entry(id.to_owned()).or_default();
            *known = Exercise {
                source: Some(call.body.clone()),
                failed: outcome.as_ref().err().map(|error| error.message.clone()),
                measured,
                points,
                verdict: None,
                ..std::mem::take(known)
            };
        });
        outcome
    }
}

/// The exercise's name.
///
/// # Errors
/// A name that cannot be one.
pub fn id(call: &Call) -> Result<&str, MagicError> {
    let id = call.options.words().first().map_or("", String::as_str);
    check_id(id)?;
    Ok(id)
}

/// `--points`.
///
/// # Errors
/// A number that is not above 0.
pub fn points(call: &Call) -> Result<Option<f64>, MagicError> {
    match call.options.float("points") {
        Some(points) if !(points > 0.0 && points.is_finite()) => {
            Err(call.options.error_at("points", "points are a number above 0", Some("for example `--points 2`".into())))
        }
        points => Ok(points),
    }
}

/// The error in friendlier words, when it says that something is still to be written.
pub fn not_done(error: &MagicError, id: &str) -> Option<MagicError> {
    let what = unfinished(error)?;
    let place = error.message.rfind(" (").filter(|_| error.message.ends_with(')')).map_or("", |at| &error.message[at..]);
    let hint = format!("write your code in its place and run the cell again; `%hint {id}` may help");
    Some(MagicError::new("NotDoneYet", format!("not done yet: {what} was reached{place}")).hint(hint))
}

/// What stands where code is still to be written, if that is the error.
pub fn unfinished(error: &MagicError) -> Option<&'static str> {
    match error.name.as_str() {
        "panic" if error.message.starts_with("not yet implemented") => Some("`todo!()`"),
        "panic" if error.message.starts_with("not implemented") => Some("`unimplemented!()`"),
        "NotImplementedError" => Some("`NotImplementedError`"),
        _ => None,
    }
}

static HINT: Spec = Spec {
    name: "hint",
    kind: Kind::Line,
    summary: "Shows the next hint of an exercise, or the one of that number",
    category: "Teaching",
    options: &[],
    positional: Some(Positional {
        name: "exercise [n]",
        kind: PositionalKind::Words(2),
        required: true,
        help: "the exercise, and which hint",
    }),
    examples: &[
        Example { code: "%hint sum_fast", about: "The next one" },
        Example { code: "%hint sum_fast 1", about: "The first one again" },
    ],
    details: "Hints are the `%% hint` lines of the exercise's `%%check` cell, known once that has run.",
};

/// The magic.
pub struct Hint;

impl Magic for Hint {
    fn spec(&self) -> &'static Spec {
        &HINT
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let words = call.options.words();
        let id = words.first().map_or("", String::as_str);
        let wanted = match words.get(1) {
            None => None,
            Some(number) => match parse_int(number).and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0) {
                Some(number) => Some(number),
                None => return Err(MagicError::usage(format!("`{number}` is no number of a hint")).hint(format!("write `%hint {id} 1`"))),
            },
        };
        let (number, count, text) = with_exercises(|all| {
            let Some(known) = all.get_mut(id) else {
                let near = suggestion(id, all.keys().map(String::as_str));
                let hint = near.unwrap_or_else(|| "run its cell and its check first".to_owned());
                return Err(MagicError::usage(format!("no exercise `{id}` has run")).hint(hint));
            };
            let count = known.hints.len();
            let number = wanted.unwrap_or(known.hints_shown + 1);
            if count == 0 {
                return Err(
                    MagicError::usage(format!("there is no hint for `{id}` yet")).hint("hints come with its check: run that cell first")
                );
            }
            // After the last one, it is shown again.
            let number = if wanted.is_none() { number.min(count) } else { number };
            let Some(text) = known.hints.get(number - 1).cloned() else {
                return Err(MagicError::usage(format!("`{id}` has no hint {number}")).hint(format!("there are {count}")));
            };
            known.hints_shown = known.hints_shown.max(number);
            Ok((number, count, text))
        })?;
        let head = format!("hint {number} of {count}");
        let html = format!(
            "<div style=\"border-left:3px solid var(--jp-border-color1,#757575);padding:.1em .6em\"><b>{head}:</b> {}</div>",
            inline(&text)
        );
        host.display(&Bundle::text(format!("{head}: {text}")).with("text/html", html));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::error::MagicError;
    use crate::exercises::with_exercises;
    use crate::testing::{Recorder, plain, run_cell};

    #[test]
    fn text_and_outcome_are_remembered() {
        let mut host = Recorder::default();
        run_cell("%%exercise a --points 2\nfn f() {}\n", &mut host).unwrap();
        let known = with_exercises(|all| all["a"].clone());
        assert_eq!((known.source.as_deref(), known.points, known.failed), (Some("fn f() {}\n"), Some(2.0), None));
        host.rust_errors.push_back(MagicError::new("panic", "oh (Cell 1, line 2)"));
        assert_eq!(run_cell("%%exercise a\ng()", &mut host).unwrap_err().name, "panic");
        assert!(with_exercises(|all| all["a"].failed.is_some()));
    }

    #[test]
    fn a_todo_is_told_kindly() {
        let mut host = Recorder::default();
        host.rust_errors.push_back(MagicError::new("panic", "not yet implemented (Cell 3, line 2)"));
        let error = run_cell("%%exercise a\ntodo!()", &mut host).unwrap_err();
        assert_eq!((error.name.as_str(), error.message.as_str()), ("NotDoneYet", "not done yet: `todo!()` was reached (Cell 3, line 2)"));
    }

    #[test]
    fn hints_come_one_after_another() {
        let mut host = Recorder::default();
        assert!(plain(&run_cell("%hint a", &mut host).unwrap_err()).contains("no exercise `a`"));
        run_cell("%%exercise a\n1", &mut host).unwrap();
        assert!(plain(&run_cell("%hint a", &mut host).unwrap_err()).contains("run that cell first"));
        with_exercises(|all| all.get_mut("a").unwrap().hints = vec!["one".into(), "`two` < 3".into()]);
        for _ in 0..3 {
            run_cell("%hint a", &mut host).unwrap();
        }
        run_cell("%hint a 1", &mut host).unwrap();
        let shown = host.shown();
        let lines: Vec<_> = shown.lines().collect();
        assert_eq!(lines, ["hint 1 of 2: one", "hint 2 of 2: `two` < 3", "hint 2 of 2: `two` < 3", "hint 1 of 2: one"]);
        assert!(host.shown_html().contains("<code>two</code> &lt; 3"));
        assert!(run_cell("%hint a 3", &mut host).is_err() && run_cell("%hint a x", &mut host).is_err());
    }
}
