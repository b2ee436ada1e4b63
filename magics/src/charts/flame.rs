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
    /// What the width is a share of, for example `CPU samples`.
    pub of: &'static str,
    /// How many samples there are; none where nothing was sampled.
    pub samples: Option<u64>,
    /// What to compare with: frames then tell how their share differs from that in here.
    pub against: Option<Against>,
    pub footer: Footer,
}

/// A profile to compare with.
#[derive(Debug, Clone, PartialEq)]
pub struct Against {
    /// Name of the code that is drawn, and of the one that it is compared with.
    pub drawn: String,
    pub with: String,
    pub profile: Profile,
}

/// Shares that differ by less are drawn as alike.
const ALIKE: f64 = 0.01;
/// More than before, the same, less: the label has the sign as well.
const MORE: [Colour; 2] = [Colour::rgb(0xF7, 0xB9, 0x7A), Colour::rgb(0xFB, 0xDD, 0xBB)];
const SAME: Colour = Colour::rgb(0xEC, 0xEE, 0xF1);
const LESS: [Colour; 2] = [Colour::rgb(0x8F, 0xC1, 0xE8), Colour::rgb(0xC9, 0xE1, 0xF4)];

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
    before: Option<Before>,
}

/// What shares are compared with.
#[derive(Clone, Copy)]
struct Before {
    total: f64,
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
        let of = self.of;
        let mut sentences = vec![format!("Width: share of {of}; callers above, callees below, recursion joined. {}", self.note)];
        if let Some(against) = &self.against {
            let (drawn, with) = (&against.drawn, &against.with);
            sentences.push(format!(
                "Drawn: {drawn}. Compared with {with}, in points of share: + and orange is more, − and blue is less, grey alike (under 1 point)."
            ));
        }
        sentences.extend(self.samples.filter(|samples| *samples < ENOUGH_SAMPLES).map(too_few));
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
        let before = self.against.as_ref().map(|against| Before { total: against.profile.total().max(1) as f64 });
        let mut drawing = Drawing { canvas: &mut canvas, top, total: total as f64, other: 0, before };
        let same = self.against.as_ref().map(|against| against.profile.top()).filter(|node| node.symbol == self.profile.top().symbol);
        drawing.node(self.profile.top(), same, theme::MARGIN, 0, 0);
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
        let from = match self.samples {
            Some(samples) => format!("from {samples} samples"),
            None => format!("of {total} {}", self.of),
        };
        format!("Flame graph of {} {from}. Most of their own: {}.", self.title, hot.join(", "))
    }

    fn text(&self, total: u64) -> String {
        let mut out = format!("{}\nshare of {}; {}\n", self.title, self.of, self.note);
        if let Some(samples) = self.samples.filter(|samples| *samples < ENOUGH_SAMPLES) {
            out.push_str(&too_few(samples));
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
    fn node(&mut self, node: &Node, same: Option<&Node>, x: f64, row: usize, above: usize) {
        if row >= MOST_ROWS {
            return;
        }
        let wide = self.px(node.count);
        // A frame never has the colour of the one above it.
        let mut colour = colour_of(&node.symbol);
        if colour == above && row > 0 {
            colour = (colour + 1) % WARM.len();
        }
        let change = self.before.map(|before| node.count as f64 / self.total - same.map_or(0.0, |same| same.count as f64 / before.total));
        let fill = change.map_or(WARM[colour], |change| changed(change, row));
        let share = match change {
            // A frame that has everything in both says nothing.
            Some(change) if change.abs() >= ALIKE / 2.0 => points(change),
            _ => percent(node.count as f64 / self.total),
        };
        self.block(x, wide, row, fill, Some((&node.symbol, share)));
        let mut at = x;
        let mut narrow = 0;
        for child in &node.children {
            if self.px(child.count) < LEAST_PX {
                narrow += child.count;
            } else {
                let same = same.and_then(|same| same.children.iter().find(|other| other.symbol == child.symbol));
                self.node(child, same, at, row + 1, colour);
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

    fn block(&mut self, x: f64, wide: f64, row: usize, fill: Colour, label: Option<(&str, String)>) {
        let y = self.top + ROW * row as f64;
        // A hairline of panel between blocks keeps them apart without colour.
        let right = x + (wide - 0.75).max(0.5);
        self.canvas.rect((x, y), (right, y + ROW - 1.0), fill);
        let Some((symbol, share)) = label else { return };
        let room = wide - 9.0;
        let size = theme::SMALL + 0.5;
        // Two no-break spaces: SVG folds ordinary ones.
        let last = symbol.rsplit("::").next().unwrap_or(symbol);
        // A difference comes first: cut short, colour must not be all that is left of it.
        let with_share = |name: &str| match self.before {
            Some(_) => format!("{share}\u{a0}\u{a0}{name}"),
            None => format!("{name}\u{a0}\u{a0}{share}"),
        };
        let choices = match self.before {
            Some(_) => vec![with_share(symbol), with_share(last), share.clone()],
            None => vec![with_share(symbol), with_share(last), symbol.to_owned(), last.to_owned()],
        };
        let whole = choices.into_iter().find(|text| text_width(text, size, false) <= room);
        let text = whole.unwrap_or_else(|| fit(last, size, false, room));
        // One or two letters and dots explain nothing.
        if text.chars().count() >= 4 || text == last {
            self.canvas.text((x + 4.5, y + 14.0), text, Type::new(size));
        }
    }
}

/// A difference of shares in points of a per cent, with its sign: `+12.3`, `−4.0`.
pub fn points(change: f64) -> String {
    let sign = if change < 0.0 { '−' } else { '+' };
    format!("{sign}{:.1}", change.abs() * 100.0)
}

/// Colour of a frame whose share differs; neighbours in depth differ a little.
fn changed(change: f64, row: usize) -> Colour {
    match change {
        change if change >= ALIKE => MORE[row % 2],
        change if change <= -ALIKE => LESS[row % 2],
        _ => SAME,
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
