//! `--engines`: the same query on several engines, on the same bytes with the same threads; answers are compared before times.
//!
//! | file | what |
//! |---|---|
//! | [`settings`] | the options |
//! | [`prepare`] | tables that all engines see, and the query in each dialect |
//! | [`outcome`] | what became of one engine |
//! | [`run`] | a cold run each, the comparison of answers, warm rounds in random order |
//! | [`verdict`] | times against the baseline, in words |
//! | [`show`] | difference, chart, table, rows |
//! | [`object`] | the result object |

mod object;
pub mod outcome;
pub mod prepare;
mod run;
pub mod settings;
pub mod show;
mod verdict;

use settings::Settings;

use super::bind::Inputs;
use super::cell_text::CellText;
use crate::error::MagicError;
use crate::host::Host;
use crate::registry::Call;
use crate::results;
use crate::sql_params::Prepared;

/// Runs the query on all engines and shows what there is, also after an interrupt.
///
/// # Errors
/// A query that cannot be given to several engines, a table that is not there, an interrupt, no worker.
pub fn run(
    call: &Call,
    settings: &Settings,
    text: &CellText,
    prepared: &Prepared,
    inputs: Inputs,
    host: &mut dyn Host,
) -> Result<(), MagicError> {
    let query = prepare::prepare(settings, prepared, inputs, host).map_err(|error| text.with_original_lines(error, prepared))?;
    let measured = run::measure(&query, settings, host, &call.live)?;
    let verdicts = verdict::verdicts(&measured, settings);
    let result = object::result(&measured, settings, &verdicts);
    let result = results::record(result, settings.label.as_deref());
    show::show(call, &measured, settings, &verdicts, &result, host)?;
    prepare::forget(&query, &measured, host);
    if measured.interrupted { Err(MagicError::interrupted()) } else { Ok(()) }
}

#[cfg(test)]
mod tests;
