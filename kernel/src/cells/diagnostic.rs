//! What the compiler said, as it says it in JSON.

use serde::{Deserialize, Serialize};

/// An error or a warning.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    pub message: String,
    pub code: Option<Code>,
    pub level: String,
    pub spans: Vec<Span>,
    pub children: Vec<Diagnostic>,
}

/// `E0382`
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Code {
    pub code: String,
}

/// A place in the generated source; lines and columns count from 1, columns in characters.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    pub file_name: String,
    pub line_start: usize,
    pub line_end: usize,
    pub column_start: usize,
    pub column_end: usize,
    pub is_primary: bool,
    pub label: Option<String>,
    pub suggested_replacement: Option<String>,
    /// Set when the place lies in what a macro wrote: where the macro was called.
    pub expansion: Option<Box<Expansion>>,
}

/// Where a macro was called.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Expansion {
    pub span: Span,
}

impl Diagnostic {
    /// The error code, or nothing.
    pub fn code(&self) -> &str {
        self.code.as_ref().map_or("", |code| code.code.as_str())
    }

    /// An error that is not the compiler's.
    pub fn own(message: impl Into<String>) -> Self {
        Self { message: message.into(), level: "error".into(), ..Self::default() }
    }
}

impl Span {
    /// This place, or the call of the macro that wrote it when it lies in another file.
    pub fn in_file(&self, file: &str) -> Option<&Self> {
        let mut span = self;
        while span.file_name != file {
            span = &span.expansion.as_ref()?.span;
        }
        Some(span)
    }
}
