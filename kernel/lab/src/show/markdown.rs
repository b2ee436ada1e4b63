//! Markdown output.

use super::{Display, Show};

/// Text that the notebook renders as Markdown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Markdown(pub String);

impl Markdown {
    pub fn new(text: impl Into<String>) -> Self {
        Self(text.into())
    }
}

impl Show for Markdown {
    fn show(&self) -> Display {
        Display::text(self.0.clone()).with("text/markdown", self.0.clone())
    }
}
