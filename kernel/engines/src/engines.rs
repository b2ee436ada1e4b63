//! The engines of this worker, and which of them are open.

use crate::duckdb::DuckDb;
use crate::engine::{Engine, failure};
use crate::polars::Polars;
use crate::spark::Spark;
use crate::sql_wire::{EngineState, SqlFailure, class};
use crate::sqlite::Sqlite;
use crate::trino::Trino;

/// An engine that can be opened.
pub struct Listed {
    pub name: &'static str,
    /// Opens it; cheap, see [`Engine`].
    pub open: fn() -> Result<Box<dyn Engine>, SqlFailure>,
}

/// Every engine, in the order in which people see them. A new one is added here.
pub const ENGINES: &[Listed] = &[
    // One a line.
    Listed { name: "duckdb", open: || DuckDb::open().map(boxed) },
    Listed { name: "sqlite", open: || Sqlite::open().map(boxed) },
    Listed { name: "polars", open: || Ok(boxed(Polars::default())) },
    Listed { name: "spark", open: || Ok(boxed(Spark::open())) },
    Listed { name: "trino", open: || Ok(boxed(Trino::open())) },
];

fn boxed<E: Engine + 'static>(engine: E) -> Box<dyn Engine> {
    Box::new(engine)
}

/// Engines, opened at their first use. One that does not open fails by itself and is tried again at the next use.
pub struct Engines {
    slots: Vec<(&'static Listed, Option<Box<dyn Engine>>)>,
}

impl Engines {
    pub fn new(listed: &'static [Listed]) -> Engines {
        Engines { slots: listed.iter().map(|listed| (listed, None)).collect() }
    }

    /// The names, as a sentence's list.
    pub fn names(&self) -> String {
        self.slots.iter().map(|(listed, _)| listed.name).collect::<Vec<_>>().join(", ")
    }

    /// Engine `name`, opened if need be.
    pub fn get(&mut self, name: &str) -> Result<&mut dyn Engine, SqlFailure> {
        let names = self.names();
        let Some((listed, slot)) = self.slots.iter_mut().find(|(listed, _)| listed.name == name) else {
            return Err(failure("Engine Error", format!("there is no engine `{name}`; the engines are: {names}")));
        };
        let engine = match slot.take() {
            Some(engine) => engine,
            None => (listed.open)()?,
        };
        Ok(slot.insert(engine).as_mut())
    }

    pub fn is_open(&self, name: &str) -> bool {
        self.slots.iter().any(|(listed, slot)| listed.name == name && slot.is_some())
    }

    /// The engines that are open.
    pub fn open(&mut self) -> impl Iterator<Item = &mut Box<dyn Engine>> {
        self.slots.iter_mut().filter_map(|(_, slot)| slot.as_mut())
    }

    /// What `describe` says of each engine; one that fails is described by its failure.
    pub fn describe(&mut self, mut describe: impl FnMut(&mut dyn Engine) -> Result<EngineState, SqlFailure>) -> Vec<EngineState> {
        let names: Vec<&'static str> = self.slots.iter().map(|(listed, _)| listed.name).collect();
        let state = |name: &'static str| {
            self.get(name).and_then(&mut describe).unwrap_or_else(|failure| EngineState {
                engine: name.to_owned(),
                available: failure.class != class::UNAVAILABLE,
                detail: failure.message,
                ..EngineState::default()
            })
        };
        names.into_iter().map(state).collect()
    }
}
