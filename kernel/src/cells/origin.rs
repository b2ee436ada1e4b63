//! Where a line of generated source came from.

use std::sync::Arc;

use super::parse::Piece;

/// A cell, or one of its segments, as it was given to the compiler.
#[derive(Debug, PartialEq, Eq)]
pub struct Origin {
    /// Execution count of the cell.
    pub count: usize,
    /// The whole cell as the person wrote it.
    pub cell: String,
    /// The Rust that was compiled for it: the same lines, or what a magic made of them.
    pub source: String,
}

impl Origin {
    /// A cell that is Rust and nothing else.
    pub fn of(count: usize, code: &str) -> Self {
        Self { count, cell: code.to_owned(), source: code.to_owned() }
    }

    /// How the cell is called.
    pub fn name(&self) -> String {
        format!("cell [{}]", self.count)
    }
}

/// What one generated line is.
#[derive(Debug, Clone)]
pub enum Line {
    /// Around the cell's code.
    Generated,
    /// Brings a variable into the cell.
    Load(String),
    /// Keeps a new variable for later cells.
    Keep(String),
    /// Gives a variable of an earlier cell back.
    Return(String),
    /// Shows the value of the last expression.
    Show,
    /// A line of some cell's source.
    User {
        origin: Arc<Origin>,
        /// 1-based line of the source.
        line: usize,
        /// Characters that the source has before the text of this line.
        column: usize,
    },
}

/// Generated source, line by line.
#[derive(Debug, Clone, Default)]
pub struct Source {
    pub text: String,
    lines: Vec<Line>,
}

impl Source {
    /// Adds one generated line.
    pub fn push(&mut self, line: Line, text: &str) {
        debug_assert!(!text.contains('\n'), "one line: {text}");
        self.text.push_str(text);
        self.text.push('\n');
        self.lines.push(line);
    }

    /// Adds a piece of a cell.
    pub fn push_piece(&mut self, piece: &Piece, origin: &Arc<Origin>) {
        for (index, text) in piece.text.trim_end().split('\n').enumerate() {
            self.text.push_str(text);
            self.text.push('\n');
            let column = if index == 0 { piece.column } else { 0 };
            self.lines.push(Line::User { origin: Arc::clone(origin), line: piece.line + index, column });
        }
    }

    /// What 1-based line `number` is.
    pub fn line(&self, number: usize) -> &Line {
        number.checked_sub(1).and_then(|index| self.lines.get(index)).unwrap_or(&Line::Generated)
    }

    /// The lines alone.
    pub fn into_lines(self) -> Vec<Line> {
        self.lines
    }
}
