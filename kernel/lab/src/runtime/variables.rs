//! The store that keeps a notebook's variables between cells.
//!
//! It has the interface that evcxr's generated code expects of its own `evcxr_internal_runtime`; being
//! compiled once, here, it is not compiled again in every cell. What can be non-generic is, so that a cell
//! instantiates little.

use std::any::Any;
use std::collections::HashMap;
use std::sync::Arc;

/// Marker that evcxr looks for.
pub const VARIABLE_CHANGED_TYPE: &str = "EVCXR_VARIABLE_CHANGED_TYPE:";

/// Variables by name.
#[derive(Default)]
pub struct VariableStore {
    variables: HashMap<String, Box<dyn Any>>,
}

impl VariableStore {
    /// An empty store.
    pub fn new() -> Self {
        Self::default()
    }

    fn put(&mut self, name: &str, value: Box<dyn Any>) {
        self.variables.insert(name.to_owned(), value);
    }

    fn take(&mut self, name: &str) -> Box<dyn Any> {
        match self.variables.remove(name) {
            Some(value) => value,
            None => panic!("the variable `{name}` has gone missing"),
        }
    }

    fn has_type(&self, name: &str, wanted: std::any::TypeId) -> bool {
        let same = self.variables.get(name).is_none_or(|value| (**value).type_id() == wanted);
        if !same {
            eprintln!("The type of the variable `{name}` was redefined, so its value was lost.");
            super::variable_lost(name);
        }
        same
    }

    /// Keeps `value` under `name`.
    pub fn put_variable<T: 'static>(&mut self, name: &str, value: T) {
        self.put(name, Box::new(value));
    }

    /// Whether `name`, if stored, still has type `T`; tells the kernel when it has not.
    pub fn check_variable<T: 'static>(&mut self, name: &str) -> bool {
        self.has_type(name, std::any::TypeId::of::<T>())
    }

    /// Moves the variable out.
    pub fn take_variable<T: 'static>(&mut self, name: &str) -> T {
        match self.take(name).downcast() {
            Ok(value) => *value,
            Err(_) => panic!("the variable `{name}` changed its type"),
        }
    }

    /// A shared value made on first use (evcxr keeps its async runtime here).
    pub fn lazy_arc<T: 'static, F: FnOnce() -> T>(&mut self, name: &str, create: F) -> Arc<T> {
        let slot = self.variables.entry(name.to_owned()).or_insert_with(|| Box::new(Arc::new(create())));
        match slot.downcast_ref::<Arc<T>>() {
            Some(value) => Arc::clone(value),
            None => panic!("the shared value `{name}` changed its type"),
        }
    }
}

/// A new store, owned by the caller until the process ends.
pub fn create_variable_store() -> *mut VariableStore {
    Box::into_raw(Box::default())
}
