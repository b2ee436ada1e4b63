//! The list of all magics, and how one of them is found and run.

use crate::cell::MagicCall;
use crate::code_hash;
use crate::error::MagicError;
use crate::help;
use crate::host::Host;
use crate::live::Live;
use crate::magics::{
    bash, chart, check, claim, compare, data, engine, exercise, expect_error, lsmagic, machine, parallel, predict, profile, python,
    restore, results, sql, tables, timeit, vars,
};
use crate::nearest::nearest;
use crate::options::{Line, Parsed, Request, is_rust_name, parse, usage_error};
use crate::spec::{Kind, Spec};

/// One use of a magic, parsed.
#[derive(Debug, Clone, Default)]
pub struct Call {
    pub options: Parsed,
    /// The magic's line after its options (positional `Code` of a cell magic); empty for line magics of
    /// `Kind::Both`, whose text is the body.
    pub rest: String,
    /// The cell's text below the magic's line, or the text after the options of a `Kind::Both` line magic.
    pub body: String,
    /// Line number of the body's first line in the cell, 1-based.
    pub body_line: usize,
    /// Byte column where the body starts in its first line: 0 but for line magics.
    pub body_column: usize,
    /// `name` of `name << …`; only for magics with an `--out` option.
    pub assign: Option<String>,
    /// Whether it was written `%%name`.
    pub is_cell: bool,
    /// Says how far the work is from inside the host's call-backs.
    pub live: Live,
}

/// One magic: a description and what it does.
pub trait Magic: Sync {
    /// What it is called, accepts and does.
    fn spec(&self) -> &'static Spec;

    /// Runs it; output goes through `host` while it runs.
    ///
    /// # Errors
    /// Wrong use, or whatever the work failed with.
    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError>;
}

/// All magics. To add one: write its file in `magics/`, add it here.
pub static MAGICS: &[&dyn Magic] = &[
    &sql::Sql,
    &timeit::Timeit,
    &compare::Compare,
    &parallel::Parallel,
    &profile::Profile,
    &results::Results,
    &claim::Claim,
    &predict::Predict,
    &exercise::ExerciseMagic,
    &exercise::Hint,
    &check::Check,
    &expect_error::ExpectError,
    &machine::Machine,
    &data::Data,
    &chart::Chart,
    &engine::Engine,
    &tables::Tables,
    &vars::Vars,
    &restore::Restore,
    &python::Python,
    &bash::Bash,
    &lsmagic::LsMagic,
];

/// The magic of this name (no percent signs).
pub fn find(name: &str) -> Option<&'static dyn Magic> {
    MAGICS.iter().copied().find(|magic| magic.spec().name == name)
}

/// Runs one magic of a cell: finds it, parses its options, shows help when asked.
/// `live` does what `host.status` does, from inside the host's call-backs.
///
/// # Errors
/// Unknown magic (with the nearest one), wrong use, or the magic's own error.
pub fn run(magic: &MagicCall, host: &mut dyn Host, live: Live) -> Result<(), MagicError> {
    let line = Line { number: magic.line, text: magic.line_text.clone() };
    let found = find(&magic.name).ok_or_else(|| unknown_magic(magic, &line))?;
    let spec = found.spec();
    if magic.help {
        host.display(&help::help(spec));
        return Ok(());
    }
    match call(spec, magic)? {
        Some(call) => {
            let call = Call { live, ..call };
            code_hash::during(&format!("{}\n{}", call.rest, call.body), || found.run(&call, host))
        }
        None => {
            host.display(&help::help(spec));
            Ok(())
        }
    }
}

/// Parses a magic of a cell by `spec`; `None` when help is asked for.
///
/// # Errors
/// Wrong use of the magic or its options.
pub fn call(spec: &Spec, magic: &MagicCall) -> Result<Option<Call>, MagicError> {
    let line = Line { number: magic.line, text: magic.line_text.clone() };
    let Request::Run { options, rest, rest_column } = parse(spec, &line, magic.args_start).map_err(|error| {
        // Written as a line although it needs a cell: that comes before what the line lacks.
        check_kind(spec, magic, &line).err().unwrap_or(error)
    })?
    else {
        return Ok(None);
    };
    check_kind(spec, magic, &line)?;
    let (assign, rest, rest_column) = assignment(spec, magic, &line, rest, rest_column)?;
    let mut call = Call { options, rest, body: magic.body.clone(), body_line: magic.body_line, assign, ..Call::default() };
    call.is_cell = magic.is_cell;
    if spec.kind == Kind::Both && !magic.is_cell {
        call.body = std::mem::take(&mut call.rest);
        call.body_line = magic.line;
        call.body_column = rest_column;
    }
    Ok(Some(call))
}

fn check_kind(spec: &Spec, magic: &MagicCall, line: &Line) -> Result<(), MagicError> {
    let span = magic.name_span.clone();
    match (spec.kind, magic.is_cell) {
        (Kind::Line, true) if !magic.body.trim().is_empty() => {
            let hint = format!("write `%{}` on a line of its own; Rust code may follow it", spec.name);
            Err(usage_error(line, span, format!("`%%{}` takes no cell: it is a line magic", spec.name), Some(hint)))
        }
        (Kind::Cell, false) => {
            let hint = format!("write `%%{}` on the first line and the code below it", spec.name);
            Err(usage_error(line, span, format!("`%{}` needs a whole cell: it is a cell magic", spec.name), Some(hint)))
        }
        _ => Ok(()),
    }
}

/// Takes `name <<` off: before the magic, or at the start of its text.
fn assignment(
    spec: &Spec,
    magic: &MagicCall,
    line: &Line,
    rest: String,
    column: usize,
) -> Result<(Option<String>, String, usize), MagicError> {
    let (name, rest, column) = match (&magic.assign, spec.assigns()) {
        (Some(name), true) => (name.clone(), rest, column),
        (Some(name), false) => {
            let hint = format!("leave `{name} <<` out");
            return Err(usage_error(line, 0..name.len(), format!("{} returns nothing to store", spec.written()), Some(hint)));
        }
        (None, true) => match split_assignment(&rest) {
            Some((name, after)) => {
                let text = rest[after..].trim_start();
                let column = column + (rest.len() - text.len());
                (name.to_owned(), text.to_owned(), column)
            }
            None => return Ok((None, rest, column)),
        },
        (None, false) => return Ok((None, rest, column)),
    };
    if !is_rust_name(&name) {
        let start = line.text.find(name.as_str()).unwrap_or(0);
        let message = format!("`{name}` cannot be the name of a Rust variable");
        return Err(usage_error(line, start..start + name.len(), message, Some("choose another name".into())));
    }
    Ok((Some(name), rest, column))
}

/// `name << text`: the name and where the text starts.
pub(crate) fn split_assignment(text: &str) -> Option<(&str, usize)> {
    let name_end = text.find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(text.len());
    let after = text[name_end..].trim_start();
    let starts = text.starts_with(|c: char| c == '_' || c.is_alphabetic());
    if !starts || !after.starts_with("<<") {
        return None;
    }
    Some((&text[..name_end], text.len() - after.len() + 2))
}

fn unknown_magic(magic: &MagicCall, line: &Line) -> MagicError {
    let signs = if magic.is_cell { "%%" } else { "%" };
    let near = nearest(&magic.name, MAGICS.iter().map(|magic| magic.spec().name));
    let hint = match near.and_then(find) {
        Some(near) => {
            let spec = near.spec();
            let signs = if spec.kind == Kind::Both { signs.to_owned() } else { spec.written().replace(spec.name, "") };
            format!("did you mean `{signs}{}`? `%lsmagic` lists all", spec.name)
        }
        None => "`%lsmagic` lists all magics".to_owned(),
    };
    let message = if magic.name.is_empty() {
        format!("`{signs}` without a name is no magic")
    } else {
        format!("unknown magic `{signs}{}`", magic.name)
    };
    usage_error(line, magic.name_span.clone(), message, Some(hint))
}

#[cfg(test)]
#[path = "registry_tests.rs"]
mod tests;
