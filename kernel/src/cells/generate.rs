//! Writes the source of one cell: what it needs of earlier cells, its variables, its code.
//!
//! The user's lines stand on lines of their own, unchanged, so that every place in a message can be told exactly.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::items::Defined;
use super::origin::{Line, Origin, Source};
use super::parse::{Parsed, Piece};

/// A variable of an earlier cell that this one uses.
#[derive(Debug, Clone)]
pub struct Loaded {
    pub name: String,
    pub mutable: bool,
    /// Its type as Rust source.
    pub spelling: String,
    /// Whether the cell moves it away, so that it does not come back.
    pub consumed: bool,
}

/// Everything the source is made of.
pub struct Parts<'a> {
    pub attributes: &'a [(Piece, Arc<Origin>)],
    pub items: &'a [Arc<Defined>],
    pub loaded: &'a [Loaded],
    pub parsed: &'a Parsed,
    pub origin: &'a Arc<Origin>,
    /// New variables that do not survive the cell, because it moves them away or they cannot be kept.
    pub not_kept: &'a BTreeSet<String>,
}

/// Names for the generated lines that no cell has.
const STORE: &str = "benchbook_store";

/// The source of the cell.
pub fn source(parts: &Parts<'_>) -> Source {
    let mut source = Source::default();
    source.push(Line::Generated, "#![allow(unused_imports, unused_mut, dead_code, special_module_name)]");
    for (attribute, origin) in parts.attributes {
        source.push_piece(attribute, origin);
    }
    for one in parts.items {
        source.push_piece(&one.item.piece, &one.origin);
    }
    if parts.parsed.runs() {
        entry(parts, &mut source);
    }
    source
}

fn entry(parts: &Parts<'_>, source: &mut Source) {
    let Parts { parsed, loaded, origin, .. } = parts;
    let mut generated = |text: &str| source.push(Line::Generated, text);
    generated("#[unsafe(no_mangle)]");
    generated(&format!("pub extern \"C\" fn {}({STORE}: *mut ::lab::runtime::variables::VariableStore) -> u8 {{", super::ENTRY));
    // What shows values must be in scope whatever the cell imports.
    generated("use ::lab::show::dispatch::{ViaDebug as _, ViaRef as _, ViaShow as _};");
    generated(&format!("let {STORE} = unsafe {{ &mut *{STORE} }};"));
    for variable in *loaded {
        let mutable = if variable.mutable { "mut " } else { "" };
        let text = format!("let {mutable}{0}: {1} = {STORE}.take(\"{0}\");", variable.name, variable.spelling);
        source.push(Line::Load(variable.name.clone()), &text);
    }
    let opening = match (parsed.awaits, parsed.fallible) {
        (true, true) => format!(
            "let benchbook_ended = ::lab::runtime::guard::fallible(|| {STORE}.lazy_arc(\"benchbook_tokio_runtime\", || ::tokio::runtime::Runtime::new().unwrap()).block_on(async {{"
        ),
        (true, false) => format!(
            "let benchbook_ended = ::lab::runtime::guard::plain(|| {STORE}.lazy_arc(\"benchbook_tokio_runtime\", || ::tokio::runtime::Runtime::new().unwrap()).block_on(async {{"
        ),
        (false, true) => {
            "let benchbook_ended = ::lab::runtime::guard::fallible(|| -> ::std::result::Result<(), ::lab::runtime::CellError> {".to_owned()
        }
        (false, false) => "let benchbook_ended = ::lab::runtime::guard::plain(|| {".to_owned(),
    };
    source.push(Line::Generated, &opening);
    for statement in &parsed.statements {
        source.push_piece(statement, origin);
    }
    if let Some(shown) = &parsed.shown {
        source.push(Line::Generated, "(");
        source.push_piece(shown, origin);
        source.push(Line::Show, ").benchbook_ref().evcxr_display();");
    }
    for binding in parsed.bindings.iter().filter(|binding| !parts.not_kept.contains(&binding.name)) {
        source.push(Line::Keep(binding.name.clone()), &format!("{STORE}.put(\"{0}\", {0});", binding.name));
    }
    let closing = match (parsed.awaits, parsed.fallible) {
        (true, true) => "::std::result::Result::<(), ::lab::runtime::CellError>::Ok(()) }));",
        (true, false) => "}));",
        (false, true) => "::std::result::Result::Ok(()) });",
        (false, false) => "});",
    };
    source.push(Line::Generated, closing);
    for variable in loaded.iter().filter(|variable| !variable.consumed) {
        let text = format!("{STORE}.give_back(\"{0}\", {0});", variable.name);
        source.push(Line::Return(variable.name.clone()), &text);
    }
    source.push(Line::Generated, "benchbook_ended");
    source.push(Line::Generated, "}");
}
