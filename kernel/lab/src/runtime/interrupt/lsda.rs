//! Reads a function's exception table, to know beforehand what Rust's personality routine would do.
//!
//! Runs in a signal handler: no allocation, no locks.

/// What happens to an exception that comes out of the call at an address.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Site {
    /// It goes on to the caller, after destructors if there are any.
    Passes,
    /// It is caught.
    Catches,
    /// The process ends: the compiler knew that nothing can be thrown here, or forbids it.
    Aborts,
}

const OMIT: u8 = 0xff;

struct Reader(*const u8);

impl Reader {
    /// # Safety
    /// The table goes on for at least one byte.
    unsafe fn byte(&mut self) -> u8 {
        // SAFETY: the caller's promise.
        let byte = unsafe { *self.0 };
        self.0 = self.0.wrapping_add(1);
        byte
    }

    /// # Safety
    /// A ULEB128 number is here.
    unsafe fn number(&mut self) -> usize {
        let (mut value, mut shift) = (0_usize, 0);
        loop {
            // SAFETY: the caller's promise.
            let byte = unsafe { self.byte() };
            if shift < usize::BITS {
                value |= usize::from(byte & 0x7f) << shift;
            }
            shift += 7;
            if byte & 0x80 == 0 {
                return value;
            }
        }
    }

    /// An offset of the call-site table; `None` for an encoding that no Rust compiler writes.
    ///
    /// # Safety
    /// A number of this encoding is here.
    unsafe fn offset(&mut self, encoding: u8) -> Option<usize> {
        let size = match encoding {
            // SAFETY: the caller's promise.
            0x01 => return Some(unsafe { self.number() }),
            0x02 => 2,
            0x03 => 4,
            0x00 | 0x04 => 8,
            _ => return None,
        };
        let mut value = 0;
        for at in 0..size {
            // SAFETY: the caller's promise.
            value |= usize::from(unsafe { self.byte() }) << (8 * at);
        }
        Some(value)
    }
}

/// Calls `each(start, length, site)` for every entry of the call-site table until it answers true; the last answer, or `None` for a
/// table of unknown form.
///
/// # Safety
/// `lsda` is a function's language-specific data as the unwinder gave it.
unsafe fn search(lsda: *const u8, mut each: impl FnMut(usize, usize, Site) -> bool) -> Option<bool> {
    let mut reader = Reader(lsda);
    // SAFETY: the table is complete, as its own header says; all reads follow its lengths.
    unsafe {
        if reader.byte() != OMIT {
            return None;
        }
        if reader.byte() != OMIT {
            reader.number();
        }
        let encoding = reader.byte();
        let length = reader.number();
        let actions = reader.0.wrapping_add(length);
        while reader.0 < actions {
            let start = reader.offset(encoding)?;
            let length = reader.offset(encoding)?;
            let pad = reader.offset(encoding)?;
            let action = reader.number();
            if each(start, length, kind(actions, pad, action)) {
                return Some(true);
            }
        }
    }
    Some(false)
}

/// # Safety
/// The arguments come from one table.
unsafe fn kind(actions: *const u8, pad: usize, action: usize) -> Site {
    if pad == 0 || action == 0 {
        return Site::Passes;
    }
    // A signed number: 0 cleans up, a positive one catches, a negative one is a filter, by which Rust ends the process.
    // SAFETY: the record is inside the table; one byte tells the sign of the small numbers that are used.
    let first = unsafe { *actions.wrapping_add(action - 1) };
    if first & 0x80 != 0 {
        return Site::Aborts;
    }
    match first {
        0 => Site::Passes,
        1..0x40 => Site::Catches,
        _ => Site::Aborts,
    }
}

/// What happens to an exception thrown by the call that returns to `ip`, in the function that starts at `region`.
///
/// # Safety
/// `lsda` is null or the function's language-specific data as the unwinder gave it.
pub unsafe fn site(lsda: *const u8, region: usize, ip: usize) -> Site {
    if lsda.is_null() {
        return Site::Passes;
    }
    let at = ip.wrapping_sub(1).wrapping_sub(region);
    let mut found = Site::Aborts;
    // SAFETY: the caller's promise.
    let known = unsafe {
        search(lsda, |start, length, site| {
            let here = at >= start && at - start < length;
            if here {
                found = site;
            }
            here
        })
    };
    if known.is_some() { found } else { Site::Aborts }
}

/// Whether the function catches anything anywhere.
///
/// # Safety
/// As for [`site`].
pub unsafe fn catches(lsda: *const u8) -> bool {
    // SAFETY: the caller's promise.
    !lsda.is_null() && unsafe { search(lsda, |_, _, site| site == Site::Catches) } != Some(false)
}
