//! The one error type of magics: what failed, where, and what to try.

/// An error that reaches the frontend as `ename`, `evalue` and `traceback`.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct MagicError {
    /// Short class of the error, for example `UsageError`, `SqlError`, `panic`, `Interrupted`.
    pub name: String,
    /// One line: what failed.
    pub message: String,
    /// The whole text as shown, line by line; may hold ANSI colours (standard 8 colours and bold only, so
    /// that light and dark themes can map them). Empty: built from `message` and `hint`.
    pub traceback: Vec<String>,
    /// What to try.
    pub hint: Option<String>,
}

impl MagicError {
    /// An error of class `name`.
    pub fn new(name: impl Into<String>, message: impl Into<String>) -> Self {
        Self { name: name.into(), message: message.into(), ..Self::default() }
    }

    /// Wrong use of a magic: unknown option, bad value.
    pub fn usage(message: impl Into<String>) -> Self {
        Self::new("UsageError", message)
    }

    /// The person interrupted the cell.
    pub fn interrupted() -> Self {
        Self::new("Interrupted", "interrupted")
    }

    /// Adds what to try.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Replaces the shown text.
    #[must_use]
    pub fn traceback(mut self, lines: Vec<String>) -> Self {
        self.traceback = lines;
        self
    }

    /// The lines to show: `traceback`, or a default built from message and hint.
    pub fn shown(&self) -> Vec<String> {
        if !self.traceback.is_empty() {
            return self.traceback.clone();
        }
        let mut lines = vec![format!("\u{1b}[31;1m{}\u{1b}[0m: {}", self.name, self.message)];
        if let Some(hint) = &self.hint {
            lines.push(format!("\u{1b}[1mhint\u{1b}[0m: {hint}"));
        }
        lines
    }
}

impl std::fmt::Display for MagicError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}: {}", self.name, self.message)
    }
}

impl std::error::Error for MagicError {}
