//! `%predict`: a guess that a later measurement of that label picks up.

use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::html::inline;
use crate::measure::predict::{seconds, with_guesses};
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, Positional, PositionalKind, Spec};
use crate::units::time;

static SPEC: Spec = Spec {
    name: "predict",
    kind: Kind::Line,
    summary: "Commits to a guess before measuring; the measurement of that label shows it and says how far off it was",
    category: "Teaching",
    options: &[],
    positional: Some(Positional {
        name: "label = time",
        kind: PositionalKind::Code,
        required: false,
        help: "the label of a later `%%timeit --label`, and your guess; nothing: shows the guesses so far",
    }),
    examples: &[
        Example { code: "%predict sorting = 3ms", about: "Then: `%%timeit --label sorting`" },
        Example { code: "%predict", about: "What was guessed" },
    ],
    details: "The guess stays for every measurement of that label, until another one is made. `--predict` of the magic itself comes before it.",
};

/// The magic.
pub struct Predict;

impl Magic for Predict {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let text = call.rest.trim();
        if text.is_empty() {
            let all: Vec<String> = with_guesses(|all| all.iter().map(|(label, guess)| format!("{label} = {guess}")).collect());
            let said = if all.is_empty() { "Nothing is predicted yet: write `%predict sorting = 3ms`.".to_owned() } else { all.join("\n") };
            host.display(&Bundle::text(said.clone()).with("text/html", inline(&said).replace('\n', "<br>")));
            return Ok(());
        }
        let hint = "write `%predict sorting = 3ms`";
        let Some((label, guess)) = text.rsplit_once('=') else {
            return Err(MagicError::usage(format!("`{text}` is no prediction")).hint(hint));
        };
        let label = label.trim().trim_matches(['"', '\'']);
        let Some(guessed) = seconds(guess).filter(|_| !label.is_empty()) else {
            return Err(MagicError::usage(format!("`{}` is no time that could be measured", guess.trim())).hint(hint));
        };
        with_guesses(|all| all.insert(label.to_owned(), guess.trim().to_owned()));
        let said = format!("Your guess for `{label}`: {}. Now measure it: `%%timeit --label {label:?}`.", time(guessed));
        host.display(&Bundle::text(said.clone()).with("text/html", inline(&said)));
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use crate::measure::predict::with_guesses;
    use crate::testing::{Recorder, plain, run_cell};

    #[test]
    fn a_guess_is_kept_and_listed() {
        let mut host = Recorder::default();
        run_cell("%predict \"sum @ 10\" = 2us\n%predict sorting=3ms\n%predict", &mut host).unwrap();
        assert!(with_guesses(|all| all["sum @ 10"] == "2us" && all["sorting"] == "3ms"));
        assert!(host.shown().ends_with("sorting = 3ms\nsum @ 10 = 2us"), "{}", host.shown());
    }

    #[test]
    fn what_is_no_guess_is_said() {
        for code in ["%predict soon", "%predict a = soon", "%predict = 3ms", "%predict a = 0"] {
            assert!(plain(&run_cell(code, &mut Recorder::default()).unwrap_err()).contains("%predict sorting = 3ms"), "{code}");
        }
    }
}
