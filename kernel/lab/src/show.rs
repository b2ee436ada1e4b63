//! Rich display of values.
//!
//! The last expression of a cell is shown through [`Show`] when its type has it, else through `Debug`.
//! [`display`] does the same in the middle of a cell, as often as wanted, and [`DisplayHandle::update`]
//! replaces what was shown.

use std::fmt::{self, Debug, Write as _};
use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::{Map, Value, json};

use crate::runtime::frame;

pub mod arrow_batch;
pub mod dispatch;
pub mod frame_table;
pub mod html;
pub mod image;
pub mod markdown;
pub mod svg;

/// One output in several representations (MIME type to content), of which `text/plain` is always one.
#[derive(Debug, Clone, PartialEq)]
pub struct Display {
    data: Map<String, Value>,
}

impl Display {
    /// A display with its plain text.
    pub fn text(text: impl Into<String>) -> Self {
        let mut data = Map::new();
        data.insert("text/plain".into(), Value::String(text.into()));
        Self { data }
    }

    /// Adds a representation; binary content is base64 text.
    #[must_use]
    pub fn with(mut self, mime: &str, content: impl Into<String>) -> Self {
        self.data.insert(mime.into(), Value::String(content.into()));
        self
    }

    /// Adds HTML. It is shown as it is: escape text that comes from data with [`html::escape`].
    #[must_use]
    pub fn html(self, html: impl Into<String>) -> Self {
        self.with("text/html", html)
    }
}

/// A value that knows how to show itself in a notebook.
///
/// ```ignore
/// struct Point { x: f64, y: f64 }
/// impl Show for Point {
///     fn show(&self) -> Display {
///         Display::text(format!("({}, {})", self.x, self.y)).html(format!("<b>({}, {})</b>", self.x, self.y))
///     }
/// }
/// ```
pub trait Show {
    fn show(&self) -> Display;
}

/// Debug text longer than this many bytes is cut: a notebook with megabytes of digits helps nobody.
const DEBUG_LIMIT: usize = 20_000;

struct Cut {
    text: String,
    full: bool,
}

impl fmt::Write for Cut {
    fn write_str(&mut self, piece: &str) -> fmt::Result {
        let room = DEBUG_LIMIT.saturating_sub(self.text.len());
        if piece.len() <= room {
            self.text.push_str(piece);
            return Ok(());
        }
        let end = (0..=room).rev().find(|&end| piece.is_char_boundary(end)).unwrap_or(0);
        self.text.push_str(&piece[..end]);
        self.full = true;
        Err(fmt::Error)
    }
}

/// The value's `Debug` text, cut at 20 000 bytes; the cut is said.
fn debug_text(value: &dyn Debug) -> String {
    let mut cut = Cut { text: String::new(), full: false };
    let outcome = write!(cut, "{value:?}");
    if cut.full {
        cut.text.push_str(" … (cut at 20 000 characters)");
    } else if outcome.is_err() {
        cut.text.push_str(" … (its Debug implementation failed)");
    }
    cut.text
}

fn send(kind: &str, display: &Display, id: Option<&str>) {
    frame(&json!({"t": kind, "data": display.data, "id": id}));
}

/// Shows the value of a cell. Behind `dyn`, so that no cell compiles it again.
#[inline(never)]
pub(crate) fn show_value(value: &dyn Show) {
    let display = value.show();
    if !display.data.is_empty() {
        send("result", &display, None);
    }
}

/// Shows the value of a cell by its `Debug` text.
#[inline(never)]
pub(crate) fn show_debug(value: &dyn Debug) {
    send("result", &Display::text(debug_text(value)), None);
}

/// What was shown by [`display`], so that it can be replaced.
#[derive(Debug, Clone)]
pub struct DisplayHandle {
    id: String,
}

impl DisplayHandle {
    /// Replaces what this handle shows, wherever it stands.
    pub fn update<T: Show + ?Sized>(&self, value: &T) {
        self.replace(&value);
    }

    #[inline(never)]
    fn replace(&self, value: &dyn Show) {
        send("update", &value.show(), Some(&self.id));
    }
}

/// Shows a value now, below what was shown before.
pub fn display<T: Show + ?Sized>(value: &T) -> DisplayHandle {
    display_value(&value)
}

#[inline(never)]
fn display_value(value: &dyn Show) -> DisplayHandle {
    static NEXT: AtomicU64 = AtomicU64::new(0);
    let id = format!("cell-{}-{}", std::process::id(), NEXT.fetch_add(1, Ordering::Relaxed));
    send("display", &value.show(), Some(&id));
    DisplayHandle { id }
}

/// Shows content of any MIME type now, with a text for frontends that cannot draw it.
pub fn display_as(mime: &str, content: &str, text: &str) {
    send("display", &Display::text(text).with(mime, content), None);
}

/// Removes the outputs of the running cell; with `wait`, only once the next output arrives.
pub fn clear_output(wait: bool) {
    frame(&json!({"t": "clear", "wait": wait}));
}

impl Show for Display {
    fn show(&self) -> Display {
        self.clone()
    }
}

/// Statements have nothing to show.
impl Show for () {
    fn show(&self) -> Display {
        Display { data: Map::new() }
    }
}

impl<T: Show + ?Sized> Show for &T {
    fn show(&self) -> Display {
        (**self).show()
    }
}

impl<T: Show + ?Sized> Show for Box<T> {
    fn show(&self) -> Display {
        (**self).show()
    }
}
