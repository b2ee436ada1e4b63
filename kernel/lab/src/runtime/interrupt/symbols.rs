//! The functions of a loaded library, read from its file: the supervisor does this, only for libraries the handler met.

use std::os::unix::fs::MetadataExt;
use std::sync::atomic::Ordering;

use super::classes::{self, Class};
use super::objects::{Kind, Object};

/// Functions by address, with what they are.
pub struct Symbols(Vec<(u64, u64, Class)>);

impl Symbols {
    /// The class of the function at an address of the file. Safe in a signal handler.
    pub fn class(&self, address: u64) -> Option<Class> {
        let after = self.0.partition_point(|&(start, ..)| start <= address);
        let &(_, end, class) = self.0.get(after.checked_sub(1)?)?;
        (address < end).then_some(class)
    }
}

/// What the function at `address` is; `None`, and a wish for the next time, when the symbols are not read yet. Safe in a signal handler.
pub fn class(object: &Object, address: usize) -> Option<Class> {
    if let Kind::Lab | Kind::Math = object.kind {
        return Some(Class::Rigid);
    }
    // SAFETY: symbols are leaked when they are published.
    match unsafe { object.symbols.load(Ordering::Acquire).as_ref() } {
        Some(symbols) => Some(symbols.class(address.wrapping_sub(object.base) as u64).unwrap_or(Class::Plain)),
        None => {
            object.wanted.store(true, Ordering::Release);
            None
        }
    }
}

/// Reads an object's symbols; without a readable file it gets an empty list, so that everything in it is `Plain`.
pub fn load(object: &Object) {
    if !object.symbols.load(Ordering::Acquire).is_null() {
        return;
    }
    let functions = read(object).unwrap_or_default();
    object.symbols.store(Box::into_raw(Box::new(Symbols(functions))), Ordering::Release);
}

fn read(object: &Object) -> Option<Vec<(u64, u64, Class)>> {
    let file = std::fs::metadata(&object.path).ok()?;
    if Some((file.dev(), file.ino())) != object.stamp {
        return None;
    }
    let bytes = std::fs::read(&object.path).ok()?;
    functions(&bytes, |name| classes::of(object.kind, name))
}

fn part<const N: usize>(bytes: &[u8], at: usize) -> Option<[u8; N]> {
    bytes.get(at..at.checked_add(N)?)?.try_into().ok()
}

fn word(bytes: &[u8], at: usize) -> Option<usize> {
    Some(u64::from_le_bytes(part(bytes, at)?) as usize)
}

/// The functions of an ELF64 file, sorted: those of the full symbol table, or the exported ones when it was stripped.
fn functions(bytes: &[u8], class: impl Fn(&str) -> Class) -> Option<Vec<(u64, u64, Class)>> {
    const SYMTAB: u32 = 2;
    const DYNSYM: u32 = 11;
    if bytes.get(..6)? != b"\x7fELF\x02\x01" {
        return None;
    }
    let table = word(bytes, 0x28)?;
    let size = usize::from(u16::from_le_bytes(part(bytes, 0x3a)?));
    let count = usize::from(u16::from_le_bytes(part(bytes, 0x3c)?));
    let section = |at: usize| bytes.get(table.checked_add(at.checked_mul(size)?)?..);
    let kind = |at: usize| section(at).and_then(|header| Some(u32::from_le_bytes(part(header, 4)?)));
    let at = (0..count).find(|&at| kind(at) == Some(SYMTAB)).or_else(|| (0..count).find(|&at| kind(at) == Some(DYNSYM)))?;
    let header = section(at)?;
    let symbols = bytes.get(word(header, 0x18)?..)?.get(..word(header, 0x20)?)?;
    let names = section(u32::from_le_bytes(part(header, 0x28)?) as usize)?;
    let names = bytes.get(word(names, 0x18)?..)?.get(..word(names, 0x20)?)?;
    let mut found = Vec::new();
    for symbol in symbols.chunks_exact(24) {
        let (start, length) = (word(symbol, 8)? as u64, word(symbol, 16)? as u64);
        let function = symbol[4] & 15 == 2 && u16::from_le_bytes([symbol[6], symbol[7]]) != 0;
        if !function || length == 0 {
            continue;
        }
        let name = names.get(u32::from_le_bytes(part(symbol, 0)?) as usize..).unwrap_or_default();
        let name = name.split(|&byte| byte == 0).next().unwrap_or_default();
        found.push((start, start.saturating_add(length), class(std::str::from_utf8(name).unwrap_or_default())));
    }
    found.sort_unstable_by_key(|&(start, ..)| start);
    Some(found)
}
