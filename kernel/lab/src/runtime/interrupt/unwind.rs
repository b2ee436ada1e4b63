//! The platform's unwinder (libgcc), as far as we call it.

use std::ffi::{c_int, c_void};

/// A frame while the stack is walked.
pub enum Context {}

/// What is thrown; opaque to us.
pub enum Exception {}

pub type Trace = extern "C" fn(*mut Context, *mut c_void) -> c_int;

/// `_URC_NO_REASON`: go on walking.
pub const GO_ON: c_int = 0;
/// `_URC_NORMAL_STOP`, or anything else but [`GO_ON`].
pub const STOP: c_int = 4;

#[link(name = "gcc_s")]
unsafe extern "C" {
    pub fn _Unwind_Backtrace(trace: Trace, argument: *mut c_void) -> c_int;
    pub fn _Unwind_GetIPInfo(context: *mut Context, before: *mut c_int) -> usize;
    pub fn _Unwind_GetCFA(context: *mut Context) -> usize;
    pub fn _Unwind_GetGR(context: *mut Context, register: c_int) -> usize;
    pub fn _Unwind_SetGR(context: *mut Context, register: c_int, value: usize);
    pub fn _Unwind_SetIP(context: *mut Context, address: usize);
    pub fn _Unwind_GetLanguageSpecificData(context: *mut Context) -> *const u8;
    pub fn _Unwind_GetRegionStart(context: *mut Context) -> usize;
}

unsafe extern "C-unwind" {
    pub fn _Unwind_RaiseException(exception: *mut Exception) -> c_int;
}
