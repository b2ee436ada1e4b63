//! Stacks as they are noted: raw addresses in memory set aside beforehand, so that a signal handler can write them.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, OnceLock, PoisonError};

/// Words of the store: 128 MiB, of which the system gives only what is written to.
const ROOM: usize = 16 << 20;
/// Deepest stack that is kept whole; of deeper ones, the innermost frames.
pub const DEPTH: usize = 256;
/// Words before the addresses: number of addresses, thread, its name in two, weight as a count and in bytes.
const HEAD: usize = 6;

/// One stack, innermost address first.
pub struct Stack<'a> {
    /// The thread's id as the system has it.
    pub thread: usize,
    pub name: String,
    /// How often it occurred, or how many allocations it stands for.
    pub count: f64,
    /// The bytes that it stands for.
    pub bytes: f64,
    pub addresses: &'a [usize],
}

/// Room for stacks; many threads may write at once.
pub struct Store {
    words: *mut usize,
    used: AtomicUsize,
    /// Where the first stack that counts begins.
    first: AtomicUsize,
    /// Stacks for which there was no room, and threads that write now.
    lost: AtomicUsize,
    writers: AtomicUsize,
}

// SAFETY: every writer has a range of its own, given out by `used`; readers come when nobody writes.
unsafe impl Send for Store {}
// SAFETY: as above.
unsafe impl Sync for Store {}

/// The only store, and who has it.
static STORE: OnceLock<Option<Store>> = OnceLock::new();
static TAKEN: Mutex<()> = Mutex::new(());

/// The store while one profile uses it.
pub struct Taken {
    _turn: std::sync::MutexGuard<'static, ()>,
    store: &'static Store,
}

impl std::ops::Deref for Taken {
    type Target = Store;

    fn deref(&self) -> &Store {
        self.store
    }
}

/// Takes the store, empty.
///
/// # Errors
/// Another profile runs, or there is no memory.
pub fn take() -> Result<Taken, String> {
    let turn = match TAKEN.try_lock() {
        Ok(turn) => turn,
        Err(std::sync::TryLockError::Poisoned(turn)) => PoisonError::into_inner(turn),
        Err(std::sync::TryLockError::WouldBlock) => return Err("another profile is running".to_owned()),
    };
    let store = STORE.get_or_init(Store::new).as_ref().ok_or("there is no memory for the samples")?;
    // An empty length ends the reading, so what an earlier profile has left must go.
    store.clear();
    store.lost.store(0, Ordering::SeqCst);
    Ok(Taken { _turn: turn, store })
}

/// The store that is taken now, for signal handlers and listeners.
pub fn current() -> Option<&'static Store> {
    STORE.get().and_then(Option::as_ref)
}

impl Store {
    fn new() -> Option<Self> {
        // SAFETY: a fresh anonymous mapping, never unmapped.
        let words = unsafe {
            libc::mmap(
                std::ptr::null_mut(),
                ROOM * size_of::<usize>(),
                libc::PROT_READ | libc::PROT_WRITE,
                libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE,
                -1,
                0,
            )
        };
        (words != libc::MAP_FAILED).then(|| Self {
            words: words.cast(),
            used: AtomicUsize::new(0),
            first: AtomicUsize::new(0),
            lost: AtomicUsize::new(0),
            writers: AtomicUsize::new(0),
        })
    }

    fn clear(&self) {
        let used = self.used.swap(0, Ordering::SeqCst).min(ROOM);
        self.first.store(0, Ordering::SeqCst);
        // SAFETY: the range is mapped, and nobody writes between two profiles.
        unsafe { self.words.write_bytes(0, used) };
    }

    /// Notes the stack of the calling thread. With `from`, it begins at that address, which is where a signal came; without,
    /// it is for the reader to leave out our own frames.
    pub fn note(&self, from: Option<usize>, count: f64, bytes: f64) {
        self.writers.fetch_add(1, Ordering::SeqCst);
        let mut addresses = [0_usize; DEPTH];
        let mut depth = 0;
        let mut begun = from.is_none();
        // SAFETY: the unwinder takes no lock of `backtrace`'s; only this thread's stack is read.
        unsafe {
            backtrace::trace_unsynchronized(|frame| {
                let address = frame.ip() as usize;
                begun = begun || Some(address) == from;
                if begun {
                    addresses[depth] = address;
                    depth += 1;
                }
                depth < DEPTH
            });
        }
        if depth == 0
            && let Some(from) = from
        {
            // The unwinder did not get past the handler.
            addresses[0] = from;
            depth = 1;
        }
        self.write(&addresses[..depth], count, bytes);
        self.writers.fetch_sub(1, Ordering::SeqCst);
    }

    /// Notes one address alone, where unwinding is not safe.
    pub fn note_address(&self, address: usize) {
        self.writers.fetch_add(1, Ordering::SeqCst);
        self.write(&[address], 1.0, 0.0);
        self.writers.fetch_sub(1, Ordering::SeqCst);
    }

    fn write(&self, addresses: &[usize], count: f64, bytes: f64) {
        let at = self.used.fetch_add(HEAD + addresses.len(), Ordering::SeqCst);
        if at + HEAD + addresses.len() > ROOM {
            self.lost.fetch_add(1, Ordering::SeqCst);
            return;
        }
        let mut name = [0_usize; 2];
        // SAFETY: both are plain system calls; the name has at most 16 bytes with its end.
        let thread = unsafe {
            libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr());
            libc::syscall(libc::SYS_gettid) as usize
        };
        let head = [addresses.len(), thread, name[0], name[1], count.to_bits() as usize, bytes.to_bits() as usize];
        // SAFETY: this range of the store was given to this call alone.
        unsafe {
            let to = self.words.add(at);
            to.copy_from_nonoverlapping(head.as_ptr(), HEAD);
            to.add(HEAD).copy_from_nonoverlapping(addresses.as_ptr(), addresses.len());
        }
    }

    /// Waits for those that write now; nobody may begin any more.
    pub fn settle(&self) {
        // A thread that was stopped within its handler would be waited for in vain.
        for _ in 0..1000 {
            if self.writers.load(Ordering::SeqCst) == 0 {
                return;
            }
            std::thread::sleep(std::time::Duration::from_millis(1));
        }
    }

    /// Words that are in use: more of them, more stacks.
    pub fn noted(&self) -> usize {
        self.used.load(Ordering::SeqCst)
    }

    /// What was noted up to now is not read: it was for starting.
    pub fn begin(&self) {
        self.first.store(self.used.load(Ordering::SeqCst), Ordering::SeqCst);
    }

    /// How many stacks found no room.
    pub fn lost(&self) -> usize {
        self.lost.load(Ordering::SeqCst)
    }

    /// Everything that was noted.
    pub fn stacks(&self) -> Vec<Stack<'_>> {
        let used = self.used.load(Ordering::SeqCst).min(ROOM);
        // SAFETY: the range is mapped and nobody writes to it now.
        let words = unsafe { std::slice::from_raw_parts(self.words, used) };
        let mut stacks = Vec::new();
        let mut at = self.first.load(Ordering::SeqCst);
        while at + HEAD <= words.len() {
            let length = words[at];
            // An empty one belongs to a stack that was not written to its end, or found no room.
            if length == 0 || at + HEAD + length > words.len() {
                break;
            }
            let name: Vec<u8> = words[at + 2..at + 4].iter().flat_map(|word| word.to_ne_bytes()).take_while(|byte| *byte != 0).collect();
            stacks.push(Stack {
                thread: words[at + 1],
                name: String::from_utf8_lossy(&name).into_owned(),
                count: f64::from_bits(words[at + 4] as u64),
                bytes: f64::from_bits(words[at + 5] as u64),
                addresses: &words[at + HEAD..at + HEAD + length],
            });
            at += HEAD + length;
        }
        stacks
    }
}
