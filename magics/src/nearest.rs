//! "Did you mean …?": the nearest known name.

/// The candidate nearest to `word`, when it is near enough to be a likely slip.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let lower = word.to_lowercase();
    let length = lower.chars().count();
    candidates
        .into_iter()
        .filter(|candidate| *candidate != word)
        .map(|candidate| {
            let other = candidate.to_lowercase();
            let prefix = length >= 2 && other.starts_with(&lower);
            // A name cut short is a likelier slip than three wrong letters.
            let distance = if prefix { 1 } else { strsim::damerau_levenshtein(&lower, &other) };
            (distance, candidate)
        })
        .filter(|(distance, candidate)| {
            let longest = length.max(candidate.chars().count());
            *distance <= (longest / 3).max(1) && *distance < longest
        })
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// `did you mean \`x\`?`, when something is near.
pub fn suggestion<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<String> {
    nearest(word, candidates).map(|name| format!("did you mean `{name}`?"))
}

#[cfg(test)]
mod tests {
    use super::nearest;

    #[test]
    fn slips_are_found_and_strangers_are_not() {
        let names = ["timeit", "parallel", "sql", "data"];
        assert_eq!(nearest("timit", names), Some("timeit"));
        assert_eq!(nearest("paralell", names), Some("parallel"));
        assert_eq!(nearest("slq", names), Some("sql"));
        assert_eq!(nearest("SQL", names), Some("sql"));
        assert_eq!(nearest("tim", names), Some("timeit"));
        assert_eq!(nearest("matplotlib", names), None);
        assert_eq!(nearest("x", names), None);
    }
}
