//! What to make: a set, its parameters, the file formats.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;

use crate::error::DataError;
use crate::format::Format;
use crate::scale::Scale;
use crate::sets::{Number, SETS, Set, SetInfo, Values};

/// A set with its parameters and formats.
///
/// ```ignore
/// let request = Request::new("taxi", Scale::Ci)?.with("rows", Number::Whole(1000)).formats(&[Format::Csv]);
/// ```
#[derive(Clone)]
pub struct Request {
    set: &'static Set,
    values: Values,
    formats: Vec<Format>,
    /// What made it invalid while it was put together.
    wrong: Option<String>,
}

impl Request {
    /// A set with the parameters of a scale and its default formats.
    ///
    /// # Errors
    /// [`DataError::BadRequest`] when there is no such set.
    pub fn new(set: &str, scale: Scale) -> Result<Self, DataError> {
        let found = SETS.into_iter().find(|known| known.info.name == set);
        let set = found.ok_or_else(|| DataError::BadRequest(format!("unknown dataset `{set}`")))?;
        Ok(Self { set, values: Values::new(set.info.parameters, scale), formats: Vec::new(), wrong: None })
    }

    /// Gives a parameter a value. A value out of range, or a parameter that the set lacks, is refused by [`make`](crate::make()).
    #[must_use]
    pub fn with(mut self, name: &str, value: Number) -> Self {
        match self.set.info.parameters.iter().find(|parameter| parameter.name == name) {
            Some(parameter) => self.values.set(parameter.name, value),
            None => self.wrong = Some(format!("`{}` has no parameter `{name}`", self.set.info.name)),
        }
        self
    }

    /// Asks for other formats than the default ones; none at all means those.
    #[must_use]
    pub fn formats(mut self, formats: &[Format]) -> Self {
        self.formats = formats.to_vec();
        self
    }

    /// The description of the set.
    pub fn info(&self) -> &'static SetInfo {
        &self.set.info
    }

    /// The set and how to make it.
    pub(crate) fn set(&self) -> &'static Set {
        self.set
    }

    /// The values of its parameters.
    pub(crate) fn values(&self) -> &Values {
        &self.values
    }

    /// The name of the folder under the data root, for example `tpch-sf0.1` or `stocks-20d`.
    pub fn folder(&self) -> String {
        let mut name = self.set.info.name.to_owned();
        for (i, parameter) in self.set.info.parameters.iter().enumerate() {
            let value = self.values.get(parameter.name);
            if i == 0 || value != parameter.default(Scale::Ci) {
                name = format!("{name}-{}", parameter.folder.replace("{}", &value.to_string()));
            }
        }
        name
    }

    /// The formats that will be there, sorted, the set's default filled in.
    pub(crate) fn wanted_formats(&self) -> Vec<Format> {
        let mut formats = if self.formats.is_empty() { (self.set.default_formats)(&self.values).to_vec() } else { self.formats.clone() };
        formats.sort();
        formats.dedup();
        formats
    }

    /// The parameters that decide the contents, as they stand in the manifest.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Value> {
        self.values.json()
    }

    /// Refuses parameters outside the allowed values, and formats that the set cannot be written in.
    pub(crate) fn check(&self) -> Result<(), DataError> {
        let bad = |text: String| Err(DataError::BadRequest(text));
        if let Some(wrong) = &self.wrong {
            return bad(wrong.clone());
        }
        for parameter in self.set.info.parameters {
            let value = self.values.get(parameter.name);
            if !parameter.range.holds(value) {
                return bad(format!("--{} {value} is out of range: use {} ({})", parameter.name, parameter.range, parameter.about));
            }
        }
        if let Some(format) = self.formats.iter().find(|format| !self.set.info.formats.contains(format)) {
            return bad(format!("`{}` cannot be written as {format}: use {}", self.set.info.name, Format::list(self.set.info.formats)));
        }
        (self.set.refuse)(&self.values).map_or(Ok(()), bad)
    }

    /// A rough size of the set on disk in MB (10^6 bytes), for messages.
    pub(crate) fn estimate_mb(&self, formats: &[Format]) -> u64 {
        formats.iter().map(|format| (self.set.estimate_mb)(&self.values, *format)).sum::<f64>().ceil() as u64
    }
}

impl PartialEq for Request {
    fn eq(&self, other: &Self) -> bool {
        (self.set.info.name, &self.values, &self.formats) == (other.set.info.name, &other.values, &other.formats)
    }
}

impl fmt::Debug for Request {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} {:?} {:?}", self.set.info.name, self.values, self.formats)
    }
}
