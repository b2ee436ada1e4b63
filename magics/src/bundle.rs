//! A MIME bundle: one output in several representations, of which `text/plain` is always one.

use serde_json::{Map, Value};

/// One rich output: the same thing as text, HTML, SVG, PNG …, plus metadata.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Bundle {
    /// MIME type to content; binary types are base64 text.
    pub data: Map<String, Value>,
    /// Output metadata; measuring magics put their result object under `benchbook`.
    pub metadata: Map<String, Value>,
}

impl Bundle {
    /// A bundle with its plain text; every bundle has one.
    pub fn text(text: impl Into<String>) -> Self {
        let mut bundle = Self::default();
        bundle.data.insert("text/plain".into(), Value::String(text.into()));
        bundle
    }

    /// Adds one representation.
    #[must_use]
    pub fn with(mut self, mime: &str, content: impl Into<String>) -> Self {
        self.data.insert(mime.into(), Value::String(content.into()));
        self
    }

    /// Adds the machine-readable result object.
    #[must_use]
    pub fn with_result(mut self, result: Value) -> Self {
        self.metadata.insert("benchbook".into(), result);
        self
    }
}
