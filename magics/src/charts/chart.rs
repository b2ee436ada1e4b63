//! A finished chart.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::png;
use crate::bundle::Bundle;

/// One chart in all its forms.
#[derive(Debug, Clone, PartialEq)]
pub struct Chart {
    /// A self-contained SVG document with `<title>` and `<desc>`.
    pub svg: String,
    /// What the picture shows, in one or two sentences.
    pub alt: String,
    /// The same data as text.
    pub text: String,
}

impl Chart {
    /// SVG, PNG and text as one output. The alternative text is in the output's metadata as well, where
    /// document converters look for it.
    pub fn bundle(&self) -> Bundle {
        let mut bundle = Bundle::text(&self.text).with("image/svg+xml", &self.svg);
        // An SVG of ours always renders; if it should not, the chart still has two forms.
        if let Ok(png) = png::render(&self.svg, png::SCALE) {
            bundle = bundle.with("image/png", STANDARD.encode(png));
        }
        let alt = serde_json::json!({ "alt": self.alt });
        for mime in ["image/svg+xml", "image/png"] {
            if bundle.data.contains_key(mime) {
                bundle.metadata.insert(mime.into(), alt.clone());
            }
        }
        bundle
    }
}
