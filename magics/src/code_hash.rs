//! Which code a result is of: SHA-256 of what the magic that runs was given.

use std::cell::RefCell;

use sha2::{Digest, Sha256};

thread_local!(static CURRENT: RefCell<Option<String>> = const { RefCell::new(None) });

/// SHA-256 of code, in hexadecimal; white space at the ends does not count.
pub fn sha256(code: &str) -> String {
    Sha256::digest(code.trim().as_bytes()).iter().map(|byte| format!("{byte:02x}")).collect()
}

/// The hash of the code that is measured now; `None` outside of any magic.
pub fn current() -> Option<String> {
    CURRENT.with(|current| current.borrow().clone())
}

/// Runs `action` for this code. Magics run on one thread; one that runs inside of another has its own.
pub fn during<T>(code: &str, action: impl FnOnce() -> T) -> T {
    let before = CURRENT.with(|current| current.replace(Some(sha256(code))));
    let outcome = action();
    CURRENT.with(|current| current.replace(before));
    outcome
}

#[cfg(test)]
mod tests {
    use super::{current, during, sha256};

    #[test]
    fn inner_code_hides_outer_code() {
        assert_eq!(sha256(" abc\n"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
        during("a", || {
            during("b", || assert_eq!(current(), Some(sha256("b"))));
            assert_eq!(current(), Some(sha256("a")));
        });
        assert_eq!(current(), None);
    }
}
