//! Walks a thread's stack from where a signal hit it, and finds the places from which it could throw.
//!
//! Runs in the signal handler: no allocation, no locks. (The unwinder finds tables through `_dl_find_object`, which takes no lock
//! either since glibc 2.35.)

use std::ffi::{c_int, c_void};

use super::classes::Class;
use super::lsda::{self, Site};
use super::machine::{self, Frame};
use super::objects::{self, Kind, Object};
use super::symbols;
use super::traps;
use super::unwind::{_Unwind_Backtrace, _Unwind_GetIPInfo, _Unwind_GetLanguageSpecificData, _Unwind_GetRegionStart, Context, GO_ON, STOP};
use super::waits;

/// Where the thread was.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Top {
    /// In a cell's code; the class of the function there.
    Cell(Class),
    /// In a wait that can be left.
    Wait,
    /// Elsewhere.
    Away,
}

/// What a walk found. A frame is given only if an exception thrown there is sure to be caught.
pub struct Walk {
    pc: usize,
    started: bool,
    frames: u32,
    main: bool,
    /// What the cell catches itself does not count.
    stubborn: bool,
    pub top: Top,
    /// The `futex` call: what it waits for shows further up the stack.
    futex: bool,
    /// All frames so far may be given up.
    disposable: bool,
    /// The thread is being made to throw already.
    pub busy: bool,
    /// Symbols are missing: the answer would be better the next time.
    pub unknown: bool,
    /// Where to throw by giving up what is above.
    pub thrower: Option<Frame>,
    /// The innermost call of a user's function.
    pub plain: Option<Frame>,
    /// The innermost call in code of a cell at all.
    pub any: Option<Frame>,
    /// Code of a cell is on the stack.
    pub cell: bool,
    /// The function below the one being looked at may throw, as its caller was compiled.
    throws: bool,
    /// A frame of a cell was met.
    cell_seen: bool,
    /// Its class, if it is a cell's.
    below: Option<Class>,
    caught: bool,
    /// The thread was started by a cell's code.
    pub by_cell: bool,
}

/// Walks this thread's stack.
///
/// `waiting` is a system call that starts again, `ended` says that the signal ended one; `stubborn`: the cell has swallowed interrupts.
pub fn walk(pc: usize, waiting: Option<usize>, ended: bool, main: bool, stubborn: bool) -> Walk {
    let top = if waiting.is_some_and(waits::call) { Top::Wait } else { Top::Away };
    let mut walk = Walk {
        pc,
        started: false,
        frames: 0,
        main,
        stubborn,
        top,
        futex: waiting.is_some_and(waits::is_futex),
        disposable: true,
        busy: false,
        unknown: false,
        thrower: None,
        plain: None,
        any: None,
        cell: false,
        throws: false,
        cell_seen: false,
        below: None,
        caught: false,
        by_cell: false,
    };
    if ended {
        // Known to be a wait when its function is met.
        walk.futex = true;
    }
    // SAFETY: `frame` gets a pointer to `walk`, which outlives the call.
    unsafe { _Unwind_Backtrace(frame, (&raw mut walk).cast()) };
    // (A cell whose last act is a call may have no frame left; on the main thread only `guarded` catches anything.)
    walk.cell |= main && walk.caught;
    if !walk.caught || !walk.cell {
        (walk.thrower, walk.plain, walk.any) = (None, None, None);
    }
    walk
}

extern "C" fn frame(context: *mut Context, walk: *mut c_void) -> c_int {
    // SAFETY: our own argument, from `walk`.
    let walk = unsafe { &mut *walk.cast::<Walk>() };
    let mut before = 0;
    // SAFETY: the unwinder's own context, while it walks.
    let (ip, region, lsda) =
        unsafe { (_Unwind_GetIPInfo(context, &raw mut before), _Unwind_GetRegionStart(context), _Unwind_GetLanguageSpecificData(context)) };
    if !walk.started {
        // First come the handler's own frames.
        if ip == walk.pc && before != 0 {
            walk.started = true;
            walk.first(ip, region, lsda);
        }
        return GO_ON;
    }
    walk.frames += 1;
    // SAFETY: as above.
    let frame = unsafe { Frame::new(context, ip) };
    if walk.next(&frame, region, lsda) && walk.frames < 100_000 { GO_ON } else { STOP }
}

impl Walk {
    /// Whether a trap would go off in the cell's code.
    pub fn can_trap(&self) -> bool {
        self.plain.is_some() || self.any.is_some()
    }

    fn first(&mut self, ip: usize, region: usize, lsda: *const u8) {
        self.note_busy(ip, region);
        let object = objects::at(ip);
        self.throws = throws(object, object.and_then(|object| symbols::class(object, ip)), region);
        if let Some(object) = object.filter(|object| object.kind == Kind::Cell) {
            let class = symbols::class(object, ip);
            self.unknown |= class.is_none();
            self.cell = true;
            self.by_cell = true;
            self.top = Top::Cell(class.unwrap_or(Class::Delicate));
            self.below = class;
            self.cell_seen = true;
            self.disposable = class == Some(Class::Plain) && self.may_skip(lsda);
        } else {
            self.look_for_wait(region, None);
            // Only code outside this library waits in a known way.
            self.disposable = object.is_none_or(|object| object.kind == Kind::Std);
        }
    }

    /// A function that catches must not be given up on threads other than the main one: the code that started the thread's work
    /// relies on it.
    fn may_skip(&self, lsda: *const u8) -> bool {
        // SAFETY: the unwinder's own answer.
        self.main || !unsafe { lsda::catches(lsda) }
    }

    fn note_busy(&mut self, ip: usize, region: usize) {
        let ours = [
            traps::throw as extern "C-unwind" fn() -> ! as usize,
            traps::rethrow as unsafe extern "C-unwind" fn(_) -> ! as usize,
            traps::sprung as extern "C" fn(_) -> _ as usize,
        ];
        // The trap's first address is that of an armed one further up, not of one that went off.
        self.busy |= machine::in_trap(ip) && ip != machine::trap_address() || ours.contains(&region);
    }

    fn look_for_wait(&mut self, region: usize, class: Option<Class>) {
        if self.futex && self.frames < 8 && (class == Some(Class::Wait) || waits::function(region)) {
            self.top = Top::Wait;
        }
    }

    /// One more caller; whether to go on.
    fn next(&mut self, frame: &Frame, region: usize, lsda: *const u8) -> bool {
        self.note_busy(frame.ip, region);
        if self.busy {
            return false;
        }
        let object = objects::at(frame.ip - 1);
        let kind = object.map(|object| object.kind);
        let known = object.map(|object| symbols::class(object, frame.ip - 1));
        self.unknown |= known == Some(None) && kind != Some(Kind::Lab);
        let class = known.flatten();
        if matches!(kind, Some(Kind::Cell | Kind::Lab)) {
            self.by_cell = kind == Some(Kind::Cell);
        }
        if self.caught {
            // Only to see who started the thread; the main thread was started by nobody.
            return !self.main;
        }
        self.cell |= kind == Some(Kind::Cell);
        self.look_for_wait(region, class);
        // SAFETY: the unwinder's own answers for one frame.
        let site = unsafe { lsda::site(lsda, region, frame.ip) };
        // A wait is left only if it was the user's code that waits, not a thread pool, a channel or a condition variable.
        let first = !self.cell_seen;
        self.cell_seen |= kind == Some(Kind::Cell);
        if first && (class == Some(Class::Rigid) && kind != Some(Kind::Math)) && site != Site::Catches {
            self.disposable = false;
            self.thrower = None;
        }
        // Code of another language, even without destructors, does not expect to be left.
        let swallows = self.stubborn && self.main && site == Site::Catches && kind == Some(Kind::Cell);
        let passes =
            site != Site::Aborts && !swallows && (kind.is_some() || self.thrower.is_none() && self.plain.is_none() && self.any.is_none());
        if passes {
            if kind.is_some() {
                // Even a thread pool is ready for what the user's code throws.
                let ready =
                    self.below == Some(Class::Plain) || kind != Some(Kind::Cell) || class.is_some_and(|class| class != Class::Rigid);
                if self.disposable && self.thrower.is_none() && ready {
                    self.thrower = Some(*frame);
                }
                // The table also lets through some calls of which the compiler knew that they throw nothing; after such a call the
                // function's own state may be invalid, as between dropping a variable's old value and storing the new one.
                if self.throws && kind == Some(Kind::Cell) && class.is_some_and(|class| class != Class::Rigid) {
                    self.any.get_or_insert(*frame);
                    if class == Some(Class::Plain) {
                        self.plain.get_or_insert(*frame);
                    }
                }
            }
        } else {
            // Nothing thrown further in gets past this frame.
            (self.thrower, self.plain, self.any) = (None, None, None);
        }
        self.throws = throws(object, class, region);
        self.below = class.filter(|_| kind == Some(Kind::Cell));
        self.disposable &= match kind {
            Some(Kind::Cell) => class == Some(Class::Plain) && self.may_skip(lsda),
            // Of the standard library, only what stands between a wait and the code that called it.
            Some(Kind::Std) => self.frames < 8 && site == Site::Aborts && !matches!(self.top, Top::Cell(_)),
            Some(Kind::Lab | Kind::Math) => false,
            None => self.frames < 8 && !matches!(self.top, Top::Cell(_)),
        };
        if passes && site == Site::Catches {
            self.caught = true;
            return !self.main;
        }
        true
    }
}

/// Whether callers of this function reckon with an exception from it: not for the allocator, destructors and code of other languages.
fn throws(object: Option<&Object>, class: Option<Class>, region: usize) -> bool {
    match object.map(|object| object.kind) {
        Some(Kind::Math) => true,
        Some(Kind::Cell) => class.is_some_and(|class| class != Class::Quiet),
        // What parks a thread may have been called by a scope or a channel that the compiler put into the user's function.
        Some(Kind::Std) => class.is_some_and(|class| !matches!(class, Class::Quiet | Class::Rigid)),
        Some(Kind::Lab) => region != 0 && !machine::is_jump(region),
        None => false,
    }
}
