//! The PNG of a chart: the same SVG, rendered with a font that this crate brings along.

use std::sync::{Arc, OnceLock};

use resvg::{tiny_skia, usvg};

use crate::error::MagicError;

/// Pixels per CSS pixel: sharp on dense screens and on paper.
pub const SCALE: f32 = 2.0;

/// Renders an SVG document to PNG bytes at `scale` pixels per CSS pixel.
///
/// # Errors
/// Text that is no SVG, or a picture too large to allocate.
pub fn render(svg: &str, scale: f32) -> Result<Vec<u8>, MagicError> {
    let options = usvg::Options { fontdb: fonts(), ..usvg::Options::default() };
    let tree = usvg::Tree::from_str(svg, &options).map_err(|e| failed(&e))?;
    let size = tree.size();
    let (width, height) = ((size.width() * scale).ceil() as u32, (size.height() * scale).ceil() as u32);
    let mut pixels = tiny_skia::Pixmap::new(width, height).ok_or_else(|| failed(&"it is too large"))?;
    resvg::render(&tree, tiny_skia::Transform::from_scale(scale, scale), &mut pixels.as_mut());
    pixels.encode_png().map_err(|e| failed(&e))
}

/// DejaVu Sans, regular and bold; system fonts are never consulted, so every machine draws the same.
pub(super) fn fonts() -> Arc<usvg::fontdb::Database> {
    static FONTS: OnceLock<Arc<usvg::fontdb::Database>> = OnceLock::new();
    Arc::clone(FONTS.get_or_init(|| {
        let mut fonts = usvg::fontdb::Database::new();
        for font in [dejavu::sans::regular(), dejavu::sans::bold()] {
            fonts.load_font_source(usvg::fontdb::Source::Binary(Arc::new(font)));
        }
        fonts.set_sans_serif_family("DejaVu Sans");
        Arc::new(fonts)
    }))
}

fn failed(error: &impl std::fmt::Display) -> MagicError {
    MagicError::new("ChartError", format!("the PNG could not be rendered: {error}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::charts::measure_text;
    use crate::charts::svg::{Canvas, Type};

    #[test]
    fn text_is_drawn_without_system_fonts() {
        let blank = render(&Canvas::new(120.0, 30.0).finish("t", "a").unwrap(), 2.0).unwrap();
        let mut canvas = Canvas::new(120.0, 30.0);
        canvas.text((5.0, 20.0), "12.3 µs [12.1, 12.6]", Type::new(12.0));
        let png = render(&canvas.finish("t", "a").unwrap(), 2.0).unwrap();
        assert_eq!(&png[1..4], b"PNG");
        assert!(png.len() > blank.len() + 300, "{} against {}", png.len(), blank.len());
    }

    #[test]
    fn no_svg_is_an_error() {
        assert!(render("<html>", 2.0).unwrap_err().message.contains("PNG"));
    }

    /// The width table must agree with the font it was taken from.
    #[test]
    fn widths_agree_with_the_font() {
        for bold in [false, true] {
            let text = "Median of 1000 iterations, fold<Map> 42.1 %";
            let mut canvas = Canvas::new(600.0, 40.0);
            let style = if bold { Type::new(20.0).bold() } else { Type::new(20.0) };
            canvas.text((5.0, 25.0), text, style);
            let options = usvg::Options { fontdb: fonts(), ..usvg::Options::default() };
            let tree = usvg::Tree::from_str(&canvas.finish("t", "a").unwrap(), &options).unwrap();
            let drawn = f64::from(tree.root().abs_bounding_box().width());
            let table = measure_text::width(text, 20.0, bold);
            assert!((drawn / table - 1.0).abs() < 0.03, "bold {bold}: drawn {drawn}, table {table}");
        }
    }
}
