//! Invented words.

const FIRST: [&str; 20] = ["t", "s", "n", "r", "l", "k", "d", "m", "p", "v", "b", "g", "f", "h", "j", "z", "w", "st", "tr", "br"];
const SECOND: [&str; 5] = ["a", "e", "i", "o", "u"];
/// Syllables that there are.
const SYLLABLES: usize = FIRST.len() * SECOND.len();

/// The word of this rank, counted from 0: all of one syllable come first, then all of two, and so on; each rank has its own.
pub fn word(rank: usize) -> String {
    let (mut rest, mut syllables, mut words) = (rank, 1, SYLLABLES);
    while rest >= words {
        rest -= words;
        words *= SYLLABLES;
        syllables += 1;
    }
    let mut word = String::new();
    for _ in 0..syllables {
        let syllable = rest % SYLLABLES;
        word.push_str(FIRST[syllable % FIRST.len()]);
        word.push_str(SECOND[syllable / FIRST.len()]);
        rest /= SYLLABLES;
    }
    word
}

#[cfg(test)]
mod tests {
    use super::word;

    #[test]
    fn words_differ_and_frequent_ones_are_short() {
        let mut words: Vec<_> = (0..20_000).map(word).collect();
        assert_eq!((words[0].as_str(), words[99].as_str(), words[100].as_str()), ("ta", "bru", "tata"));
        words.sort_unstable();
        words.dedup();
        assert_eq!(words.len(), 20_000);
    }
}
