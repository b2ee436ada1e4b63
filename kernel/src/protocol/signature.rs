//! Message signatures: HMAC-SHA256 over the four JSON frames, and a memory of those already seen.

use std::collections::{HashSet, VecDeque};
use std::sync::{Mutex, PoisonError};

use hmac::{Hmac, Mac};
use sha2::Sha256;

/// How many signatures are remembered, as many as `jupyter_client` remembers.
const REMEMBERED: usize = 1 << 16;

/// Why a signature was refused.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
pub enum SignatureError {
    /// Not hexadecimal, or not the signature of these frames under our key.
    #[error("the signature does not match the message")]
    Wrong,
    /// The very same message has been received before.
    #[error("the message has been received before")]
    Replayed,
}

/// Signs what leaves and checks what arrives. An empty key switches both off, as the protocol says.
#[derive(Debug)]
pub struct Signer {
    mac: Option<Hmac<Sha256>>,
    seen: Mutex<Seen>,
}

#[derive(Debug, Default)]
struct Seen {
    known: HashSet<Vec<u8>>,
    order: VecDeque<Vec<u8>>,
}

impl Signer {
    /// A signer for the connection file's `key`.
    #[must_use]
    pub fn new(key: &str) -> Self {
        let mac = if key.is_empty() { None } else { Hmac::new_from_slice(key.as_bytes()).ok() };
        Self { mac, seen: Mutex::default() }
    }

    /// The signature of `parts` as lower-case hexadecimal; empty without a key.
    #[must_use]
    pub fn sign(&self, parts: &[&[u8]]) -> String {
        self.digest(parts).map_or_else(String::new, |mac| to_hex(&mac.finalize().into_bytes()))
    }

    /// Checks a received signature, in constant time, and remembers it.
    ///
    /// # Errors
    /// The signature is wrong, or was seen before.
    pub fn check(&self, parts: &[&[u8]], signature: &[u8]) -> Result<(), SignatureError> {
        let Some(mac) = self.digest(parts) else { return Ok(()) };
        let signature = from_hex(signature).ok_or(SignatureError::Wrong)?;
        mac.verify_slice(&signature).map_err(|_| SignatureError::Wrong)?;
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if seen.remember(signature) { Ok(()) } else { Err(SignatureError::Replayed) }
    }

    fn digest(&self, parts: &[&[u8]]) -> Option<Hmac<Sha256>> {
        let mut mac = self.mac.clone()?;
        for part in parts {
            mac.update(part);
        }
        Some(mac)
    }
}

impl Seen {
    /// Whether `signature` is new; forgets the oldest when full.
    fn remember(&mut self, signature: Vec<u8>) -> bool {
        if !self.known.insert(signature.clone()) {
            return false;
        }
        self.order.push_back(signature);
        if self.order.len() > REMEMBERED
            && let Some(oldest) = self.order.pop_front()
        {
            self.known.remove(&oldest);
        }
        true
    }
}

fn to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn from_hex(text: &[u8]) -> Option<Vec<u8>> {
    let digit = |byte: u8| char::from(byte).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let (pairs, rest) = text.as_chunks::<2>();
    if !rest.is_empty() {
        return None;
    }
    pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_signature() {
        // RFC 4231, test case 2, its data split in two.
        let signer = Signer::new("Jefe");
        let expected = "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843";
        assert_eq!(signer.sign(&[b"what do ya want ", b"for nothing?"]), expected);
        assert_eq!(signer.check(&[b"what do ya want for nothing?"], expected.as_bytes()), Ok(()));
    }

    #[test]
    fn wrong_signatures_are_refused() {
        let signer = Signer::new("key");
        let good = signer.sign(&[b"a"]);
        for bad in ["", "zz", "abc", &good[2..], "ÿÿ", &"0".repeat(64)] {
            assert_eq!(signer.check(&[b"a"], bad.as_bytes()), Err(SignatureError::Wrong), "{bad}");
        }
        assert_eq!(signer.check(&[b"b"], good.as_bytes()), Err(SignatureError::Wrong));
    }

    #[test]
    fn replays_are_refused() {
        let signer = Signer::new("key");
        let signature = signer.sign(&[b"a"]);
        assert_eq!(signer.check(&[b"a"], signature.as_bytes()), Ok(()));
        assert_eq!(signer.check(&[b"a"], signature.as_bytes()), Err(SignatureError::Replayed));
    }

    #[test]
    fn memory_is_bounded() {
        let mut seen = Seen::default();
        for i in 0..=REMEMBERED {
            assert!(seen.remember(i.to_le_bytes().to_vec()));
        }
        assert_eq!(seen.known.len(), REMEMBERED);
        assert!(seen.remember(0_usize.to_le_bytes().to_vec()), "the oldest is forgotten");
    }

    #[test]
    fn empty_key_switches_signing_off() {
        let signer = Signer::new("");
        assert_eq!(signer.sign(&[b"a"]), "");
        assert_eq!(signer.check(&[b"a"], b"anything"), Ok(()));
        assert_eq!(signer.check(&[b"a"], b"anything"), Ok(()));
    }
}
