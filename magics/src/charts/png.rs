//! The PNG of a chart: the same SVG, rendered with a font that this crate brings along.

use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

use png::{BitDepth, ColorType, Compression, Encoder, Filter};
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
    encode(&pixels).map_err(|e| failed(&e))
}

/// The PNG of an opaque picture. Charts have few colours, and a palette makes a third of the bytes, in a notebook that holds dozens;
/// where there are too many for a palette, they are rounded to 5 or 4 bits a channel first, which nobody sees.
fn encode(pixels: &tiny_skia::Pixmap) -> Result<Vec<u8>, png::EncodingError> {
    let colours = || pixels.pixels().iter().map(|pixel| [pixel.red(), pixel.green(), pixel.blue()]);
    let rounded = |bits: u32| {
        let steps = (1 << bits) - 1;
        indexed(colours().map(|colour| colour.map(|channel| (u32::from(channel >> (8 - bits)) * 255 / steps) as u8)))
    };
    let mut bytes = Vec::new();
    let mut encoder = Encoder::new(&mut bytes, pixels.width(), pixels.height());
    encoder.set_depth(BitDepth::Eight);
    encoder.set_compression(Compression::High);
    let data = if let Some((palette, indices)) = indexed(colours()).or_else(|| rounded(5)).or_else(|| rounded(4)) {
        encoder.set_color(ColorType::Indexed);
        encoder.set_palette(palette.concat());
        // Neighbouring indices say nothing about each other.
        encoder.set_filter(Filter::NoFilter);
        indices
    } else {
        encoder.set_color(ColorType::Rgb);
        encoder.set_filter(Filter::Adaptive);
        colours().flatten().collect()
    };
    encoder.write_header()?.write_image_data(&data)?;
    Ok(bytes)
}

/// A palette and each pixel's place in it; `None` when there are more than 256 colours.
fn indexed(colours: impl Iterator<Item = [u8; 3]>) -> Option<(Vec<[u8; 3]>, Vec<u8>)> {
    let (mut palette, mut known) = (Vec::new(), HashMap::new());
    let mut index = |colour: [u8; 3]| match known.get(&colour) {
        Some(index) => Some(*index),
        None => {
            let index = u8::try_from(palette.len()).ok()?;
            palette.push(colour);
            known.insert(colour, index);
            Some(index)
        }
    };
    let indices = colours.map(&mut index).collect::<Option<Vec<u8>>>()?;
    Some((palette, indices))
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
    fn many_colours_are_rounded_and_very_many_kept() {
        let picture = |colour: fn(usize) -> [u8; 3]| {
            let mut pixels = tiny_skia::Pixmap::new(64, 64).unwrap();
            for (i, pixel) in pixels.pixels_mut().iter_mut().enumerate() {
                let [r, g, b] = colour(i);
                *pixel = tiny_skia::PremultipliedColorU8::from_rgba(r, g, b, 255).unwrap();
            }
            let bytes = encode(&pixels).unwrap();
            let mut reader = png::Decoder::new(std::io::Cursor::new(bytes)).read_info().unwrap();
            let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
            let kind = reader.next_frame(&mut decoded).unwrap().color_type;
            (kind, reader.info().palette.as_deref().map_or(0, |palette| palette.len() / 3), decoded)
        };
        let (kind, colours, _) = picture(|i| [(i % 256) as u8, 255, 255]);
        assert_eq!((kind, colours), (ColorType::Indexed, 256));
        let (kind, colours, _) = picture(|i| [(i % 256) as u8, (i / 256 % 8) as u8, 255]);
        assert_eq!((kind, colours), (ColorType::Indexed, 32), "eight neighbouring greens become one");
        let (kind, _, decoded) = picture(|i| [(i % 256) as u8, (i / 16) as u8, (i * 7 % 256) as u8]);
        assert_eq!((kind, &decoded[..6]), (ColorType::Rgb, &[0, 0, 0, 1, 0, 7][..]));
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
