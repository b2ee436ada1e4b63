//! Tables and files that a query names, and other names for them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::ControlFlow;

use sqlparser::ast::{
    Expr, FunctionArg, FunctionArgExpr, Ident, ObjectName, ObjectNamePart, Query, TableAlias, TableFactor, Visit, VisitMut, Visitor,
    VisitorMut,
};

use super::template::literal_text;

/// Functions that read one file.
const READERS: &[&str] = &["read_parquet", "parquet_scan", "read_csv", "read_csv_auto", "read_json", "read_json_auto", "read_ndjson"];

/// What a query reads.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Source {
    /// A table by its name.
    Table(String),
    /// A file by its path as written.
    File(String),
}

/// Everything the query reads, names of its own `WITH` tables left out.
///
/// # Errors
/// In a sentence: table functions, files with options, names in a schema.
pub fn sources(query: &Query) -> Result<BTreeSet<Source>, String> {
    let mut own = Own::default();
    let _ = Visit::visit(query, &mut own);
    let mut found = Found { own: own.names, sources: BTreeSet::new() };
    match Visit::visit(query, &mut found) {
        ControlFlow::Break(why) => Err(why),
        ControlFlow::Continue(()) => Ok(found.sources),
    }
}

/// Gives sources other names; each keeps its name, or the file's, as an alias, so that `lineitem.l_quantity` means the same.
pub fn rename(query: &mut Query, names: &BTreeMap<Source, String>) {
    let mut own = Own::default();
    let _ = Visit::visit(query, &mut own);
    let _ = VisitMut::visit(query, &mut Rename { own: own.names, names });
}

/// The name without folder and endings: `lineitem` of `/data/lineitem.parquet`.
pub fn stem(path: &str) -> String {
    let file = path.rsplit('/').next().unwrap_or(path);
    file.split('.').next().unwrap_or(file).to_owned()
}

/// The names that a query gives itself by `WITH`, in lower case.
#[derive(Default)]
struct Own {
    names: BTreeSet<String>,
}

impl Visitor for Own {
    type Break = ();

    fn pre_visit_query(&mut self, query: &Query) -> ControlFlow<()> {
        let tables = query.with.iter().flat_map(|with| &with.cte_tables);
        self.names.extend(tables.map(|table| table.alias.name.value.to_lowercase()));
        ControlFlow::Continue(())
    }
}

struct Found {
    own: BTreeSet<String>,
    sources: BTreeSet<Source>,
}

impl Visitor for Found {
    type Break = String;

    fn pre_visit_table_factor(&mut self, factor: &TableFactor) -> ControlFlow<String> {
        match source(factor, &self.own) {
            Ok(source) => {
                self.sources.extend(source);
                ControlFlow::Continue(())
            }
            Err(why) => ControlFlow::Break(why),
        }
    }
}

struct Rename<'a> {
    own: BTreeSet<String>,
    names: &'a BTreeMap<Source, String>,
}

impl VisitorMut for Rename<'_> {
    type Break = ();

    fn post_visit_table_factor(&mut self, factor: &mut TableFactor) -> ControlFlow<()> {
        let Ok(Some(found)) = source(factor, &self.own) else { return ControlFlow::Continue(()) };
        let (Some(new), TableFactor::Table { name, alias, args, .. }) = (self.names.get(&found), factor) else {
            return ControlFlow::Continue(());
        };
        let shown = match &found {
            Source::Table(name) => name.clone(),
            Source::File(path) => stem(path),
        };
        *name = ObjectName::from(vec![Ident::new(new.clone())]);
        *args = None;
        let quote = (!shown.chars().all(|c| c == '_' || c.is_ascii_alphanumeric())).then_some('"');
        let as_written =
            || TableAlias { explicit: true, name: Ident { quote_style: quote, ..Ident::new(shown) }, columns: Vec::new(), at: None };
        alias.get_or_insert_with(as_written);
        ControlFlow::Continue(())
    }
}

/// What one member of `FROM` reads.
fn source(factor: &TableFactor, own: &BTreeSet<String>) -> Result<Option<Source>, String> {
    let (name, args) = match factor {
        TableFactor::Table { name, args, .. } => (name, args),
        TableFactor::Function { name, .. } => return Err(no_function(name)),
        TableFactor::TableFunction { expr, .. } => return Err(format!("`{expr}` is a table function of DuckDB's")),
        _ => return Ok(None),
    };
    let [ObjectNamePart::Identifier(word)] = name.0.as_slice() else {
        return match args {
            Some(_) => Err(no_function(name)),
            None => Err(format!("`{name}`: tables in a schema are seen by one engine only; name a table, a file or a variable")),
        };
    };
    if let Some(args) = args {
        if !READERS.iter().any(|reader| word.value.eq_ignore_ascii_case(reader)) {
            return Err(no_function(name));
        }
        return match args.args.as_slice() {
            [FunctionArg::Unnamed(FunctionArgExpr::Expr(path))] => file(path).map(Some),
            _ => Err(format!("`{name}` with options: other engines read files by their path alone")),
        };
    }
    if word.quote_style == Some('\'') {
        return file(&super::template::text(word.value.clone())).map(Some);
    }
    Ok((!own.contains(&word.value.to_lowercase())).then(|| Source::Table(word.value.clone())))
}

fn no_function(name: &ObjectName) -> String {
    format!("`{name}` in FROM is a table function of DuckDB's: store its rows first, with `CREATE TABLE … AS` in a cell of its own")
}

fn file(path: &Expr) -> Result<Source, String> {
    let Some(path) = literal_text(path) else { return Err(format!("`{path}` is no path of one file")) };
    if path.contains("://") {
        return Err(format!("`{path}`: only files of this computer can be read by all engines"));
    }
    if path.contains(['*', '?', '[']) {
        return Err(format!("`{path}` names several files: only single files can be read by all engines"));
    }
    Ok(Source::File(path.to_owned()))
}
