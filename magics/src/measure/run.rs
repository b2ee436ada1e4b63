//! Running measuring code and collecting what it sends.

use serde_json::Value;

use crate::error::MagicError;
use crate::host::Host;
use crate::live::Live;
use crate::machine::{LoadReading, LoadSpan};

/// Everything that came back from one run.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Collected {
    /// Data of the `sample` events, in order.
    pub samples: Vec<Value>,
    /// Data of the `result` event; absent when the run did not come to its end.
    pub result: Option<Value>,
    /// Seconds spent compiling.
    pub compile_s: Option<f64>,
    pub load: LoadSpan,
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

    /// Ends the magic: with the interruption, if there was one.
    ///
    /// # Errors
    /// The interruption.
    pub fn end(self) -> Result<(), MagicError> {
        self.interrupted.map_or(Ok(()), Err)
    }
}

/// Runs `code` in the Rust worker; `doing` is shown live, for example `timing`.
///
/// # Errors
/// Whatever the run failed with. An interrupt after the first sample is no error here: it is in
/// [`Collected::interrupted`], so that the part can be shown first.
pub fn run(host: &mut dyn Host, live: &Live, code: &str, doing: &str, magic: &str) -> Result<Collected, MagicError> {
    let mut collected = Collected { load: LoadSpan { before: LoadReading::now(), ..LoadSpan::default() }, ..Collected::default() };
    host.status("compiling");
    let mut started = false;
    let outcome = host.measure_rust(code, &mut |event| {
        if !started {
            started = true;
            live.status(doing);
        }
        match event.kind.as_str() {
            "sample" => collected.samples.push(event.data),
            "progress" => live.progress(doing, fraction(&event.data)),
            "result" => collected.result = Some(event.data),
            _ => {}
        }
    });
    collected.load.after = LoadReading::now();
    match outcome {
        Ok(outcome) => collected.compile_s = Some(outcome.compile_s).filter(|s| *s > 0.0),
        Err(error) if is_interrupt(&error, host) && !collected.samples.is_empty() => collected.interrupted = Some(error),
        Err(error) => return Err(super::hints::explain(error, magic)),
    }
    Ok(collected)
}

fn is_interrupt(error: &MagicError, host: &dyn Host) -> bool {
    error.name == "Interrupted" || host.is_cancelled()
}

fn fraction(progress: &Value) -> f64 {
    let number = |name: &str| progress[name].as_f64().unwrap_or(0.0);
    number("done") / number("of").max(1.0)
}

/// What a chart and a result are called: the first line of code, without comments.
pub fn title(body: &str) -> String {
    let mut lines = body.lines().map(str::trim).filter(|l| !l.is_empty() && !l.starts_with("//"));
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
