//! A measurement as a value in the notebook.

use serde::{Deserialize, Serialize};

use crate::AnyError;

/// What `%%timeit -o name` binds: times are seconds per iteration.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Timing {
    /// Median of the samples.
    pub median_s: f64,
    /// Its 95 % confidence interval; absent below six samples.
    #[serde(default)]
    pub ci_s: Option<[f64; 2]>,
    /// Fastest sample.
    pub min_s: f64,
    /// Every sample, in the order taken.
    pub samples_s: Vec<f64>,
    /// Iterations per sample.
    #[serde(default)]
    pub iterations: u64,
}

impl Timing {
    /// Reads a timing that the kernel wrote.
    ///
    /// # Errors
    /// Text that is no such object.
    pub fn from_json(json: &str) -> Result<Self, AnyError> {
        Ok(serde_json::from_str(json)?)
    }
}
