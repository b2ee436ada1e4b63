//! Other processors and systems: nothing can be interrupted; the kernel ends the worker instead.

use std::ffi::c_void;
use std::marker::PhantomData;

use super::unwind::Context;

pub fn supported() -> bool {
    false
}

pub struct Machine<'a>(PhantomData<&'a mut ()>);

impl Machine<'_> {
    /// # Safety
    /// None needed: nothing is read.
    pub unsafe fn new(_context: *mut c_void) -> Self {
        Self(PhantomData)
    }

    pub fn pc(&self) -> usize {
        0
    }

    pub fn step(&mut self, _on: bool) {}

    pub fn waiting_call(&self) -> Option<usize> {
        None
    }

    pub fn ended_call(&self) -> bool {
        false
    }

    pub fn throw(&mut self, _frame: &Frame) {}
}

#[derive(Clone, Copy)]
pub struct Frame {
    pub ip: usize,
    pub stack: usize,
}

impl Frame {
    /// # Safety
    /// None needed: nothing is read.
    pub unsafe fn new(_context: *mut Context, ip: usize) -> Self {
        Self { ip, stack: 0 }
    }
}

pub fn trap_address() -> usize {
    0
}

pub fn landing_address() -> usize {
    0
}

pub fn in_trap(_pc: usize) -> bool {
    false
}

pub fn is_jump(_region: usize) -> bool {
    false
}

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    No,
    Takes,
    Releases,
}

pub fn locking(_pc: usize) -> Locking {
    Locking::No
}
