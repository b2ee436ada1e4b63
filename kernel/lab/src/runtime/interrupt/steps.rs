//! Single-steps a loop to its next turn.
//!
//! A loop without calls offers no place where the compiler is ready for a panic. Where it jumps back is the next best: a statement that
//! takes several instructions, as swapping two vectors does, is not cut in two there. A few turns are watched first: if the loop takes a
//! lock, it is left right after a release, since the guard's destructor is not going to run.

use std::ffi::{c_int, c_void};
use std::sync::atomic::Ordering;

use super::classes::Class;
use super::handler::{self, keeping_errno};
use super::machine::{self, Locking, Machine};
use super::objects::{self, Kind};
use super::slots::{self, Slot};
use super::state::{self, Patience, Way};
use super::walk::Top;

/// A turn longer than this many instructions is left alone until the next signal.
const LIMIT: u32 = 6000;
/// A jump back further than this is no loop.
const LOOP: usize = 1 << 16;
/// So many jumps back are watched for locks.
const TURNS: u32 = 6;

/// Lets the thread go on one instruction at a time.
pub fn start(slot: &Slot, machine: &mut Machine, run: u32) {
    slot.run.store(run, Ordering::Relaxed);
    slot.last.store(machine.pc(), Ordering::Relaxed);
    slot.turns.store(0, Ordering::Relaxed);
    slot.locks.store(0, Ordering::Relaxed);
    slot.steps.store(LIMIT, Ordering::Relaxed);
    machine.step(true);
}

fn stop(slot: &Slot, machine: &mut Machine) {
    slot.steps.store(0, Ordering::Relaxed);
    machine.step(false);
}

/// The handler of SIGTRAP.
pub extern "C" fn stepped(signal: c_int, _info: *mut libc::siginfo_t, context: *mut c_void) {
    keeping_errno(|| {
        let thread = handler::thread();
        let Some(slot) = slots::find(thread).filter(|slot| slot.is_stepping()) else {
            // A breakpoint of the cell's own: what would have happened without us.
            // SAFETY: both calls only concern this signal.
            unsafe {
                libc::signal(signal, libc::SIG_DFL);
                libc::raise(signal);
            }
            return;
        };
        // SAFETY: the kernel's own structure, valid while the handler runs.
        let mut machine = unsafe { Machine::new(context) };
        advance(slot, thread, &mut machine);
        slot.release();
    });
}

fn advance(slot: &Slot, thread: i32, machine: &mut Machine) {
    let (pc, run) = (machine.pc(), slot.run.load(Ordering::Relaxed));
    let last = slot.last.swap(pc, Ordering::Relaxed);
    let left = slot.steps.fetch_sub(1, Ordering::Relaxed) - 1;
    if left == 0 || !state::is_target(run) {
        return stop(slot, machine);
    }
    let inside = |address| objects::at(address).is_some_and(|object| object.kind == Kind::Cell);
    if !inside(pc) {
        // It called something: better to throw when that is over, if it may throw. The allocator may not, and is stepped through.
        if inside(last) {
            machine.step(false);
            slot.steps.store(0, Ordering::Relaxed);
            if let Some(walk) = handler::look(machine, thread, None)
                && (walk.can_trap() || state::patience() < Patience::Anywhere)
            {
                return handler::act(run, machine, slot, &walk);
            }
            slot.steps.store(left, Ordering::Relaxed);
        }
        return machine.step(true);
    }
    let done = match machine::locking(last) {
        Locking::Takes => {
            slot.locks.store(1, Ordering::Relaxed);
            false
        }
        Locking::Releases => true,
        Locking::No => false,
    };
    let back = pc <= last && last - pc < LOOP;
    let turns = slot.turns.fetch_add(u32::from(back), Ordering::Relaxed);
    let good = if slot.locks.load(Ordering::Relaxed) == 1 { done } else { back && turns >= TURNS };
    if good
        && let Some(walk) = handler::look(machine, thread, None)
        && walk.top == Top::Cell(Class::Plain)
        && let Some(frame) = &walk.thrower
    {
        stop(slot, machine);
        state::count(Way::Loop);
        return machine.throw(frame);
    }
    machine.step(true);
}
