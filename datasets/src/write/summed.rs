//! A file writer that keeps count of bytes and their SHA-256.

use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::path::Path;

use sha2::{Digest, Sha256};

/// A buffered file; what goes in is counted and hashed on the way to the disk.
pub struct Summed {
    buffer: BufWriter<Sink>,
}

/// Totals of a finished file.
pub struct Totals {
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 in lower-case hexadecimal.
    pub sha256: String,
}

struct Sink {
    file: File,
    hasher: Sha256,
    bytes: u64,
}

impl Summed {
    /// Creates the file, which must not exist yet.
    pub fn create(path: &Path) -> io::Result<Self> {
        let sink = Sink { file: File::create_new(path)?, hasher: Sha256::new(), bytes: 0 };
        Ok(Self { buffer: BufWriter::with_capacity(1 << 18, sink) })
    }

    /// Writes what is buffered and returns the totals.
    pub fn finish(self) -> io::Result<Totals> {
        let sink = self.buffer.into_inner().map_err(io::IntoInnerError::into_error)?;
        Ok(Totals { bytes: sink.bytes, sha256: hex(&sink.hasher.finalize()) })
    }
}

impl Write for Summed {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.buffer.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.buffer.flush()
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let n = self.file.write(bytes)?;
        self.hasher.update(&bytes[..n]);
        self.bytes += n as u64;
        Ok(n)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.file.flush()
    }
}

/// Bytes in lower-case hexadecimal.
pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
