//! A notebook as JSON, read and written as Jupyter writes it.

use std::path::Path;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A notebook in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Notebook {
    /// The whole file.
    pub json: Value,
}

impl Notebook {
    /// Reads a file.
    ///
    /// # Errors
    /// When it cannot be read or is no notebook of format 4.
    pub fn read(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let json: Value = serde_json::from_str(&text).with_context(|| format!("{} is not a notebook", path.display()))?;
        if json["nbformat"] != 4 || !json["cells"].is_array() {
            bail!("{} is not a notebook of format 4", path.display());
        }
        Ok(Self { json })
    }

    /// Writes a file, with the indentation and the order of keys that Jupyter uses.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<()> {
        let pretty = serde_json::to_string_pretty(&self.json).context("a notebook is always JSON")?;
        let mut text = String::with_capacity(pretty.len());
        for line in pretty.lines() {
            // Two spaces a level here, one in notebooks. Line ends within strings are escaped, so each line begins with its level.
            let rest = line.trim_start_matches(' ');
            text.extend(std::iter::repeat_n(' ', (line.len() - rest.len()) / 2).chain(rest.chars()).chain(['\n']));
        }
        std::fs::write(path, text).with_context(|| format!("cannot write {}", path.display()))
    }

    /// Its cells.
    #[must_use]
    pub fn cells(&self) -> &[Value] {
        self.json["cells"].as_array().map_or(&[], Vec::as_slice)
    }

    /// Its cells, to be changed.
    pub fn cells_mut(&mut self) -> &mut Vec<Value> {
        if !self.json["cells"].is_array() {
            self.json["cells"] = Value::Array(Vec::new());
        }
        match &mut self.json["cells"] {
            Value::Array(cells) => cells,
            _ => unreachable!("made an array above"),
        }
    }

    /// Where the cell with this id stands.
    #[must_use]
    pub fn position(&self, id: &str) -> Option<usize> {
        self.cells().iter().position(|cell| cell["id"] == id)
    }
}

/// Text in a notebook is one string or a list of lines.
#[must_use]
pub fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        Value::Array(lines) => lines.iter().filter_map(Value::as_str).collect(),
        _ => String::new(),
    }
}

/// Text as the list of lines that Jupyter writes.
#[must_use]
pub fn lines(text: &str) -> Value {
    text.split_inclusive('\n').map(Value::from).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn what_is_written_is_what_jupyter_writes() -> Result<()> {
        let dir = tempfile::tempdir()?;
        let path = dir.path().join("a.ipynb");
        let cell = json!({"cell_type": "markdown", "id": "c0", "metadata": {}, "source": lines("# é\n\ntext")});
        Notebook { json: json!({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": [cell]}) }.write(&path)?;
        let written = std::fs::read_to_string(&path)?;
        assert!(written.starts_with("{\n \"cells\": [\n  {\n   \"cell_type\": \"markdown\",\n"), "{written}");
        assert!(written.ends_with("}\n") && written.contains("\"# é\\n\",\n"), "{written}");
        assert_eq!(text(&Notebook::read(&path)?.cells()[0]["source"]), "# é\n\ntext");
        std::fs::write(&path, "{}")?;
        assert!(Notebook::read(&path).is_err());
        Ok(())
    }
}
