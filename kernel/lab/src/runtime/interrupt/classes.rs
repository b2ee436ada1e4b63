//! What a function's mangled name says about interrupting it.

use super::objects::Kind;

/// What may be done to a function.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    /// The user's own function, or library code that keeps nothing in an invalid state between two statements.
    Plain,
    /// Library code that moves values about with raw pointers: given up midway, it could leave one value in two places.
    Delicate,
    /// Code of a thread pool, a channel or a scope: others hold pointers into its frame, so it neither is given up nor throws itself.
    /// (Exceptions from its callees pass through it, as its authors provided.)
    Rigid,
    /// A destructor or a part of the allocator: its callers do not reckon with an exception, and it is not given up.
    Quiet,
    /// Waits for a lock or for a thread to end, and may be left while it waits.
    Wait,
}

/// The class of a function in a library of this kind.
pub fn of(kind: Kind, name: &str) -> Class {
    match kind {
        Kind::Cell => in_cell(name),
        Kind::Std
            if ["7condvar", "6parker", "4park", "12park_timeout", "4mpmc", "4once", "10wait_until"]
                .iter()
                .any(|part| name.contains(part)) =>
        {
            Class::Rigid
        }
        Kind::Std if waits(name) => Class::Wait,
        Kind::Std if ["__rust_", "__rdl_", "__rg_"].iter().any(|part| name.contains(part)) => Class::Quiet,
        Kind::Std | Kind::Lab | Kind::Math => Class::Delicate,
    }
}

fn waits(name: &str) -> bool {
    let lock = ["14lock_contended", "14read_contended", "15write_contended"].iter().any(|&end| name.ends_with(end));
    lock || (name.ends_with("6Thread4join") && name.contains("3std3sys"))
}

fn in_cell(name: &str) -> Class {
    let mut path = Path { bytes: name.as_bytes(), at: 2, names: Vec::new(), depth: 0, trait_default: false, plain_data: false };
    // A name of another mangling tells nothing; what was read of one before it ended oddly counts.
    if !name.starts_with("_R") || (path.read().is_none() && path.names.is_empty()) || path.trait_default {
        return Class::Plain;
    }
    let names: Vec<&str> = path.names.iter().filter_map(|name| std::str::from_utf8(name).ok()).collect();
    match names.as_slice() {
        ["core", "ptr", "drop_in_place" | "drop_glue", ..] => Class::Quiet,
        // Numbers may be moved about at will: sorting them can be given up.
        ["core", "slice", ..] if path.plain_data => Class::Plain,
        ["core", "slice", "iter", ..] => Class::Plain,
        ["core", "slice" | "mem" | "ptr" | "array", ..] => Class::Delicate,
        ["alloc", "str" | "slice", ..] if path.plain_data => Class::Plain,
        ["alloc", "fmt", ..] => Class::Plain,
        ["alloc", ..] => Class::Delicate,
        ["std", "collections" | "io" | "fs", ..] => Class::Delicate,
        ["std", "thread", "local", ..] => Class::Plain,
        ["std", "thread", ..] if name.contains("9JoinInner") => Class::Plain,
        ["std", "sync" | "thread", ..] => Class::Rigid,
        ["rayon", "iter", "plumbing", ..] => Class::Rigid,
        ["rayon", "iter", "collect", ..] | ["rayon", "slice", ..] => Class::Delicate,
        ["rayon", ..] => Class::Plain,
        ["rayon_core" | "tokio", ..] => Class::Rigid,
        ["hashbrown" | "indexmap" | "smallvec" | "bytes", ..] => Class::Delicate,
        [name, ..] if name.starts_with("crossbeam") => Class::Rigid,
        [name, ..] if name.starts_with("polars") || name.starts_with("arrow") => Class::Delicate,
        _ => Class::Plain,
    }
}

/// Reads the path at the start of a name of Rust's mangling, v0: names from the crate down.
struct Path<'a> {
    bytes: &'a [u8],
    at: usize,
    names: Vec<&'a [u8]>,
    depth: usize,
    /// A trait's default method: the type comes first and is not read. In practice these are iterators.
    trait_default: bool,
    /// The first generic argument is a number, `bool` or `char`.
    plain_data: bool,
}

impl<'a> Path<'a> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    /// Digits in base 62 up to `_`.
    fn base62(&mut self) -> Option<usize> {
        let (mut value, mut digits) = (0_usize, 0);
        loop {
            let digit = match self.next()? {
                b'_' => return value.checked_add(digits.min(1)),
                byte @ b'0'..=b'9' => byte - b'0',
                byte @ b'a'..=b'z' => byte - b'a' + 10,
                byte @ b'A'..=b'Z' => byte - b'A' + 36,
                _ => return None,
            };
            value = value.checked_mul(62)?.checked_add(usize::from(digit))?;
            digits += 1;
        }
    }

    fn disambiguator(&mut self) -> Option<()> {
        if self.peek()? == b's' {
            self.at += 1;
            self.base62()?;
        }
        Some(())
    }

    fn name(&mut self) -> Option<()> {
        self.disambiguator()?;
        if self.peek()? == b'u' {
            self.at += 1;
        }
        let mut length = 0_usize;
        while let Some(byte @ b'0'..=b'9') = self.peek() {
            self.at += 1;
            length = length.checked_mul(10)?.checked_add(usize::from(byte - b'0'))?;
        }
        if self.peek() == Some(b'_') {
            self.at += 1;
        }
        self.names.push(self.bytes.get(self.at..self.at.checked_add(length)?)?);
        self.at += length;
        Some(())
    }

    fn read(&mut self) -> Option<()> {
        self.depth += 1;
        if self.depth > 100 {
            return None;
        }
        match self.next()? {
            b'C' => self.name(),
            b'N' => {
                self.next()?;
                self.read()?;
                self.name()
            }
            // Where the `impl` stands is what counts.
            b'M' | b'X' => {
                self.disambiguator()?;
                self.read()?;
                // Then the type: `impl [T]` and the like.
                let mut kind = self.peek()?;
                if kind == b'S' {
                    self.at += 1;
                    kind = self.peek()?;
                }
                self.plain_data = number(kind);
                // The rest of type and trait is not read, so names that follow an `impl` come out wrong; the first ones do not.
                Some(())
            }
            b'Y' => {
                self.trait_default = true;
                Some(())
            }
            b'I' => {
                self.read()?;
                self.plain_data = number(self.peek()?);
                Some(())
            }
            b'B' => {
                let here = self.at;
                let to = self.base62()?;
                // Counted from behind the `_R`; always backwards.
                if to + 2 >= here {
                    return None;
                }
                let after = std::mem::replace(&mut self.at, to + 2);
                self.read()?;
                self.at = after;
                Some(())
            }
            _ => None,
        }
    }
}

fn number(kind: u8) -> bool {
    matches!(kind, b'a' | b'b' | b'c' | b'd' | b'f' | b'h' | b'i' | b'j' | b'l' | b'm' | b'n' | b'o' | b's' | b't' | b'x' | b'y')
}
