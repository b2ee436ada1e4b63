//! The data plane: tables as Arrow IPC files in the session's directory in shared memory, written once and mapped by
//! whoever reads them.
//!
//! | module | what |
//! |---|---|
//! | [`directory`] | where tables lie, and what they may be called |
//! | [`write`] | a table's file: straight from the columns' memory, under another name, then renamed |
//! | [`encode`] | which bytes a column has in a file |
//! | [`message`] | the metadata between them |
//! | [`dictionaries`] | values that all batches of a table share |
//! | [`catalogue`] | the note beside a table: rows, columns, owner |
//! | [`room`] | the quota, and what is free |
//! | [`mapping`] | opening a table without copying it |
//! | [`compare`] | whether a value is what was shared before |
//! | [`import`] | arrays that come through the C data interface |
//! | [`c_api`] | the same for Python |

pub mod c_api;
pub mod catalogue;
pub mod compare;
pub mod dictionaries;
pub mod directory;
pub mod encode;
pub mod import;
pub mod mapping;
pub mod message;
pub mod room;
pub mod write;

/// Why a table cannot be shared or opened, for people.
pub type Error = Box<dyn std::error::Error + Send + Sync>;

#[cfg(test)]
mod tests;
