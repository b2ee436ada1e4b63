//! SVG output.

use super::{Display, Show};

/// An SVG drawing, as its XML text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Svg(pub String);

impl Svg {
    pub fn new(xml: impl Into<String>) -> Self {
        Self(xml.into())
    }
}

impl Show for Svg {
    fn show(&self) -> Display {
        Display::text(format!("SVG drawing, {} bytes", self.0.len())).with("image/svg+xml", self.0.clone())
    }
}
