//! CPU caches as the kernel tells them.

use serde::Serialize;

use super::card::line;

/// One cache of the first CPU.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Cache {
    pub level: u32,
    /// `Data`, `Instruction` or `Unified`.
    pub kind: String,
    pub bytes: u64,
    /// Logical CPUs that share it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shared_by: Option<usize>,
}

impl Cache {
    /// `L1d`, `L1i`, `L2`.
    pub fn name(&self) -> String {
        let suffix = match self.kind.as_str() {
            "Data" => "d",
            "Instruction" => "i",
            _ => "",
        };
        format!("L{}{suffix}", self.level)
    }
}

/// All caches of CPU 0; empty where the system does not tell.
pub fn read() -> Vec<Cache> {
    let mut caches: Vec<Cache> = (0..10)
        .filter_map(|i| {
            let folder = format!("/sys/devices/system/cpu/cpu0/cache/index{i}");
            Some(Cache {
                level: line(&format!("{folder}/level"))?.parse().ok()?,
                kind: line(&format!("{folder}/type"))?,
                bytes: parse_size(&line(&format!("{folder}/size"))?)?,
                shared_by: line(&format!("{folder}/shared_cpu_list")).and_then(|l| count_list(&l)),
            })
        })
        .collect();
    caches.sort_by_key(|c| (c.level, c.bytes));
    caches
}

/// `512K`, `32M`, `4096`.
fn parse_size(text: &str) -> Option<u64> {
    let (digits, factor) = match text.as_bytes().last()? {
        b'K' => (&text[..text.len() - 1], 1 << 10),
        b'M' => (&text[..text.len() - 1], 1 << 20),
        b'G' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    digits.parse::<u64>().ok()?.checked_mul(factor)
}

/// How many CPUs a list such as `0-3,8,10-11` names.
pub fn count_list(list: &str) -> Option<usize> {
    list.split(',').try_fold(0, |sum, part| {
        let (low, high) = part.split_once('-').unwrap_or((part, part));
        let (low, high): (usize, usize) = (low.trim().parse().ok()?, high.trim().parse().ok()?);
        Some(sum + high.checked_sub(low)? + 1)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_and_lists() {
        assert_eq!((parse_size("512K"), parse_size("32M"), parse_size("x")), (Some(524_288), Some(33_554_432), None));
        assert_eq!((count_list("0-3,8,10-11"), count_list("0"), count_list("")), (Some(7), Some(1), None));
    }

    #[test]
    fn names() {
        let cache = |level, kind: &str| Cache { level, kind: kind.into(), bytes: 1, shared_by: None }.name();
        assert_eq!((cache(1, "Data"), cache(1, "Instruction"), cache(3, "Unified")), ("L1d".into(), "L1i".into(), "L3".into()));
    }
}
