//! A canvas: shapes in CSS pixels, drawn by plotters into one self-contained SVG document.

use plotters::prelude::*;
use plotters::style::text_anchor::{HPos, Pos, VPos};

use super::colours::Marker;
use super::theme;
use crate::error::MagicError;
use crate::html::escape;

/// plotters works in whole units; drawing at four units per CSS pixel keeps positions exact to a quarter.
pub(super) const UNITS: f64 = 4.0;

/// A colour with opacity.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Colour {
    rgb: (u8, u8, u8),
    alpha: f64,
}

impl Colour {
    /// An opaque colour.
    pub const fn rgb(r: u8, g: u8, b: u8) -> Self {
        Self { rgb: (r, g, b), alpha: 1.0 }
    }

    /// The same colour, seen through.
    #[must_use]
    pub const fn alpha(self, alpha: f64) -> Self {
        Self { alpha, ..self }
    }

    /// Towards white by `share` in 0..=1; unlike opacity it hides what is behind.
    #[must_use]
    pub fn lighter(self, share: f64) -> Self {
        let mix = |c: u8| (f64::from(c) + (255.0 - f64::from(c)) * share).round() as u8;
        Self { rgb: (mix(self.rgb.0), mix(self.rgb.1), mix(self.rgb.2)), ..self }
    }

    /// As SVG writes it.
    #[cfg(test)]
    pub fn hex(self) -> String {
        format!("#{:02X}{:02X}{:02X}", self.rgb.0, self.rgb.1, self.rgb.2)
    }

    fn plotters(self) -> RGBAColor {
        RGBAColor(self.rgb.0, self.rgb.1, self.rgb.2, self.alpha)
    }
}

/// Where text stands relative to its point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Align {
    Left,
    Centre,
    Right,
}

/// How text looks.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Type {
    pub size: f64,
    pub bold: bool,
    pub colour: Colour,
    pub align: Align,
}

impl Type {
    /// Left-aligned text in the main colour.
    pub const fn new(size: f64) -> Self {
        Self { size, bold: false, colour: theme::INK, align: Align::Left }
    }

    #[must_use]
    pub const fn bold(self) -> Self {
        Self { bold: true, ..self }
    }

    #[must_use]
    pub const fn colour(self, colour: Colour) -> Self {
        Self { colour, ..self }
    }

    #[must_use]
    pub const fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }
}

#[derive(Debug, Clone)]
enum Shape {
    Rect { from: (f64, f64), to: (f64, f64), fill: Colour },
    Path { points: Vec<(f64, f64)>, colour: Colour, width: f64 },
    Area { points: Vec<(f64, f64)>, fill: Colour },
    Disc { centre: (f64, f64), radius: f64, fill: Colour },
    Text { at: (f64, f64), text: String, style: Type },
}

/// Shapes in the order they are drawn; positions in CSS pixels from the top left.
#[derive(Debug, Clone)]
pub struct Canvas {
    pub width: f64,
    pub height: f64,
    shapes: Vec<Shape>,
}

impl Canvas {
    /// An empty canvas.
    pub fn new(width: f64, height: f64) -> Self {
        Self { width, height, shapes: Vec::new() }
    }

    /// A filled rectangle.
    pub fn rect(&mut self, from: (f64, f64), to: (f64, f64), fill: Colour) {
        self.shapes.push(Shape::Rect { from, to, fill });
    }

    /// A rectangle's outline.
    pub fn outline(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour, width: f64) {
        self.path(vec![from, (to.0, from.1), to, (from.0, to.1), from], colour, width);
    }

    /// A polyline.
    pub fn path(&mut self, points: Vec<(f64, f64)>, colour: Colour, width: f64) {
        self.shapes.push(Shape::Path { points, colour, width });
    }

    /// A straight line.
    pub fn line(&mut self, from: (f64, f64), to: (f64, f64), colour: Colour, width: f64) {
        self.path(vec![from, to], colour, width);
    }

    /// A polyline of dashes.
    pub fn dashed(&mut self, points: &[(f64, f64)], colour: Colour, width: f64, dash: f64, gap: f64) {
        let mut drawing = true;
        let mut left = dash;
        let mut current = points.first().copied().into_iter().collect::<Vec<_>>();
        for pair in points.windows(2) {
            let (mut from, to) = (pair[0], pair[1]);
            loop {
                let (dx, dy) = (to.0 - from.0, to.1 - from.1);
                let length = dx.hypot(dy);
                if length <= left {
                    left -= length;
                    current.push(to);
                    break;
                }
                from = (from.0 + dx / length * left, from.1 + dy / length * left);
                current.push(from);
                if drawing {
                    self.path(std::mem::take(&mut current), colour, width);
                }
                current = vec![from];
                drawing = !drawing;
                left = if drawing { dash } else { gap };
            }
        }
        if drawing && current.len() > 1 {
            self.path(current, colour, width);
        }
    }

    /// A filled polygon.
    pub fn area(&mut self, points: Vec<(f64, f64)>, fill: Colour) {
        self.shapes.push(Shape::Area { points, fill });
    }

    /// A filled circle.
    pub fn disc(&mut self, centre: (f64, f64), radius: f64, fill: Colour) {
        self.shapes.push(Shape::Disc { centre, radius, fill });
    }

    /// Text whose baseline is at `at.1`.
    pub fn text(&mut self, at: (f64, f64), text: impl Into<String>, style: Type) {
        self.shapes.push(Shape::Text { at, text: text.into(), style });
    }

    /// Text centred on the height `at.1`.
    pub fn text_middle(&mut self, at: (f64, f64), text: impl Into<String>, style: Type) {
        self.text((at.0, at.1 + style.size * 0.36), text, style);
    }

    /// A data point of about `radius` around `centre`.
    pub fn marker(&mut self, marker: Marker, centre: (f64, f64), radius: f64, fill: Colour) {
        let (x, y) = centre;
        let polygon = |corners: usize, turn: f64, reach: f64| -> Vec<(f64, f64)> {
            (0..corners)
                .map(|i| turn + i as f64 / corners as f64 * std::f64::consts::TAU)
                .map(|a| (x + reach * radius * a.sin(), y - reach * radius * a.cos()))
                .collect()
        };
        match marker {
            Marker::Circle => self.disc(centre, radius, fill),
            Marker::Square => self.area(polygon(4, std::f64::consts::FRAC_PI_4, 1.25), fill),
            Marker::Diamond => self.area(polygon(4, 0.0, 1.3), fill),
            Marker::TriangleUp => self.area(polygon(3, 0.0, 1.3), fill),
            Marker::TriangleDown => self.area(polygon(3, std::f64::consts::PI, 1.3), fill),
            Marker::Hexagon => self.area(polygon(6, 0.0, 1.15), fill),
            Marker::Star => {
                let outer = polygon(5, 0.0, 1.4);
                let inner = polygon(5, std::f64::consts::PI / 5.0, 0.6);
                self.area(outer.into_iter().zip(inner).flat_map(|(a, b)| [a, b]).collect(), fill);
            }
            Marker::Plus => {
                self.line((x - radius, y), (x + radius, y), fill, 2.5);
                self.line((x, y - radius), (x, y + radius), fill, 2.5);
            }
            Marker::Cross => {
                let r = radius * 0.8;
                self.line((x - r, y - r), (x + r, y + r), fill, 2.5);
                self.line((x - r, y + r), (x + r, y - r), fill, 2.5);
            }
        }
    }

    /// The SVG document, with `title` and `alt` for readers that cannot see it.
    ///
    /// # Errors
    /// Only if plotters refuses a shape, which it does not for text targets.
    pub fn finish(&self, title: &str, alt: &str) -> Result<String, MagicError> {
        let mut svg = String::new();
        let size = (units(self.width) as u32, units(self.height) as u32);
        {
            let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
            for shape in &self.shapes {
                draw(&area, shape)?;
            }
            area.present().map_err(|e| failed(&e))?;
        }
        let head_end = svg.find('>').map_or(0, |at| at + 1);
        let head = format!(
            r#"<svg xmlns="http://www.w3.org/2000/svg" width="{}" height="{}" viewBox="0 0 {} {}" role="img" aria-label="{}"><title>{}</title><desc>{}</desc>"#,
            self.width,
            self.height,
            size.0,
            size.1,
            escape(alt),
            escape(title),
            escape(alt),
        );
        // Line breaks inside <text> would count as spaces and shift centred labels.
        let body = svg[head_end..].replace("\n</text>", "</text>");
        let mut out = String::with_capacity(head.len() + body.len());
        out.push_str(&head);
        let mut rest = body.as_str();
        while let Some(at) = rest.find("<text") {
            let end = rest[at..].find(">\n").map_or(rest.len(), |e| at + e);
            out.push_str(&rest[..end.min(rest.len())]);
            rest = rest.get(end..).unwrap_or("");
            if let Some(stripped) = rest.strip_prefix(">\n") {
                out.push('>');
                rest = stripped;
            }
        }
        out.push_str(rest);
        Ok(out)
    }
}

fn units(px: f64) -> i32 {
    (px * UNITS).round() as i32
}

fn point(p: (f64, f64)) -> (i32, i32) {
    (units(p.0), units(p.1))
}

fn failed(error: &impl std::fmt::Display) -> MagicError {
    MagicError::new("ChartError", format!("the chart could not be drawn: {error}"))
}

type Area<'a> = DrawingArea<SVGBackend<'a>, plotters::coord::Shift>;

fn draw(area: &Area<'_>, shape: &Shape) -> Result<(), MagicError> {
    match shape {
        Shape::Rect { from, to, fill } => area.draw(&Rectangle::new([point(*from), point(*to)], fill.plotters().filled())),
        Shape::Path { points, colour, width } => {
            let points: Vec<_> = points.iter().copied().map(point).collect();
            area.draw(&PathElement::new(points, colour.plotters().stroke_width(units(*width).max(1) as u32)))
        }
        Shape::Area { points, fill } => {
            let points: Vec<_> = points.iter().copied().map(point).collect();
            area.draw(&Polygon::new(points, fill.plotters()))
        }
        Shape::Disc { centre, radius, fill } => area.draw(&Circle::new(point(*centre), units(*radius).max(1), fill.plotters().filled())),
        Shape::Text { at, text, style } => {
            let align = match style.align {
                Align::Left => HPos::Left,
                Align::Centre => HPos::Center,
                Align::Right => HPos::Right,
            };
            // plotters writes size / 1.24 as the font size, and 0.76 em as the distance from top to baseline.
            let weight = if style.bold { FontStyle::Bold } else { FontStyle::Normal };
            let font = FontDesc::new(FontFamily::Name(theme::FONTS), style.size * UNITS * 1.24, weight);
            let colour = style.colour.plotters();
            let font = TextStyle::from(font).color(&colour).pos(Pos::new(align, VPos::Top));
            let top = (at.0, at.1 - 0.76 * style.size);
            area.draw(&Text::new(text.as_str(), point(top), font))
        }
    }
    .map_err(|e| failed(&e))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_accessible_and_escaped() {
        let mut canvas = Canvas::new(100.0, 50.0);
        canvas.text((10.0, 20.0), "a < b & c", Type::new(12.0).align(Align::Centre));
        let svg = canvas.finish("t <1>", "alt \"text\"").unwrap();
        assert!(svg.contains(r#"role="img" aria-label="alt &quot;text&quot;""#), "{svg}");
        assert!(svg.contains("<title>t &lt;1&gt;</title>"), "{svg}");
        assert!(svg.contains(">a &lt; b &amp; c</text>"), "{svg}");
        assert!(svg.contains("font-size=\"48\""), "{svg}");
        assert!(!svg.contains("<script") && svg.matches("<svg").count() == 1);
    }

    #[test]
    fn dashes_leave_gaps_and_stay_on_the_line() {
        let mut canvas = Canvas::new(100.0, 10.0);
        canvas.dashed(&[(0.0, 5.0), (100.0, 5.0)], theme::INK, 1.0, 10.0, 10.0);
        assert_eq!(canvas.shapes.len(), 5);
    }
}
