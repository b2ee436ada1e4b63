//! Rows of this benchmark's table.

use ::tests::bench::report;

use super::kernels::Who;
use super::options::Part;

pub use ::tests::bench::report::Answers;

pub type Row = report::Row<Who, Part>;
pub type Limit = report::Limit<Who>;
