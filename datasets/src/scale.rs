//! How large a set is unless its parameters say so: one setting for a whole course.

use std::env;
use std::str::FromStr;

use crate::error::DataError;

/// The environment variable that chooses the scale.
pub const VARIABLE: &str = "COURSE_SCALE";

/// Sizes for three occasions. A parameter that is given counts more.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Scale {
    /// Made and read in a second or two: for tests, and for trying a notebook.
    #[default]
    Ci,
    /// For a lesson: large enough that engines differ.
    Class,
    /// For a machine with room: some gigabytes.
    Big,
}

impl Scale {
    /// All scales, the smallest first.
    pub const ALL: [Self; 3] = [Self::Ci, Self::Class, Self::Big];

    /// The word used in options and in `COURSE_SCALE`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ci => "ci",
            Self::Class => "class",
            Self::Big => "big",
        }
    }

    /// The scale that `COURSE_SCALE` names; `ci` when it is not set or empty.
    ///
    /// # Errors
    /// [`DataError::BadRequest`] for another word.
    pub fn from_environment() -> Result<Self, DataError> {
        match env::var_os(VARIABLE).filter(|value| !value.is_empty()) {
            None => Ok(Self::default()),
            Some(value) => {
                let word = value.to_string_lossy();
                word.parse().map_err(|_| {
                    DataError::BadRequest(format!(
                        "the environment variable {VARIABLE} is `{word}`: set it to ci, class or big, or unset it"
                    ))
                })
            }
        }
    }
}

impl FromStr for Scale {
    type Err = DataError;

    fn from_str(text: &str) -> Result<Self, DataError> {
        let found = Self::ALL.into_iter().find(|scale| scale.name() == text.trim());
        found.ok_or_else(|| DataError::BadRequest(format!("unknown scale `{text}`: use ci, class or big")))
    }
}
