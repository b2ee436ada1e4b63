//! One file per magic; the list is in [`crate::registry`].

pub mod data;
pub mod lsmagic;
pub mod sql;
pub mod tables;
pub mod vars;
