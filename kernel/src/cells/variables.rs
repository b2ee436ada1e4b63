//! The live variables of a notebook.

use std::collections::{BTreeMap, BTreeSet};

use super::parse::Binding;
use super::spelling;

/// One variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    pub mutable: bool,
    /// The compiler's name of its type.
    pub type_name: String,
    /// Its type as written in its `let`.
    pub written: Option<String>,
}

/// Variables by name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, Variable>);

impl Variables {
    /// A cell has kept a variable.
    pub fn keep(&mut self, binding: &Binding, type_name: &str) {
        let written = binding.type_text.clone();
        self.0.insert(binding.name.clone(), Variable { mutable: binding.mutable, type_name: type_name.to_owned(), written });
    }

    pub fn remove(&mut self, name: &str) {
        self.0.remove(name);
    }

    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub fn get(&self, name: &str) -> Option<&Variable> {
        self.0.get(name)
    }

    /// Keeps only what the worker has.
    pub fn retain(&mut self, names: &[String]) {
        self.0.retain(|name, _| names.contains(name));
    }

    pub fn names(&self) -> Vec<String> {
        self.0.keys().cloned().collect()
    }

    /// Names and types for people.
    pub fn shown(&self) -> impl Iterator<Item = (&str, String)> {
        self.0.iter().map(|(name, variable)| (name.as_str(), spelling::short(&variable.type_name)))
    }

    /// Variables among these names.
    pub fn among<'a>(&'a self, mentions: &'a BTreeSet<String>) -> impl Iterator<Item = (&'a String, &'a Variable)> {
        self.0.iter().filter(|(name, _)| mentions.contains(*name))
    }

    /// Names of variables whose type is made of one of these types of the notebook.
    pub fn made_of(&self, types: &BTreeSet<String>) -> Vec<String> {
        let made = self.0.iter().filter(|(_, variable)| !spelling::own_names(&variable.type_name).is_disjoint(types));
        made.map(|(name, _)| name.clone()).collect()
    }
}
