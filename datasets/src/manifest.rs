//! `manifest.json`: what a finished set consists of. It is written last, so a set without it is unfinished.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::error::DataError;
use crate::format::Format;
use crate::request::Request;

/// The name of the manifest within the folder of a set.
pub const FILE: &str = "manifest.json";
/// The version of the manifest's own layout.
const SCHEMA: u32 = 1;

/// The contents of `manifest.json`. The same request gives the same manifest on every computer.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Manifest {
    /// Version of this layout; 1.
    pub schema: u32,
    /// The name of the set, for example `tpch`.
    pub set: String,
    /// What the set is, in one sentence.
    pub about: String,
    /// Terms under which the data may be used.
    pub licence: String,
    /// What produced the contents; another version means the set is made again.
    pub generator: Generator,
    /// Parameters that decide the contents, the seed among them where there is one.
    pub parameters: BTreeMap<String, Value>,
    /// The formats each table is there in.
    pub formats: Vec<Format>,
    /// The answer hidden in the data, if there is one; the set's own page says what it means.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub planted: Option<Value>,
    /// One entry for each file.
    pub files: Vec<FileRecord>,
}

/// Name and version of a generator.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Generator {
    /// For example `tpchgen-arrow`.
    pub name: String,
    /// Changes whenever the contents or the encoding change.
    pub version: String,
}

/// One file of a set.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FileRecord {
    /// Name within the folder of the set.
    pub path: String,
    /// The table it holds.
    pub table: String,
    /// How it is encoded.
    pub format: Format,
    /// Rows, the header not counted.
    pub rows: u64,
    /// Size in bytes.
    pub bytes: u64,
    /// SHA-256 of the contents, in lower-case hexadecimal.
    pub sha256: String,
}

impl Manifest {
    /// The manifest of a set just written.
    pub(crate) fn new(request: &Request, formats: Vec<Format>, mut files: Vec<FileRecord>) -> Self {
        files.sort_by(|a, b| (&a.table, a.format).cmp(&(&b.table, b.format)));
        let info = request.info();
        Self {
            schema: SCHEMA,
            set: info.name.to_owned(),
            about: info.about.to_owned(),
            licence: info.licence.to_owned(),
            generator: generator(request),
            parameters: request.parameters(),
            formats,
            planted: (request.set().planted)(request.values()),
            files,
        }
    }

    /// Reads the manifest of the set in `dir`.
    ///
    /// # Errors
    /// [`DataError::NoManifest`] when it is absent, unreadable, not valid JSON, or names files outside `dir`.
    pub fn read(dir: &Path) -> Result<Self, DataError> {
        let no = |reason: String| DataError::NoManifest { dir: dir.to_owned(), reason };
        let text = fs::read(dir.join(FILE)).map_err(|error| no(format!("no readable {FILE} ({error})")))?;
        let manifest: Self = serde_json::from_slice(&text).map_err(|error| no(format!("{FILE} is broken ({error})")))?;
        if manifest.schema != SCHEMA {
            return Err(no(format!("{FILE} has layout {}, this program knows {SCHEMA}", manifest.schema)));
        }
        match manifest.files.iter().find(|file| file.path.contains(['/', '\\']) || file.path.starts_with('.')) {
            Some(file) => Err(no(format!("{FILE} names a file outside the folder, `{}`", file.path))),
            None => Ok(manifest),
        }
    }

    /// Whether this set has the contents that `request` asks for, whatever its formats.
    pub(crate) fn same_contents(&self, request: &Request) -> bool {
        self.set == request.info().name && self.parameters == request.parameters() && self.generator == generator(request)
    }

    /// Total size of the files in bytes.
    pub fn bytes(&self) -> u64 {
        self.files.iter().map(|file| file.bytes).sum()
    }
}

fn generator(request: &Request) -> Generator {
    let (name, version) = request.set().generator;
    Generator { name: name.to_owned(), version: version.to_owned() }
}
