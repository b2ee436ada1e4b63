//! Running measuring code and collecting what it sends.

use serde_json::Value;

use crate::error::MagicError;
use crate::host::{Event, Host};
use crate::live::Live;
use crate::machine::{self, LoadReading, LoadSpan};
use crate::measure::python::Interpreter;

/// Everything that came back from one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collected {
    /// Data of the `sample` events, in order.
    pub samples: Vec<Value>,
    /// What one iteration works through, as the code told: `rows`, `bytes`.
    pub amounts: Vec<(String, f64)>,
    /// Data of the `result` event; absent when the run did not come to its end.
    pub result: Option<Value>,
    /// Seconds spent compiling.
    pub compile_s: Option<f64>,
    pub load: LoadSpan,
    /// The interpreter, when Python was measured.
    pub python: Option<Interpreter>,
    /// What ran the code, for footers, when it is neither Rust nor Python: an engine with its version.
    pub engine: Option<String>,
    /// The person interrupted the run; what is here is a part.
    pub interrupted: Option<MagicError>,
}

impl Collected {
    /// A number of the result.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.result.as_ref()?.get(name)?.as_f64()
    }

    /// A flag of the result.
    pub fn flag(&self, name: &str) -> bool {
        self.result.as_ref().and_then(|r| r.get(name)).and_then(Value::as_bool).unwrap_or(false)
    }

    /// One line on how the code was built or is run, for footers.
    pub fn build_line(&self) -> String {
        match (&self.python, &self.engine) {
            (Some(python), _) => machine::build_line_of(&python.text()),
            (None, Some(engine)) => machine::build_line_of(engine),
            (None, None) => machine::build_line(),
        }
    }

    /// Ends the magic: with the interruption, if there was one.
    ///
    /// # Errors
    /// The interruption.
    pub fn end(self) -> Result<(), MagicError> {
        self.interrupted.map_or(Ok(()), Err)
    }
}

/// Takes the events of one run.
pub struct Listener<'a> {
    live: &'a Live,
    doing: &'a str,
    started: bool,
    collected: Collected,
    /// What Python code failed with.
    failed: Option<MagicError>,
}

impl<'a> Listener<'a> {
    /// Begins now; `doing` is shown live, for example `timing`.
    pub fn new(live: &'a Live, doing: &'a str) -> Self {
        let load = LoadSpan { before: LoadReading::now(), ..LoadSpan::default() };
        Self { live, doing, started: false, collected: Collected { load, ..Collected::default() }, failed: None }
    }

    /// Takes one event.
    pub fn hear(&mut self, event: Event) {
        if !self.started {
            self.started = true;
            self.live.status(self.doing);
        }
        match event.kind.as_str() {
            "sample" => self.collected.samples.push(event.data),
            "progress" => self.live.progress(self.doing, fraction(&event.data)),
            "result" => self.collected.result = Some(event.data),
            "amount" => {
                if let (Some(name), Some(value)) = (event.data["name"].as_str(), event.data["value"].as_f64()) {
                    self.collected.amounts.push((name.to_owned(), value));
                }
            }
            "python" => self.collected.python = serde_json::from_value(event.data).ok(),
            "failed" => self.failed = Some(failure(&event.data)),
            _ => {}
        }
    }

    /// Ends with the run, whose compile time `outcome` holds.
    ///
    /// # Errors
    /// Whatever the run failed with. An interrupt after the first sample is no error here: it is in
    /// [`Collected::interrupted`], so that the part can be shown first.
    pub fn finish(mut self, outcome: Result<Option<f64>, MagicError>, host: &dyn Host) -> Result<Collected, MagicError> {
        self.collected.load.after = LoadReading::now();
        match self.failed.map_or(outcome, Err) {
            Ok(compile_s) => self.collected.compile_s = compile_s.filter(|s| *s > 0.0),
            Err(error) => {
                // Python calls it `KeyboardInterrupt`, and its traceback would lead through our code.
                let error = if host.is_cancelled() && error.name == "KeyboardInterrupt" { MagicError::interrupted() } else { error };
                if !is_interrupt(&error, host) || self.collected.samples.is_empty() {
                    return Err(error);
                }
                self.collected.interrupted = Some(error);
            }
        }
        Ok(self.collected)
    }
}

/// Runs `code` in the Rust worker; `doing` is shown live.
///
/// # Errors
/// As for [`Listener::finish`].
pub fn run(host: &mut dyn Host, live: &Live, code: &str, doing: &str, magic: &str) -> Result<Collected, MagicError> {
    let mut listener = Listener::new(live, doing);
    host.status("compiling");
    let outcome = host.measure_rust(code, &mut |event| listener.hear(event));
    listener.finish(outcome.map(|outcome| Some(outcome.compile_s)), host).map_err(|error| super::hints::explain(error, magic))
}

/// As [`run`], of code that tells its lines to a profiler.
///
/// # Errors
/// As for [`Listener::finish`].
pub fn profile(host: &mut dyn Host, live: &Live, code: &str, doing: &str, magic: &str) -> Result<Collected, MagicError> {
    let mut listener = Listener::new(live, doing);
    host.status("compiling");
    let outcome = host.profile_rust(code, &mut |event| listener.hear(event));
    listener.finish(outcome.map(|outcome| Some(outcome.compile_s)), host).map_err(|error| super::hints::explain(error, magic))
}

/// An error as measuring Python code tells it.
pub(crate) fn failure(told: &Value) -> MagicError {
    let text = |name: &str| told[name].as_str().unwrap_or_default().to_owned();
    let lines: Vec<_> = told["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    let mut error = MagicError::new(&text("ename"), text("evalue"));
    if !lines.is_empty() {
        error = error.traceback(lines);
    }
    match told["hint"].as_str() {
        Some(hint) => error.hint(hint),
        None => error,
    }
}

fn is_interrupt(error: &MagicError, host: &dyn Host) -> bool {
    error.name == "Interrupted" || host.is_cancelled()
}

fn fraction(progress: &Value) -> f64 {
    let number = |name: &str| progress[name].as_f64().unwrap_or(0.0);
    number("done") / number("of").max(1.0)
}

/// What a chart and a result of Rust code are called: the first line of code, without comments.
pub fn title(body: &str) -> String {
    title_without(body, "//")
}

/// As [`title`] for a language whose comments begin with `comment`.
pub fn title_without(body: &str, comment: &str) -> String {
    let mut lines = body.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with(comment));
    let first = lines.next().unwrap_or("code").trim_end_matches(';').to_owned();
    if lines.next().is_some() { format!("{first} …") } else { first }
}

/// Fails when there is no code to measure.
///
/// # Errors
/// An empty body.
pub fn require_code(body: &str, magic: &str) -> Result<(), MagicError> {
    if body.trim().is_empty() {
        let hint = format!("write the code below the line `%%{magic}`, or after `%{magic}` on one line");
        return Err(MagicError::usage(format!("`%%{magic}` has no code to measure")).hint(hint));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn titles() {
        assert_eq!(title("\n// sum\nv.iter().sum::<u64>();\n"), "v.iter().sum::<u64>()");
        assert_eq!(title("let a = 1;\na"), "let a = 1 …");
        assert_eq!(title(""), "code");
    }
}
