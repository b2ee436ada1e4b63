//! Cursor positions: Unicode code points on the wire, bytes inside the kernel.

/// The byte offset of the `position`-th code point of `code`; the end when there are fewer.
#[must_use]
pub fn byte_offset(code: &str, position: usize) -> usize {
    code.char_indices().nth(position).map_or(code.len(), |(offset, _)| offset)
}

/// How many code points lie before byte `offset` of `code`; an offset inside a code point counts as its start.
#[must_use]
pub fn code_points(code: &str, offset: usize) -> usize {
    let end = code.floor_char_boundary(offset.min(code.len()));
    code.get(..end).map_or(0, |before| before.chars().count())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_code_points() {
        let code = "a\u{e9}\u{1f980}e\u{301}z"; // 1 + 2 + 4 + 1 + 2 + 1 bytes, the accent is a code point of its own
        let offsets = [0, 1, 3, 7, 8, 10, 11];
        for (position, offset) in offsets.into_iter().enumerate() {
            assert_eq!(byte_offset(code, position), offset);
            assert_eq!(code_points(code, offset), position);
        }
        assert_eq!(byte_offset(code, 99), code.len());
        assert_eq!(code_points(code, 99), 6);
        assert_eq!(code_points(code, 5), 2, "inside the crab");
        assert_eq!(byte_offset("", 3), 0);
    }
}
