//! Raster images: the bytes of a PNG or JPEG file.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{Display, Show};

fn image(kind: &str, mime: &str, bytes: &[u8]) -> Display {
    Display::text(format!("{kind} image, {} bytes", bytes.len())).with(mime, STANDARD.encode(bytes))
}

/// The bytes of a PNG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Png(pub Vec<u8>);

impl Show for Png {
    fn show(&self) -> Display {
        image("PNG", "image/png", &self.0)
    }
}

/// The bytes of a JPEG file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Jpeg(pub Vec<u8>);

impl Show for Jpeg {
    fn show(&self) -> Display {
        image("JPEG", "image/jpeg", &self.0)
    }
}
