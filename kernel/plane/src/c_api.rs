//! What Python calls. Tables come as streams of the Arrow C data interface, which pyarrow, Polars and pandas all export;
//! answers are JSON texts.

use std::ffi::{CStr, CString, c_char, c_int};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use arrow::array::RecordBatch;
use arrow::datatypes::SchemaRef;
use arrow::ffi_stream::FFI_ArrowArrayStream;
use serde_json::{Value, json};

use crate::catalogue::current;
use crate::compare::same_contents;
use crate::directory::Directory;
use crate::{Error, import, mapping, write};

/// Writes the table `name` of `stream` into the folder `directory`; with `compare`, only if the table there is another.
///
/// Returns `{"note": …}`, `{"unchanged": true}` or `{"error": "…"}`, to be freed by [`benchbook_plane_free`].
///
/// # Safety
/// The first three must be C strings in UTF-8. `stream` must point to a stream of the Arrow C data interface, which is released.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn benchbook_plane_share(
    directory: *const c_char,
    name: *const c_char,
    owner: *const c_char,
    stream: *mut FFI_ArrowArrayStream,
    compare: c_int,
) -> *mut c_char {
    // SAFETY: the caller vouches for the texts.
    let text = |pointer: *const c_char| unsafe { CStr::from_ptr(pointer) }.to_string_lossy().into_owned();
    let (directory, name, owner) = (text(directory), text(name), text(owner));
    let shared = catch_unwind(AssertUnwindSafe(|| {
        // SAFETY: the caller vouches for the stream.
        let read = unsafe { import::stream(stream) };
        let (schema, batches) = read.map_err(|error| format!("its columns cannot be read: {error}"))?;
        share(&directory, &name, &owner, &schema, batches, compare != 0)
    }));
    let answer = match shared {
        Ok(Ok(answer)) => answer,
        Ok(Err(error)) => json!({"error": error.to_string()}),
        Err(_) => json!({"error": format!("the table `{name}` met a defect of the writer; please report it")}),
    };
    CString::new(answer.to_string()).map_or(std::ptr::null_mut(), CString::into_raw)
}

/// Frees an answer.
///
/// # Safety
/// `answer` must come from this library, and not be used afterwards.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn benchbook_plane_free(answer: *mut c_char) {
    if !answer.is_null() {
        // SAFETY: made by `CString::into_raw` above.
        drop(unsafe { CString::from_raw(answer) });
    }
}

fn share(directory: &str, name: &str, owner: &str, schema: &SchemaRef, batches: Vec<RecordBatch>, compare: bool) -> Result<Value, Error> {
    let directory = Directory::at(Path::new(directory))?;
    if compare
        && current(&directory, name).is_some()
        && mapping::open(&directory.file(name)).is_ok_and(|known| &known.schema == schema && same_contents(&known.batches, &batches))
    {
        return Ok(json!({"unchanged": true}));
    }
    Ok(json!({"note": write::write(&directory, name, owner, schema, batches)?.json()}))
}
