//! A flame graph as a static picture: the outermost frame on top, callees below, width is the share of samples.

use super::chart::Chart;
use super::frame::{self, Footer};
use super::measure_text::{fit, width as text_width};
use super::svg::{Align, Canvas, Colour, Type};
use super::theme;
use crate::error::MagicError;
use crate::measure::stacks::{Node, Profile};
use crate::units::percent;

const WIDTH: f64 = 900.0;
const ROW: f64 = 21.0;
/// Deeper frames are left out, and that is said.
const MOST_ROWS: usize = 36;
/// Narrower frames are drawn as one grey block of their siblings.
const LEAST_PX: f64 = 3.0;
/// Below this many samples the shares are too uncertain to read much into.
pub const ENOUGH_SAMPLES: u64 = 200;

/// What to draw.
#[derive(Debug, Clone, PartialEq)]
pub struct Flame {
    pub title: String,
    /// For example `1994 samples at 997 Hz over 2.00 s, 7 runs.`
    pub note: String,
    pub profile: Profile,
    pub footer: Footer,
}

/// Warm and light, so that dark text reads on each (at least 7 : 1); neighbours differ.
const WARM: [Colour; 7] = [
    Colour::rgb(0xFD, 0xD0, 0x8C),
    Colour::rgb(0xFB, 0xB0, 0x6A),
    Colour::rgb(0xFE, 0xE0, 0x9A),
    Colour::rgb(0xF7, 0x9F, 0x79),
    Colour::rgb(0xFC, 0xC5, 0x5F),
    Colour::rgb(0xF9, 0xBD, 0x9B),
    Colour::rgb(0xEF, 0xB1, 0x4B),
];
const OTHER: Colour = Colour::rgb(0xD9, 0xDD, 0xE2);

struct Drawing<'a> {
    canvas: &'a mut Canvas,
    top: f64,
    total: f64,
    /// Samples in blocks too narrow for a frame of their own.
    other: u64,
}

impl Flame {
    /// Draws the chart.
    ///
    /// # Errors
    /// A profile without samples.
    pub fn draw(&self) -> Result<Chart, MagicError> {
        let total = self.profile.total();
        if total == 0 {
            return Err(MagicError::new("ChartError", "there is no sample to draw"));
        }
        let mut sentences = vec![format!("Width: share of CPU samples; callers above, callees below, recursion joined. {}", self.note)];
        if total < ENOUGH_SAMPLES {
            sentences.push(too_few(total));
        }
        let depth = self.profile.top().depth();
        if depth > MOST_ROWS {
            sentences.push(format!("Frames below level {MOST_ROWS} of {depth} are left out."));
        }
        let subtitle = frame::subtitle_lines(&sentences, WIDTH);
        let top = frame::header_height(&subtitle) + 8.0;
        let bottom = top + ROW * depth.min(MOST_ROWS) as f64;
        let said_below = if narrow(self.profile.top(), total) { 30.0 } else { 12.0 };
        let mut canvas = Canvas::new(WIDTH, bottom + said_below + self.footer.height(WIDTH));
        frame::draw_header(&mut canvas, &self.title, &subtitle);
        let mut drawing = Drawing { canvas: &mut canvas, top, total: total as f64, other: 0 };
        drawing.node(self.profile.top(), theme::MARGIN, 0, 0);
        let other = drawing.other;
        if other > 0 {
            let note = format!("grey: other, frames too narrow to draw (together {})", percent(other as f64 / total as f64));
            let style = Type::new(theme::SMALL).colour(theme::MUTED).align(Align::Right);
            canvas.text((WIDTH - theme::MARGIN, bottom + 17.0), note, style);
        }
        self.footer.draw(&mut canvas);
        let alt = self.alt(total);
        Ok(Chart { svg: canvas.finish(&self.title, &alt)?, text: self.text(total), alt })
    }

    fn alt(&self, total: u64) -> String {
        let hot: Vec<String> = self.profile.hot(3).into_iter().map(|h| format!("{} {}", h.symbol, percent(h.self_share))).collect();
        format!("Flame graph of {} from {total} CPU samples. Most time of their own: {}.", self.title, hot.join(", "))
    }

    fn text(&self, total: u64) -> String {
        let mut out = format!("{}\nshare of CPU samples; {}\n", self.title, self.note);
        if total < ENOUGH_SAMPLES {
            out.push_str(&too_few(total));
            out.push('\n');
        }
        let mut lines = Vec::new();
        tree(self.profile.top(), total as f64, 0, &mut lines);
        let cut = lines.len().saturating_sub(40);
        lines.truncate(40);
        out.push_str(&lines.join("\n"));
        if cut > 0 {
            out.push_str(&format!("\n… {cut} more frames"));
        }
        out.push('\n');
        out
    }
}

/// What to say about a profile with few samples.
pub fn too_few(total: u64) -> String {
    format!("Only {total} samples: too few to rank functions (about {ENOUGH_SAMPLES} needed); raise `--budget` or `--hz`.")
}

/// Whether some frame is too narrow to be drawn on its own.
fn narrow(node: &Node, total: u64) -> bool {
    node.children.iter().any(|c| c.count as f64 / total as f64 * (WIDTH - 2.0 * theme::MARGIN) < LEAST_PX || narrow(c, total))
}

/// Frames of at least 1 %, indented by depth.
fn tree(node: &Node, total: f64, depth: usize, lines: &mut Vec<String>) {
    let share = node.count as f64 / total;
    if share < 0.01 {
        return;
    }
    lines.push(format!("{:>7}  {}{}", percent(share), "  ".repeat(depth), node.symbol));
    for child in &node.children {
        tree(child, total, depth + 1, lines);
    }
}

impl Drawing<'_> {
    fn node(&mut self, node: &Node, x: f64, row: usize, above: usize) {
        if row >= MOST_ROWS {
            return;
        }
        let wide = self.px(node.count);
        // A frame never has the colour of the one above it.
        let mut colour = colour_of(&node.symbol);
        if colour == above && row > 0 {
            colour = (colour + 1) % WARM.len();
        }
        self.block(x, wide, row, WARM[colour], Some((&node.symbol, node.count)));
        let mut at = x;
        let mut narrow = 0;
        for child in &node.children {
            if self.px(child.count) < LEAST_PX {
                narrow += child.count;
            } else {
                self.node(child, at, row + 1, colour);
                at += self.px(child.count);
            }
        }
        if narrow > 0 && row + 1 < MOST_ROWS {
            self.other += narrow;
            self.block(at, self.px(narrow), row + 1, OTHER, None);
        }
    }

    fn px(&self, count: u64) -> f64 {
        count as f64 / self.total * (WIDTH - 2.0 * theme::MARGIN)
    }

    fn block(&mut self, x: f64, wide: f64, row: usize, fill: Colour, label: Option<(&str, u64)>) {
        let y = self.top + ROW * row as f64;
        // A hairline of panel between blocks keeps them apart without colour.
        let right = x + (wide - 0.75).max(0.5);
        self.canvas.rect((x, y), (right, y + ROW - 1.0), fill);
        let Some((symbol, count)) = label else { return };
        let room = wide - 9.0;
        let share = percent(count as f64 / self.total);
        let size = theme::SMALL + 0.5;
        // Two no-break spaces: SVG folds ordinary ones.
        let last = symbol.rsplit("::").next().unwrap_or(symbol);
        let choices = [format!("{symbol}\u{a0}\u{a0}{share}"), format!("{last}\u{a0}\u{a0}{share}"), symbol.to_owned(), last.to_owned()];
        let whole = choices.into_iter().find(|text| text_width(text, size, false) <= room);
        let text = whole.unwrap_or_else(|| fit(last, size, false, room));
        // One or two letters and dots explain nothing.
        if text.chars().count() >= 4 || text == last {
            self.canvas.text((x + 4.5, y + 14.0), text, Type::new(size));
        }
    }
}

/// The same symbol has the same colour in every graph.
fn colour_of(symbol: &str) -> usize {
    let hash = symbol.bytes().fold(0xcbf2_9ce4_8422_2325_u64, |h, b| (h ^ u64::from(b)).wrapping_mul(0x100_0000_01b3));
    (hash >> 32) as usize % WARM.len()
}

#[cfg(test)]
#[path = "flame_tests.rs"]
mod tests;
