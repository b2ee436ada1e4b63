//! Takes a worker's output stream apart: printed text and the frames between it.
//!
//! A frame is `\x01BB<token> <length>\n<payload>\n`; `lab::runtime::frame` writes it. The token is secret
//! to the session, so data that a cell prints cannot pass for a frame.

use serde_json::Value;

/// A piece of a stream, in order.
#[derive(Debug, Clone, PartialEq)]
pub enum Piece {
    Text(String),
    Frame(Value),
}

/// A frame larger than this is taken for damaged and shown as text.
const LARGEST: usize = 256 << 20;

/// Splits a stream incrementally.
pub struct Splitter {
    start: Vec<u8>,
    pending: Vec<u8>,
}

impl Splitter {
    /// A splitter for frames with this token.
    pub fn new(token: &str) -> Self {
        Self { start: format!("\u{1}BB{token} ").into_bytes(), pending: Vec::new() }
    }

    /// Takes bytes as they arrive; returns what is complete.
    pub fn push(&mut self, bytes: &[u8]) -> Vec<Piece> {
        self.pending.extend_from_slice(bytes);
        let mut pieces = Vec::new();
        let mut at = 0;
        loop {
            let rest = &self.pending[at..];
            match find(rest, &self.start) {
                Some(offset) => match parse(&rest[offset + self.start.len()..]) {
                    Parsed::Frame(value, used) => {
                        text(&rest[..offset], true, &mut pieces);
                        pieces.push(Piece::Frame(value));
                        at += offset + self.start.len() + used;
                    }
                    Parsed::Damaged => {
                        text(&rest[..offset + self.start.len()], true, &mut pieces);
                        at += offset + self.start.len();
                    }
                    Parsed::Partial => {
                        text(&rest[..offset], true, &mut pieces);
                        at += offset;
                        break;
                    }
                },
                None => {
                    // The end may be the beginning of a frame: hold it back.
                    let held = (1..self.start.len()).rev().find(|&n| rest.ends_with(&self.start[..n])).unwrap_or(0);
                    at += text(&rest[..rest.len() - held], held > 0, &mut pieces);
                    break;
                }
            }
        }
        self.pending.drain(..at);
        pieces
    }

    /// What is left when the stream has ended.
    pub fn finish(&mut self) -> Option<Piece> {
        let rest = std::mem::take(&mut self.pending);
        (!rest.is_empty()).then(|| Piece::Text(String::from_utf8_lossy(&rest).into_owned()))
    }
}

enum Parsed {
    Frame(Value, usize),
    Partial,
    Damaged,
}

fn parse(bytes: &[u8]) -> Parsed {
    let Some(newline) = bytes.iter().take(20).position(|&byte| byte == b'\n') else {
        return if bytes.len() >= 20 { Parsed::Damaged } else { Parsed::Partial };
    };
    let length = std::str::from_utf8(&bytes[..newline]).ok().and_then(|digits| digits.parse::<usize>().ok());
    let Some(length) = length.filter(|&length| length <= LARGEST) else { return Parsed::Damaged };
    let begin = newline + 1;
    let Some(payload) = bytes.get(begin..begin + length) else { return Parsed::Partial };
    match bytes.get(begin + length) {
        None => Parsed::Partial,
        Some(b'\n') => match serde_json::from_slice(payload) {
            Ok(value) => Parsed::Frame(value, begin + length + 1),
            Err(_) => Parsed::Damaged,
        },
        Some(_) => Parsed::Damaged,
    }
}

fn find(haystack: &[u8], needle: &[u8]) -> Option<usize> {
    let mut from = 0;
    while let Some(offset) = haystack[from..].iter().position(|&byte| byte == needle[0]) {
        if haystack[from + offset..].starts_with(needle) {
            return Some(from + offset);
        }
        from += offset + 1;
    }
    None
}

/// Pushes bytes as text; a character that is cut at the end waits for its rest unless `whole`. Returns the
/// number of bytes taken.
fn text(bytes: &[u8], whole: bool, pieces: &mut Vec<Piece>) -> usize {
    let end = if whole { bytes.len() } else { complete_prefix(bytes) };
    if end > 0 {
        pieces.push(Piece::Text(String::from_utf8_lossy(&bytes[..end]).into_owned()));
    }
    end
}

/// Length without an unfinished UTF-8 sequence at the end.
fn complete_prefix(bytes: &[u8]) -> usize {
    for back in 1..=bytes.len().min(3) {
        let byte = bytes[bytes.len() - back];
        if byte & 0xC0 == 0x80 {
            continue;
        }
        let needed = match byte {
            0xC0..=0xDF => 2,
            0xE0..=0xEF => 3,
            0xF0..=0xF7 => 4,
            _ => 1,
        };
        return if needed > back { bytes.len() - back } else { bytes.len() };
    }
    bytes.len()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn all(pushes: &[&[u8]]) -> Vec<Piece> {
        let mut splitter = Splitter::new("abc");
        let mut pieces: Vec<Piece> = pushes.iter().flat_map(|bytes| splitter.push(bytes)).collect();
        pieces.extend(splitter.finish());
        // Text may come in any number of pieces.
        pieces.into_iter().fold(Vec::new(), |mut merged, piece| {
            match (merged.last_mut(), piece) {
                (Some(Piece::Text(before)), Piece::Text(after)) => before.push_str(&after),
                (_, piece) => merged.push(piece),
            }
            merged
        })
    }

    const STREAM: &str = "one\n\u{1}BBabc 9\n{\"t\":\"x\"}\ntwo ü \u{1}BBother 3\n";

    #[test]
    fn text_and_frames_come_out_in_order_however_the_stream_is_cut() {
        let whole = vec![Piece::Text("one\n".into()), Piece::Frame(json!({"t": "x"})), Piece::Text("two ü \u{1}BBother 3\n".into())];
        for cut in 0..=STREAM.len() {
            let (a, b) = STREAM.as_bytes().split_at(cut);
            assert_eq!(all(&[a, b]), whole, "cut at {cut}");
        }
        let bytes: Vec<&[u8]> = STREAM.as_bytes().chunks(1).collect();
        assert_eq!(all(&bytes), whole);
    }

    #[test]
    fn a_damaged_frame_is_text_and_loses_nothing_after_it() {
        let pieces = all(&[b"\x01BBabc nonsense\nafter"]);
        assert_eq!(pieces, vec![Piece::Text("\u{1}BBabc nonsense\nafter".into())]);
    }

    #[test]
    fn an_unfinished_frame_at_the_end_is_shown() {
        assert_eq!(all(&[b"x\x01BBabc 5\n{}"]), vec![Piece::Text("x\u{1}BBabc 5\n{}".into())]);
    }
}
