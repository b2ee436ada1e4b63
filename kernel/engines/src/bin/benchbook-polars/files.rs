//! Table files as lazy frames. An Arrow file is mapped, once for each version of it; all others are scanned by each query.

use std::collections::HashMap;
use std::fs::File;
use std::path::{Path, PathBuf};

use engines::mapping::Stamp;
use engines::sql_wire::TableFile;
use lab::polars::prelude::{
    DataFrame, IntoLazy, IpcReader, LazyCsvReader, LazyFileListReader, LazyFrame, LazyJsonLineReader, PlRefPath, PolarsResult,
    ScanArgsParquet, SerReader,
};

/// Mapped Arrow files.
#[derive(Default)]
pub struct Files(HashMap<PathBuf, (Stamp, DataFrame)>);

impl Files {
    /// Forgets `files`, so that they are mapped again when they are opened next.
    pub fn forget(&mut self, files: &[TableFile]) {
        files.iter().for_each(|file| drop(self.0.remove(Path::new(&file.path))));
    }

    /// A frame of the file; the error is a sentence.
    pub fn open(&mut self, path: &Path) -> Result<LazyFrame, String> {
        let stamp = Stamp::of(path).map_err(|error| error.to_string())?;
        let text = path.to_str().ok_or("its path is not UTF-8")?;
        let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default().to_ascii_lowercase();
        let scanned = match extension.as_str() {
            "parquet" => LazyFrame::scan_parquet(PlRefPath::new(text), ScanArgsParquet::default()),
            "csv" => LazyCsvReader::new(PlRefPath::new(text)).with_try_parse_dates(true).finish(),
            "jsonl" => LazyJsonLineReader::new(PlRefPath::new(text)).finish(),
            _ => {
                if let Some((_, frame)) = self.0.get(path).filter(|(known, _)| *known == stamp) {
                    return Ok(frame.clone().lazy());
                }
                map(path).map(|frame| {
                    self.0.insert(path.to_owned(), (stamp, frame.clone()));
                    frame.lazy()
                })
            }
        };
        scanned.map_err(|error| error.to_string())
    }
}

/// Maps an Arrow IPC file; its columns point into it.
fn map(path: &Path) -> PolarsResult<DataFrame> {
    let file = File::open(path)?;
    // SAFETY: the files of the session directory are replaced by renaming and never written into, so the pages do not change.
    let reader = unsafe { IpcReader::new(file).memory_mapped(Some(path.to_owned())) };
    reader.finish()
}
