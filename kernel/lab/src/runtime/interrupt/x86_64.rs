//! What depends on the processor: x86-64.

use std::ffi::{c_int, c_void};

use super::traps;
use super::unwind::{_Unwind_GetCFA, _Unwind_GetGR, Context};

/// Whether interrupts work here.
pub fn supported() -> bool {
    !shadow_stack()
}

/// A processor that keeps a second copy of return addresses would end the process at the first trap.
fn shadow_stack() -> bool {
    let pointer: usize;
    // SAFETY: RDSSPQ reads a register; without shadow stacks it is a no-op and leaves the zero.
    unsafe { std::arch::asm!("xor {0:e}, {0:e}", "rdsspq {0}", out(reg) pointer, options(nomem, nostack)) };
    pointer != 0
}

/// Registers a function must preserve, by their DWARF and `ucontext` numbers.
const PRESERVED: [(c_int, usize); 6] = [
    (3, libc::REG_RBX as usize),
    (6, libc::REG_RBP as usize),
    (12, libc::REG_R12 as usize),
    (13, libc::REG_R13 as usize),
    (14, libc::REG_R14 as usize),
    (15, libc::REG_R15 as usize),
];

/// The trap flag: one instruction, then SIGTRAP.
const TRAP_FLAG: i64 = 1 << 8;
/// The direction flag, clear at every call.
const DIRECTION_FLAG: i64 = 1 << 10;

/// An interrupted thread.
pub struct Machine<'a>(&'a mut libc::ucontext_t);

impl Machine<'_> {
    /// # Safety
    /// `context` is the third argument of a signal handler, which still runs.
    pub unsafe fn new(context: *mut c_void) -> Self {
        // SAFETY: the caller's promise.
        Self(unsafe { &mut *context.cast() })
    }

    fn register(&self, number: usize) -> usize {
        self.0.uc_mcontext.gregs[number] as usize
    }

    fn set(&mut self, number: usize, value: usize) {
        self.0.uc_mcontext.gregs[number] = value as i64;
    }

    /// The next instruction.
    pub fn pc(&self) -> usize {
        self.register(libc::REG_RIP as usize)
    }

    /// Starts or stops single-stepping.
    pub fn step(&mut self, on: bool) {
        let flags = &mut self.0.uc_mcontext.gregs[libc::REG_EFL as usize];
        *flags = if on { *flags | TRAP_FLAG } else { *flags & !TRAP_FLAG };
    }

    /// The system call that this signal interrupted and that will start again.
    pub fn waiting_call(&self) -> Option<usize> {
        // The kernel goes back to the instruction and restores the number.
        is_syscall(self.pc()).then(|| self.register(libc::REG_RAX as usize))
    }

    /// Whether this signal ended a system call.
    pub fn ended_call(&self) -> bool {
        self.register(libc::REG_RAX as usize) as isize == -(libc::EINTR as isize) && is_syscall(self.pc().wrapping_sub(2))
    }

    /// Lets the thread go on as if the call that returns into `frame` had thrown.
    pub fn throw(&mut self, frame: &Frame) {
        let stack = frame.stack - size_of::<usize>();
        // SAFETY: the return address of the call lies there; nothing below it on the stack is used any more.
        unsafe { (stack as *mut usize).write(frame.ip) };
        for ((_, register), value) in PRESERVED.into_iter().zip(frame.preserved) {
            self.set(register, value);
        }
        self.set(libc::REG_RSP as usize, stack);
        self.set(libc::REG_RIP as usize, traps::throw as extern "C-unwind" fn() -> ! as usize);
        self.0.uc_mcontext.gregs[libc::REG_EFL as usize] &= !(TRAP_FLAG | DIRECTION_FLAG);
    }
}

fn is_syscall(address: usize) -> bool {
    // SAFETY: the address is that of an instruction which ran or will run, or two bytes before one in the same page of code or the
    // page before it, which a function's start alignment and the loader's headers make readable in practice: see `Machine::ended_call`,
    // which asks only when the result register says that a call ended.
    unsafe { (address as *const [u8; 2]).read() == [0x0f, 0x05] }
}

/// What an instruction does to a lock, as far as it can be seen.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Locking {
    No,
    /// A compare-and-exchange: takes a lock.
    Takes,
    /// An exchange or a decrement in memory: releases one.
    Releases,
}

/// Looks at the instruction at `pc`, which the thread is about to run.
pub fn locking(pc: usize) -> Locking {
    // SAFETY: the instruction is about to run; four more bytes of code or of its padding follow even a short one, and this only reads.
    let mut code = unsafe { (pc as *const [u8; 5]).read() };
    let mut locked = false;
    // Prefixes: lock, operand size, REX.
    for _ in 0..3 {
        if matches!(code[0], 0xf0 | 0x66 | 0x40..=0x4f) {
            locked |= code[0] == 0xf0;
            code.rotate_left(1);
        }
    }
    match code {
        [0x0f, 0xb0 | 0xb1, ..] if locked => Locking::Takes,
        // `xchg` with memory locks by itself.
        [0x86 | 0x87, form, ..] if form < 0xc0 => Locking::Releases,
        _ if locked => Locking::Releases,
        _ => Locking::No,
    }
}

/// Whether a function only passes on to another, as the allocator's entry points do.
pub fn is_jump(region: usize) -> bool {
    // SAFETY: the start of a function that is on the stack, so in readable code; no function is shorter than a jump with its padding.
    let start = unsafe { (region as *const [u8; 2]).read() };
    matches!(start, [0xe9 | 0xeb, _] | [0xff, 0x25])
}

/// A call that has not returned yet, seen from its caller.
#[derive(Clone, Copy)]
pub struct Frame {
    /// Where it returns to.
    pub ip: usize,
    /// The stack pointer after that.
    pub stack: usize,
    preserved: [usize; PRESERVED.len()],
}

impl Frame {
    /// # Safety
    /// `context` is the unwinder's, while it walks.
    pub unsafe fn new(context: *mut Context, ip: usize) -> Self {
        // SAFETY: the caller's promise; the registers have been saved by the signal frame at the latest.
        unsafe { Self { ip, stack: _Unwind_GetCFA(context), preserved: PRESERVED.map(|(dwarf, _)| _Unwind_GetGR(context, dwarf)) } }
    }
}

// `benchbook_lab_trap` is returned to. Result registers are kept, in case the interrupt is over and the trap only passes on.
// The unwinder looks up the byte before a return address, hence the first instruction.
std::arch::global_asm!(
    ".pushsection .text.benchbook_lab_trap, \"ax\", @progbits",
    ".globl benchbook_lab_trap",
    ".hidden benchbook_lab_trap",
    ".globl benchbook_lab_trap_entry",
    ".hidden benchbook_lab_trap_entry",
    ".globl benchbook_lab_trap_landing",
    ".hidden benchbook_lab_trap_landing",
    ".globl benchbook_lab_trap_end",
    ".hidden benchbook_lab_trap_end",
    ".type benchbook_lab_trap, @function",
    "benchbook_lab_trap:",
    ".cfi_startproc",
    ".cfi_personality 0x9b, benchbook_lab_trap_personality",
    ".cfi_def_cfa rsp, 0",
    ".cfi_undefined rip",
    "nop",
    "benchbook_lab_trap_entry:",
    "sub rsp, 64",
    ".cfi_adjust_cfa_offset 64",
    "mov [rsp], rax",
    "mov [rsp + 8], rdx",
    "movups [rsp + 16], xmm0",
    "movups [rsp + 32], xmm1",
    "lea rdi, [rsp + 64]",
    "call {sprung}",
    "mov [rsp + 56], rax",
    "test rdx, rdx",
    "jne 2f",
    "movups xmm0, [rsp + 16]",
    "movups xmm1, [rsp + 32]",
    "mov rax, [rsp]",
    "mov rdx, [rsp + 8]",
    "add rsp, 56",
    ".cfi_adjust_cfa_offset -56",
    "ret",
    "2:",
    "add rsp, 56",
    "jmp {throw}",
    ".cfi_adjust_cfa_offset -8",
    "benchbook_lab_trap_landing:",
    "sub rsp, 32",
    ".cfi_adjust_cfa_offset 32",
    "mov [rsp], rax",
    "lea rdi, [rsp + 32]",
    "call {sprung}",
    "mov rdi, [rsp]",
    "mov [rsp + 24], rax",
    "add rsp, 24",
    ".cfi_adjust_cfa_offset -24",
    "jmp {rethrow}",
    ".cfi_endproc",
    "benchbook_lab_trap_end:",
    ".size benchbook_lab_trap, . - benchbook_lab_trap",
    ".popsection",
    ".pushsection .data.rel.local.benchbook_lab_trap, \"aw\", @progbits",
    ".p2align 3",
    "benchbook_lab_trap_personality:",
    ".quad {personality}",
    ".popsection",
    sprung = sym traps::sprung,
    throw = sym traps::throw,
    rethrow = sym traps::rethrow,
    personality = sym traps::personality,
);

unsafe extern "C" {
    static benchbook_lab_trap: u8;
    static benchbook_lab_trap_entry: u8;
    static benchbook_lab_trap_landing: u8;
    static benchbook_lab_trap_end: u8;
}

/// What replaces a return address.
pub fn trap_address() -> usize {
    (&raw const benchbook_lab_trap_entry) as usize
}

/// Where exceptions that meet a trap go on.
pub fn landing_address() -> usize {
    (&raw const benchbook_lab_trap_landing) as usize
}

/// Whether a thread is in the trap's own code.
pub fn in_trap(pc: usize) -> bool {
    ((&raw const benchbook_lab_trap) as usize..(&raw const benchbook_lab_trap_end) as usize).contains(&pc)
}
