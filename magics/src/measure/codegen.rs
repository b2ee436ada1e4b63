//! The Rust source that is run for a measurement.
//!
//! The body starts on the line where the generated code starts, and nothing is put between its lines, so that
//! compiler messages fall on the lines of the cell.

use serde_json::Value;

/// What to wrap.
#[derive(Debug, Clone, PartialEq)]
pub struct Wrap<'a> {
    /// The measured code: statements, or an expression, or both.
    pub body: &'a str,
    /// Run once before everything; empty when there is none.
    pub setup: &'a str,
    /// Variables to keep opaque to the optimiser.
    pub inputs: &'a [String],
    /// Passed to `lab::measure` as JSON.
    pub config: Value,
}

impl Wrap<'_> {
    /// `%%timeit`; `each` runs, untimed, before every iteration.
    pub fn timeit(&self, each: Option<&str>) -> String {
        let touch = self.touch();
        let body = closed(self.body);
        let sample = match each {
            None => format!(
                "&mut |__bb_n| {{ {touch} let mut __bb_batch = lab::measure::Batch::new(__bb_n); \
                 while let Some(__bb_some) = __bb_batch.stretch() {{ for _ in 0..__bb_some {{ lab::measure::again(); \
                 __bb_batch.push((|| -> Result<_, lab::AnyError> {{ Ok({{ {body} }}) }})()?); }} __bb_batch.pause(); }} \
                 Ok(__bb_batch.finish()) }}"
            ),
            Some(each) => format!(
                "&mut |__bb_n| {{ let mut __bb_total = lab::measure::Sample::zero(); for _ in 0..__bb_n {{ {} {touch} \
                 let __bb_clock = lab::measure::start(); let __bb_out = lab::measure::opaque({{ {body} }}); \
                 __bb_total += __bb_clock.stop_net(); drop(__bb_out); }} Ok(__bb_total) }}",
                statements(each)
            ),
        };
        self.call("time", "", &sample)
    }

    /// `%%parallel` on pools of these sizes.
    pub fn parallel(&self, threads: &[usize]) -> String {
        self.call("parallel", &format!("&{threads:?}, "), &self.closure())
    }

    /// One sample of a series of `%%parallel`; the configuration names the file that says on how many threads.
    pub fn parallel_once(&self) -> String {
        self.call("parallel_once", "", &self.closure())
    }

    /// `%%profile`.
    pub fn profile(&self) -> String {
        self.call("profile", "", &self.closure())
    }

    fn closure(&self) -> String {
        format!("|| -> Result<_, lab::AnyError> {{ {} Ok({{ {} }}) }}", self.touch(), closed(self.body))
    }

    /// The lint attribute needs a statement, the statement a block, so that no variable is left in the notebook.
    fn call(&self, function: &str, arguments: &str, closure: &str) -> String {
        let setup = statements(self.setup);
        let config = literal(&self.config.to_string());
        format!(
            "{{ {setup} #[allow(unused_braces, dropping_copy_types, dropping_references)] let __bb_done: () = \
             lab::measure::{function}({config}, {arguments}{closure})?; __bb_done }};"
        )
    }

    fn touch(&self) -> String {
        let names: String = self.inputs.iter().map(|name| format!("&{name}, ")).collect();
        if names.is_empty() { String::new() } else { format!("lab::measure::touch(&({names}));") }
    }
}

/// One variant of `%%compare`: what it does in a round stands in the order that `lab::measure::Round` reads, so that the code is the
/// same each time. `header_line` is the 1-based line of the cell above the body; every line of the body stands on its own line.
pub fn round(body: &str, inputs: &[String], header_line: usize) -> String {
    let touch = Wrap { body, setup: "", inputs, config: Value::Null }.touch();
    format!(
        "{}{{ let __bb_round = lab::measure::Round::begin()?; #[allow(unused_braces, dropping_copy_types, dropping_references)] \
         let __bb_value = __bb_round.run(|| -> Result<_, lab::AnyError> {{ {touch} Ok({{\n{}\n}}) }})?; \
         if let Some(__bb_name) = __bb_round.answer() {{ use lab::measure::answer::*; #[allow(unused_must_use)] \
         {{ (&&&&&&Answer(&__bb_value)).benchbook_answer(__bb_name)?; }} }} }};",
        "\n".repeat(header_line.saturating_sub(1)),
        body.trim_end()
    )
}

/// `let name: Vec<(String, Timing)> = …;` for `%%compare -o name`: labels and their timings.
pub fn bind_timings(name: &str, timings: &[(String, Value)]) -> String {
    let items: Vec<String> = timings
        .iter()
        .map(|(label, timing)| {
            format!("({}.to_owned(), lab::measure::Timing::from_json({})?)", literal(label), literal(&timing.to_string()))
        })
        .collect();
    format!("let {name}: Vec<(String, lab::measure::Timing)> = vec![{}];", items.join(", "))
}

/// `let name: Timing = …;` for `-o name`.
pub fn bind_timing(name: &str, timing: &Value) -> String {
    format!("let {name}: lab::measure::Timing = lab::measure::Timing::from_json({})?;", literal(&timing.to_string()))
}

/// Text as a Rust string literal.
fn literal(text: &str) -> String {
    format!("{text:?}")
}

/// The body without trailing blank lines; a line break follows it when a comment may end it.
fn closed(body: &str) -> String {
    let body = body.trim_end();
    let last = body.lines().last().unwrap_or("");
    if last.contains("//") { format!("{body}\n") } else { body.to_owned() }
}

/// Set-up code as statements, whether or not it ends in a semicolon.
pub fn statements(setup: &str) -> String {
    let setup = setup.trim();
    if setup.is_empty() {
        return String::new();
    }
    let code_end = crate::rust_text::tokens(setup).filter(crate::rust_text::Token::is_code).last().map_or(0, |t| t.end);
    let (code, comment) = setup.split_at(code_end);
    let semicolon = if code.is_empty() || code.ends_with(';') { "" } else { ";" };
    let line_break = if comment.contains("//") { "\n" } else { "" };
    format!("{code}{semicolon}{comment}{line_break}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn wrap<'a>(body: &'a str, setup: &'a str, inputs: &'a [String]) -> Wrap<'a> {
        Wrap { body, setup, inputs, config: json!({"budget_s": 3.0}) }
    }

    #[test]
    fn timeit_keeps_inputs_opaque_and_results_alive() {
        let code = wrap("v.iter().sum::<u64>()", "", &["v".into()]).timeit(None);
        assert_eq!(
            code,
            "{  #[allow(unused_braces, dropping_copy_types, dropping_references)] let __bb_done: () = \
             lab::measure::time(\"{\\\"budget_s\\\":3.0}\", &mut |__bb_n| { lab::measure::touch(&(&v, )); \
             let mut __bb_batch = lab::measure::Batch::new(__bb_n); while let Some(__bb_some) = __bb_batch.stretch() { \
             for _ in 0..__bb_some { lab::measure::again(); \
             __bb_batch.push((|| -> Result<_, lab::AnyError> { Ok({ v.iter().sum::<u64>() }) })()?); } __bb_batch.pause(); } \
             Ok(__bb_batch.finish()) })?; __bb_done };"
        );
    }

    #[test]
    fn body_lines_keep_their_order_and_start_on_the_first_line() {
        let code = wrap("let a = 1;\nlet b = 2; // two\na + b // sum", "", &[]).timeit(None);
        let lines: Vec<&str> = code.lines().collect();
        assert!(lines[0].ends_with("{ let a = 1;"), "{code}");
        assert_eq!((lines[1], lines[2]), ("let b = 2; // two", "a + b // sum"));
        assert_eq!(lines.len(), 4);
    }

    #[test]
    fn setups_become_statements() {
        for (setup, expected) in [
            ("let v = f()", "let v = f();"),
            ("let v = f();", "let v = f();"),
            ("f() // why", "f(); // why\n"),
            ("", ""),
            ("use std::fmt::Write;", "use std::fmt::Write;"),
        ] {
            assert_eq!(statements(setup), expected);
        }
        let code = wrap("w.sort()", "", &["w".into()]).timeit(Some("let mut w = v.clone()"));
        assert!(code.contains("for _ in 0..__bb_n { let mut w = v.clone(); lab::measure::touch(&(&w, )); let __bb_clock"), "{code}");
    }

    #[test]
    fn parallel_and_profile_share_the_closure() {
        let code = wrap("work()", "", &[]).parallel(&[1, 2]);
        assert!(code.contains("lab::measure::parallel(\"{\\\"budget_s\\\":3.0}\", &[1, 2], || -> Result<_, lab::AnyError> {"), "{code}");
        assert!(wrap("work()", "let n = 1;", &[]).profile().starts_with("{ let n = 1; #[allow"));
    }

    #[test]
    fn literals_survive_quotes() {
        assert_eq!(literal("a\"b\\c\n"), "\"a\\\"b\\\\c\\n\"");
        assert!(
            bind_timing("t", &json!({"median_s": 1.0})).starts_with("let t: lab::measure::Timing = lab::measure::Timing::from_json(\"{")
        );
    }
}
