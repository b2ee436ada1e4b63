//! Runs the code of a gate in the worker of its language, on the cell's own lines.

use super::sections::{Code, Lang};
use crate::ansi;
use crate::cell::MagicCall;
use crate::error::MagicError;
use crate::host::{Event, Host};
use crate::magics::exercise::unfinished;
use crate::magics::sql;
use crate::measure::{names, python, run};
use crate::registry::{self, Call, Magic};
use crate::rust_text::{Token, tokens};

/// A check that runs: what its sections share.
pub struct Ground<'a> {
    pub call: &'a Call,
    setups: &'a [Code],
    /// Whether Python has made the check's own variables and run its set-ups.
    python_ready: bool,
}

/// What the code of a gate says.
#[derive(Debug, Clone, PartialEq)]
pub enum Told {
    Holds,
    /// It does not hold; an empty text says nothing more.
    Fails(String),
    /// The code failed in another way than by an assertion; the error as it would be shown.
    Broken(MagicError),
}

impl<'a> Ground<'a> {
    /// A check at its start.
    pub fn new(call: &'a Call, setups: &'a [Code]) -> Self {
        Self { call, setups, python_ready: false }
    }

    fn setups_before(&self, code: &Code) -> Vec<&'a Code> {
        self.setups.iter().filter(|setup| setup.lang == code.lang && setup.line < code.line).collect()
    }

    /// Whether the code holds.
    ///
    /// # Errors
    /// An interrupt; a failing set-up.
    pub fn holds(&mut self, code: &Code, host: &mut dyn Host) -> Result<Told, MagicError> {
        let told = match code.lang {
            Lang::Sql => return sql_holds(&self.sql(code, "duckdb", false, host)),
            Lang::Rust => {
                let code = with_type(&code.text).map_or_else(|| code.clone(), |text| Code { text, ..code.clone() });
                let before = "lab::measure::gate((|| -> Result<_, lab::AnyError> { Ok({";
                events(|hear| host.measure_rust(&rust(&self.setups_before(&code), &code, before, "}) })())"), hear).map(|_| ()))
            }
            Lang::Python => {
                self.prepare_python(code, host)?;
                let text = python::check(self.call, "gate", false, &code.text, code.line);
                events(|hear| host.measure_python(&text, None, hear))
            }
        };
        let told = told.and_then(|events| {
            let gate = events.into_iter().find(|event| event.kind == "gate");
            gate.ok_or_else(|| MagicError::new("MeasureError", "the worker did not say whether the gate holds").hint("run the check again"))
        });
        match told {
            Ok(event) if event.data["holds"] == true => Ok(Told::Holds),
            Ok(event) => Ok(Told::Fails(event.data["message"].as_str().unwrap_or_default().to_owned())),
            Err(error) => failed(error),
        }
    }

    /// The plan of a query, or why there is none.
    ///
    /// # Errors
    /// An interrupt.
    pub fn plan(&mut self, code: &Code, engine: &str, host: &mut dyn Host) -> Result<Result<String, MagicError>, MagicError> {
        match self.sql(code, engine, true, host) {
            Ok(reply) => Ok(Ok(reply.plan_text.unwrap_or_default())),
            Err(error) if error.name == "Interrupted" => Err(error),
            Err(error) => Ok(Err(error)),
        }
    }

    /// Seconds per iteration of one round of this code.
    ///
    /// # Errors
    /// Whatever the code fails with.
    pub fn round(&mut self, code: &Code, host: &mut dyn Host) -> Result<f64, MagicError> {
        let told = if code.lang == Lang::Python {
            self.prepare_python(code, host)?;
            let text = python::check(self.call, "round", false, &code.text, code.line);
            events(|hear| host.measure_python(&text, None, hear))?
        } else {
            let text = rust_round(&self.setups_before(code), code, host);
            events(|hear| host.measure_rust(&text, hear).map(|_| ()))?
        };
        let seconds = told.iter().find(|event| event.kind == "sample").and_then(|event| event.data["s"].as_f64());
        seconds.ok_or_else(|| MagicError::new("MeasureError", "a round sent no time").hint("run the check again"))
    }

    /// Makes the check's own variables, once, and runs the set-ups above `code`.
    fn prepare_python(&mut self, code: &Code, host: &mut dyn Host) -> Result<(), MagicError> {
        if std::mem::replace(&mut self.python_ready, true) {
            return Ok(());
        }
        let mut fresh = true;
        let nothing = Code { text: "pass\n".into(), ..code.clone() };
        let setups: Vec<&Code> = self.setups.iter().filter(|setup| setup.lang == Lang::Python).collect();
        for setup in if setups.is_empty() { vec![&nothing] } else { setups } {
            let text = python::check(self.call, "define", fresh, &setup.text, setup.line);
            events(|hear| host.ask_python(&text, None, hear))?;
            fresh = false;
        }
        Ok(())
    }

    fn sql(&self, code: &Code, engine: &str, explain: bool, host: &mut dyn Host) -> Result<crate::sql_wire::SqlReply, MagicError> {
        let line_text = format!("%%sql --engine {engine}{}", if explain { " --explain" } else { "" });
        let magic = MagicCall {
            name: "sql".into(),
            is_cell: true,
            line: code.line.saturating_sub(1),
            name_span: 0..5,
            args_start: 5,
            line_text,
            body: code.text.clone(),
            body_line: code.line,
            ..MagicCall::default()
        };
        let call = registry::call(sql::Sql.spec(), &magic)?.ok_or_else(|| MagicError::usage("there is no query"))?;
        sql::ask(&call, host)
    }
}

/// The events of a run; what Python failed with is its error.
fn events(ask: impl FnOnce(&mut dyn FnMut(Event)) -> Result<(), MagicError>) -> Result<Vec<Event>, MagicError> {
    let mut events = Vec::new();
    ask(&mut |event| events.push(event))?;
    match events.iter().find(|event| event.kind == "failed") {
        Some(failed) if failed.data["ename"] == "KeyboardInterrupt" => Err(MagicError::interrupted()),
        Some(failed) => Err(run::failure(&failed.data)),
        None => Ok(events),
    }
}

/// A failure of a gate's code, as what it says of the answer.
///
/// # Errors
/// An interrupt.
pub fn failed(error: MagicError) -> Result<Told, MagicError> {
    if error.name == "Interrupted" {
        return Err(error);
    }
    if let Some(what) = unfinished(&error) {
        return Ok(Told::Fails(format!("not done yet: {what} was reached")));
    }
    Ok(match error.name.as_str() {
        "panic" => Told::Fails(panic_message(&error)),
        "Error" => Told::Fails(message_alone(&error).to_owned()),
        _ => Told::Broken(error),
    })
}

fn sql_holds(reply: &Result<crate::sql_wire::SqlReply, MagicError>) -> Result<Told, MagicError> {
    let reply = match reply {
        Ok(reply) => reply,
        Err(error) if error.name == "Interrupted" => return Err(error.clone()),
        Err(error) => return Ok(Told::Broken(error.clone())),
    };
    // The answer is yes when every value of its first column is true.
    let firsts: Vec<&str> = reply.rows.iter().map(|row| row.first().and_then(|value| value.as_deref()).unwrap_or("NULL")).collect();
    match firsts.iter().find(|value| !matches!(value.to_ascii_lowercase().as_str(), "true" | "t" | "1")) {
        None if !firsts.is_empty() => Ok(Told::Holds),
        None => Ok(Told::Fails("the query gives no row".into())),
        Some(_) => Ok(Told::Fails(String::new())),
    }
}

/// The message of a panic without the place that the kernel adds; of `assert_eq!`, the words of the check and both values.
fn panic_message(error: &MagicError) -> String {
    let all = ansi::plain(&error.shown().join("\n"));
    let lines: Vec<&str> = all.lines().map(|line| line.strip_prefix("panic: ").unwrap_or(line)).collect();
    let told: Vec<&str> = lines.iter().take_while(|line| !line.trim_start().starts_with("-->")).copied().collect();
    let first = told.first().copied().unwrap_or_else(|| message_alone(error));
    let side = |name: &str| told.iter().find_map(|line| line.trim_start().strip_prefix(name)).map(str::trim);
    let head = match first.strip_prefix("assertion `left ") {
        Some(rest) => rest.split_once("` failed").map_or(first, |(_, own)| own.trim_start_matches(':').trim()),
        None => first,
    };
    match (side("left: "), side("right: ")) {
        (Some(left), Some(right)) if head.is_empty() => format!("left: {left}, right: {right}"),
        (Some(left), Some(right)) => format!("{head} (left: {left}, right: {right})"),
        _ => told.join("\n").trim().to_owned(),
    }
}

/// The message without `(cell [3], line 2)`.
pub fn message_alone(error: &MagicError) -> &str {
    match error.message.rfind(" (cell [") {
        Some(at) if error.message.ends_with(')') => &error.message[..at],
        _ => &error.message,
    }
}

/// A bare `Ok(())` at the end has no error type of its own; this gives it one. `None`: nothing to do.
fn with_type(text: &str) -> Option<String> {
    let code: Vec<Token> = tokens(text).filter(Token::is_code).collect();
    let last: Vec<&str> = code.iter().rev().take(5).map(|token| token.text(text)).collect();
    if last != [")", ")", "(", "(", "Ok"] {
        return None;
    }
    let end = code.last()?.end;
    Some(format!("{} as Result<(), lab::AnyError>{}", &text[..end], &text[end..]))
}

fn rust_round(setups: &[&Code], code: &Code, host: &mut dyn Host) -> String {
    let texts: Vec<&str> = setups.iter().map(|setup| setup.text.as_str()).collect();
    let inputs = names::inputs(&code.text, &texts, &host.variables());
    let names: String = inputs.iter().map(|name| format!("&{name}, ")).collect();
    let touch = if names.is_empty() { String::new() } else { format!("lab::measure::touch(&({names}));") };
    let before = format!(
        "lab::measure::round(|__bb_n| {{ let mut __bb_keep = lab::measure::Batch::new(__bb_n); let __bb_clock = lab::measure::start(); \
         for _ in 0..__bb_n {{ {touch} __bb_keep.push((|| -> Result<_, lab::AnyError> {{ Ok({{"
    );
    rust(setups, code, &before, "}) })()?); } let __bb_time = __bb_clock.stop(); __bb_keep.finish(); Ok(__bb_time) })?")
}

/// Rust source of one section: the cell's lines, of which only the set-ups and the section's own are there; what is written
/// around them stands on their header lines.
fn rust(setups: &[&Code], code: &Code, before: &str, after: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    let mut put = |number: usize, text: &str| {
        let at = number.saturating_sub(1);
        if lines.len() <= at {
            lines.resize(at + 1, String::new());
        }
        lines[at].push_str(text);
    };
    let pieces: Vec<&Code> = setups.iter().copied().chain([code]).collect();
    for (index, piece) in pieces.iter().enumerate() {
        let header = piece.line.saturating_sub(1).max(1);
        if index == 0 {
            put(header, "{ #[allow(warnings)] let __bb_all: () = { ");
        }
        if index + 1 == pieces.len() {
            put(header, &format!("let __bb_done: () = {before}"));
        } else if index > 0 {
            // Ends a set-up whose last statement lacks its semicolon.
            put(header, ";");
        }
        let text = piece.text.trim_end();
        for (offset, line) in text.lines().enumerate() {
            put(piece.line + offset, line);
        }
    }
    // On a line of its own: a comment may end the code.
    let last = lines.len() + 1;
    let end = format!("{after}; __bb_done }}; __bb_all }};");
    lines.resize(last, String::new());
    lines[last - 1] = end;
    lines.join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(text: &str, line: usize) -> Code {
        Code { lang: Lang::Rust, text: text.into(), line }
    }

    #[test]
    fn sections_keep_their_lines() {
        let source = rust(&[&code("let v = 1;\n", 3)], &code("assert!(v == 1); // yes\n", 5), "gate((|| {", "})())");
        let lines: Vec<&str> = source.lines().collect();
        assert_eq!(
            lines[1..5],
            ["{ #[allow(warnings)] let __bb_all: () = { ", "let v = 1;", "let __bb_done: () = gate((|| {", "assert!(v == 1); // yes"]
        );
        assert_eq!(lines[5], "})()); __bb_done }; __bb_all };");
    }

    #[test]
    fn a_bare_ok_gets_a_type() {
        assert_eq!(with_type("f()?;\nOk(()) // done\n").as_deref(), Some("f()?;\nOk(()) as Result<(), lab::AnyError> // done\n"));
        assert_eq!(with_type("f()"), None);
    }

    #[test]
    fn what_an_assertion_says() {
        let panic = |lines: &[&str]| MagicError::new("panic", lines[0]).traceback(lines.iter().map(|line| (*line).to_owned()).collect());
        let told = panic(&[
            "\u{1b}[31;1mpanic\u{1b}[0m: assertion `left == right` failed: the sum of 1 and 2 is 3",
            "  left: 4",
            " right: 3",
            "  --> Cell 3, line 2",
        ]);
        assert_eq!(failed(told).unwrap(), Told::Fails("the sum of 1 and 2 is 3 (left: 4, right: 3)".into()));
        assert_eq!(failed(panic(&["panic: too slow", " --> Cell 1"])).unwrap(), Told::Fails("too slow".into()));
        let todo = MagicError::new("panic", "not yet implemented (Cell 1, line 2)");
        assert_eq!(failed(todo).unwrap(), Told::Fails("not done yet: `todo!()` was reached".into()));
        let error = MagicError::new("Error", "no file (cell [1], line 2)");
        assert_eq!(failed(error).unwrap(), Told::Fails("no file".into()));
        failed(MagicError::interrupted()).unwrap_err();
    }
}
