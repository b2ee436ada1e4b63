//! What a thread does when the supervisor's signal reaches it. No allocation, no locks.

use std::ffi::{c_int, c_void};

use super::classes::Class;
use super::machine::{self, Machine};
use super::slots::{self, Slot};
use super::state::{self, Patience, Way};
use super::steps;
use super::traps;
use super::walk::{self, Top, Walk};

/// What the supervisor tells a thread with a signal.
#[derive(Clone, Copy)]
pub struct Order {
    pub run: u32,
    /// The thread is older than the cell.
    pub old: bool,
}

impl Order {
    /// As the signal carries it.
    pub fn pack(self) -> usize {
        (self.run as usize) << 1 | usize::from(self.old)
    }

    fn unpack(value: usize) -> Self {
        Self { run: (value >> 1) as u32, old: value & 1 == 1 }
    }
}

/// The thread that runs this, as the kernel numbers it.
pub fn thread() -> i32 {
    // SAFETY: only reads the caller's number.
    (unsafe { libc::syscall(libc::SYS_gettid) }) as i32
}

fn is_main(thread: i32) -> bool {
    // SAFETY: only reads the process's number, which is that of its first thread.
    thread == unsafe { libc::getpid() }
}

/// Keeps `errno` as the interrupted code expects it.
pub fn keeping_errno(work: impl FnOnce()) {
    // SAFETY: the C library's own variable of this thread.
    let place = unsafe { libc::__errno_location() };
    // SAFETY: as above.
    let errno = unsafe { *place };
    work();
    // SAFETY: as above.
    unsafe { *place = errno };
}

/// The signal's handler.
pub extern "C" fn interrupted(_signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    keeping_errno(|| {
        // SAFETY: the kernel's own structures, valid while the handler runs; without our code in it the value is not ours.
        let (order, mut machine) = unsafe {
            if (*info).si_code != libc::SI_QUEUE {
                return;
            }
            (Order::unpack((*info).si_value().sival_ptr as usize), Machine::new(context))
        };
        obey(order, &mut machine);
    });
}

fn obey(order: Order, machine: &mut Machine) {
    let thread = thread();
    let known = slots::find(thread);
    // One that is being single-stepped goes on; one in the trap is about to throw.
    if known.is_some_and(Slot::is_stepping) || machine::in_trap(machine.pc()) {
        return;
    }
    let armed = known.is_some_and(Slot::is_armed);
    if !armed && !state::is_target(order.run) {
        return;
    }
    let Some(walk) = look(machine, thread, known.filter(|_| armed)) else { return };
    // Of other threads only those that this cell has started: a pool's own state may be part of the frames on its threads.
    let ours = is_main(thread) || (walk.by_cell && !order.old);
    if !state::is_target(order.run) || walk.unknown || !ours {
        return;
    }
    if let Some(slot) = slots::claim(thread) {
        act(order.run, machine, slot, &walk);
        slot.release();
    }
}

/// Walks this thread's stack, after putting an armed trap away; `None` when the thread is throwing anyway or runs no cell's code.
pub fn look(machine: &Machine, thread: i32, armed: Option<&Slot>) -> Option<Walk> {
    let main = is_main(thread);
    let stubborn = state::is_stubborn();
    let mut walk = walk::walk(machine.pc(), machine.waiting_call(), machine.ended_call(), main, stubborn);
    if walk.busy || !(walk.cell || armed.is_some()) || std::thread::panicking() {
        return None;
    }
    if let Some(slot) = armed {
        // SAFETY: this is the slot's thread, and the walk has not met the trap's own functions.
        unsafe { traps::disarm(slot) };
        slot.release();
        walk = walk::walk(machine.pc(), machine.waiting_call(), machine.ended_call(), main, stubborn);
    }
    Some(walk)
}

/// Makes the thread throw now or soon, if it can.
pub fn act(run: u32, machine: &mut Machine, slot: &Slot, walk: &Walk) {
    let patience = state::patience();
    match (walk.top, &walk.thrower) {
        (Top::Wait, Some(frame)) => {
            state::count(Way::Wait);
            return machine.throw(frame);
        }
        (Top::Cell(Class::Plain), Some(frame)) if patience == Patience::Anywhere => {
            state::count(Way::Loop);
            return machine.throw(frame);
        }
        (Top::Cell(Class::Plain), Some(_)) if patience == Patience::Loops => return steps::start(slot, machine, run),
        _ => {}
    }
    let frame = match patience {
        Patience::Returns => walk.plain,
        Patience::Loops => walk.plain.or(walk.any),
        Patience::Anywhere => walk.any,
    };
    if let Some(frame) = frame {
        // SAFETY: this is the slot's thread, and the walk found that call on its stack.
        unsafe { traps::arm(slot, frame.stack, run) };
    } else if walk.cell && patience == Patience::Anywhere && !slot.is_stepping() {
        // In the allocator, most likely: go on to where it is back in the cell's code.
        steps::start(slot, machine, run);
    }
}
