//! Tables that all engines see, and the query in each dialect.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sqlparser::dialect::DuckDbDialect;
use sqlparser::tokenizer::{Token, Tokenizer};

use super::super::bind::Inputs;
use super::super::engines::shown;
use super::run::Measured;
use super::settings::Settings;
use crate::error::MagicError;
use crate::home;
use crate::host::Host;
use crate::sql_dialect::relations::{Source, rename, sources, stem};
use crate::sql_dialect::{is_ordered, parse, translate};
use crate::sql_error::sql_failure_error;
use crate::sql_params::Prepared;
use crate::sql_wire::{SqlRequest, TableFile};

/// The query for one engine.
#[derive(Debug, Clone, PartialEq)]
pub struct Asked {
    pub engine: String,
    /// The text to run, or why there is none.
    pub sql: Result<String, String>,
    /// Whether it was put into the engine's own dialect.
    pub translated: bool,
}

/// The query for all engines.
#[derive(Debug, Clone, PartialEq)]
pub struct Query {
    pub asked: Vec<Asked>,
    /// What every request has: parameters and tables.
    pub request: SqlRequest,
    /// Whether the order of rows counts.
    pub ordered: bool,
    /// Files that were made for this query only.
    made: Vec<PathBuf>,
}

/// All words of a query in lower case, names of tables and columns among them.
fn words(sql: &str) -> BTreeSet<String> {
    let tokens = Tokenizer::new(&DuckDbDialect {}, sql).tokenize().unwrap_or_default();
    let word = |token| if let Token::Word(word) = token { Some(word.value.to_lowercase()) } else { None };
    tokens.into_iter().filter_map(word).collect()
}

/// Finds the tables of the query, makes those that only DuckDB has visible to all, and says the query in each dialect.
///
/// # Errors
/// A query that cannot be read, a file or table that is not there, an interrupt.
pub fn prepare(settings: &Settings, prepared: &Prepared, inputs: Inputs, host: &mut dyn Host) -> Result<Query, MagicError> {
    let mut query = parse(&prepared.sql).map_err(|why| refused(&why))?;
    let mut tables = inputs.tables;
    let mut names: BTreeMap<Source, String> = BTreeMap::new();
    let mut taken = words(&prepared.sql);
    let mut made = Vec::new();
    for source in sources(&query).map_err(|why| refused(&why))? {
        let (name, path) = match &source {
            Source::Table(name) if tables.iter().any(|table| table.name.eq_ignore_ascii_case(name)) => continue,
            Source::Table(name) => {
                let path = export(name, host)?;
                made.push(path.clone());
                (unused("table", name, &mut taken), path)
            }
            Source::File(path) => (unused("file", &stem(path), &mut taken), file(path)?),
        };
        tables.push(TableFile { name: name.clone(), path: path.to_string_lossy().into_owned() });
        names.insert(source, name);
    }
    rename(&mut query, &names);
    let plain = if names.is_empty() { prepared.sql.clone() } else { query.to_string() };
    let asked = settings.engines.iter().map(|engine| {
        let said = translate(&query, engine);
        let translated = matches!(&said, Ok(Some(_)));
        Asked { engine: engine.clone(), sql: said.map(|sql| sql.unwrap_or_else(|| plain.clone())), translated }
    });
    let request = SqlRequest {
        params: inputs.params,
        threads: Some(settings.threads),
        timeout_s: Some(settings.timeout_s),
        tables,
        ..SqlRequest::default()
    };
    Ok(Query { asked: asked.collect(), request, ordered: is_ordered(&query), made })
}

/// The files that a query names, as tables by the names that it uses: for an engine that reads no files by itself.
pub fn files_by_name(sql: &str) -> Vec<TableFile> {
    let found = parse(sql).and_then(|query| sources(&query)).unwrap_or_default();
    let table = |source| match source {
        Source::File(written) => {
            let path = file(&written).ok()?.to_string_lossy().into_owned();
            Some(TableFile { name: written, path })
        }
        Source::Table(_) => None,
    };
    found.into_iter().filter_map(table).collect()
}

/// Removes the files of this comparison; what cannot be removed goes with the session.
pub fn forget(query: &Query, measured: &Measured, host: &mut dyn Host) {
    let answers = measured.runs.iter().map(|run| answer(&run.engine, host.session_dir()));
    for path in answers.chain(query.made.iter().cloned()) {
        let _ = std::fs::remove_file(path);
    }
}

/// Where an engine's answer is stored.
pub fn answer(engine: &str, session_dir: &Path) -> PathBuf {
    session_dir.join(format!("answer_{engine}.arrow"))
}

fn refused(why: &str) -> MagicError {
    let hint = "`--engine` with one engine runs the text as it is, in that engine's own dialect";
    MagicError::new("SqlError", why).hint(hint)
}

/// A name that the query does not use.
fn unused(kind: &str, name: &str, taken: &mut BTreeSet<String>) -> String {
    let plain: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '_' }).collect();
    let first = format!("{kind}_{plain}");
    let numbered = (2..).map(|number| format!("{first}_{number}"));
    let free = std::iter::once(first.clone()).chain(numbered).find(|name| !taken.contains(name)).unwrap_or(first);
    taken.insert(free.clone());
    free
}

/// The file's path from the root: engines do not all start in the notebook's folder.
fn file(written: &str) -> Result<PathBuf, MagicError> {
    let path = PathBuf::from(home::expanded(written));
    let path = if path.is_absolute() { path } else { std::env::current_dir().map(|folder| folder.join(&path)).unwrap_or(path) };
    if path.is_file() {
        return Ok(path);
    }
    let hint = "check the path; relative paths start at the notebook's folder";
    Err(MagicError::new("SqlError", format!("there is no file `{written}`")).hint(hint))
}

/// Writes a table that DuckDB has where all engines can read it.
fn export(name: &str, host: &mut dyn Host) -> Result<PathBuf, MagicError> {
    host.status(&format!("passing `{name}` to the engines"));
    let file: String = name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect();
    let path = host.session_dir().join(format!("shared_{file}.arrow"));
    let sql = format!("SELECT * FROM \"{}\"", name.replace('"', "\"\""));
    let request =
        SqlRequest { engine: "duckdb".into(), sql: sql.clone(), out: Some(path.to_string_lossy().into_owned()), ..SqlRequest::default() };
    match host.try_sql(&request, &mut |_| {})? {
        Ok(_) => Ok(path),
        Err(failure) => Err(sql_failure_error(&sql, &crate::sql_wire::SqlFailure { offset: None, ..failure }, 1)),
    }
}

/// A sentence for an engine that was not asked.
pub fn not_asked(engine: &str, why: &str) -> String {
    if why.starts_with(shown(engine)) { why.to_owned() } else { format!("not said in its dialect: {why}") }
}
