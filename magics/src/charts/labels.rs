//! Texts beside points, each where it lies on no other text and on no marker.

use super::axis::Axis;
use super::measure_text::width;
use super::svg::{Align, Canvas, Type};
use super::theme;

/// More labels than this cover a chart wherever they stand: no place is looked for.
const MOST_PLACED: usize = 200;
/// Width and height that a marker takes.
const MARKER: f64 = 10.0;
const LINE: f64 = 11.0;

/// Draws each label right of its point, or where that is taken left of, above or below it, or at a corner, between the axes.
pub(super) fn draw(canvas: &mut Canvas, markers: &[(f64, f64)], labels: Vec<((f64, f64), String)>, horizontal: &Axis, vertical: &Axis) {
    // Beside a point on an axis, half a line passes the axis.
    let (top, bottom) = (vertical.to_px - LINE / 2.0, vertical.from_px + LINE / 2.0);
    let limits = Place { left: horizontal.from_px, right: horizontal.to_px, top, bottom };
    let look = labels.len() <= MOST_PLACED;
    let mut taken: Vec<Place> = markers.iter().filter(|_| look).map(|at| Place::around(*at, MARKER, MARKER)).collect();
    for ((x, y), label) in labels {
        let wide = width(&label, theme::SMALL, false);
        let choices = [
            ((x + 9.0, y), Align::Left, (x + 9.0 + wide / 2.0, y)),
            ((x - 9.0, y), Align::Right, (x - 9.0 - wide / 2.0, y)),
            ((x, y - 13.0), Align::Centre, (x, y - 13.0)),
            ((x, y + 14.0), Align::Centre, (x, y + 14.0)),
            ((x, y - 13.0), Align::Left, (x + wide / 2.0, y - 13.0)),
            ((x, y + 14.0), Align::Left, (x + wide / 2.0, y + 14.0)),
            ((x, y - 13.0), Align::Right, (x - wide / 2.0, y - 13.0)),
            ((x, y + 14.0), Align::Right, (x - wide / 2.0, y + 14.0)),
        ];
        let place = |centre| Place::around(centre, wide, LINE);
        let inside = |centre| place(centre).is_inside(&limits);
        let free = |centre| inside(centre) && !taken.iter().any(|other| other.meets(&place(centre)));
        let found = choices.iter().find(|choice| free(choice.2)).or_else(|| choices.iter().find(|choice| inside(choice.2)));
        let (at, align, centre) = *found.unwrap_or(&choices[0]);
        if look {
            taken.push(place(centre));
        }
        canvas.text_middle(at, label, Type::new(theme::SMALL).align(align));
    }
}

/// A rectangle on the canvas that something takes.
#[derive(Debug, Clone, Copy)]
struct Place {
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
}

impl Place {
    fn around((x, y): (f64, f64), width: f64, height: f64) -> Self {
        Self { left: x - width / 2.0, right: x + width / 2.0, top: y - height / 2.0, bottom: y + height / 2.0 }
    }

    fn is_inside(&self, other: &Self) -> bool {
        self.left >= other.left && self.right <= other.right && self.top >= other.top && self.bottom <= other.bottom
    }

    fn meets(&self, other: &Self) -> bool {
        self.left < other.right && other.left < self.right && self.top < other.bottom && other.top < self.bottom
    }
}
