//! Names of functions as people read them: demangled, without hashes, generics and long paths.

/// Demangles a symbol and shortens it to type and function: `Vec<T>::push`, `sum`, `{closure} in sort`.
pub fn short(symbol: &str) -> String {
    let full = full(symbol);
    let plain = without_generics(&full);
    let mut parts: Vec<&str> = plain.split("::").filter(|p| !p.is_empty()).collect();
    // The crate that a cell is compiled as; it says nothing.
    if parts.len() > 1 && parts[0] == "cell" {
        parts.remove(0);
    }
    let mut closure = false;
    while parts.last().is_some_and(|p| p.starts_with("{{closure}}") || p.starts_with("{closure")) {
        closure = true;
        parts.pop();
    }
    parts.retain(|p| !p.starts_with("{impl") && !p.starts_with("{{impl") && !p.starts_with("{shim"));
    let from = match parts.as_slice() {
        [.., owner, _] if owner.starts_with(char::is_uppercase) => parts.len() - 2,
        [.., _, _] => parts.len() - 2,
        _ => 0,
    };
    let name = parts[from..].join("::");
    match (name.is_empty(), closure) {
        // A closure of which the debug information does not tell where it stands.
        (true, true) => "{closure}".to_owned(),
        (true, false) => full.clone(),
        (false, true) => format!("{{closure}} in {name}"),
        (false, false) => name,
    }
}

/// The demangled symbol without its hash; a name that is no Rust symbol stays as it is.
pub fn full(symbol: &str) -> String {
    let demangled = format!("{:#}", rustc_demangle::demangle(symbol));
    // The worker may have demangled already, with the hash left in.
    match demangled.rsplit_once("::h") {
        Some((name, hash)) if hash.len() == 16 && hash.chars().all(|c| c.is_ascii_hexdigit()) => name.to_owned(),
        _ => demangled,
    }
}

/// Takes type arguments off and reads `<A as B>::f` as `A::f`.
fn without_generics(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    // `<A as B>::f`: keep the path of A. `<A>::f` as well.
    if rest.starts_with('<')
        && let Some(end) = closing(rest)
    {
        let inside = &rest[1..end];
        let owner = split_as(inside);
        out.push_str(&without_generics(owner.trim_start_matches(['&', '*']).trim_start_matches("mut ")));
        rest = &rest[end + 1..];
    }
    let mut depth = 0_usize;
    let mut previous = ' ';
    for c in rest.chars() {
        match c {
            '<' => depth += 1,
            '>' if previous == '-' => {}
            '>' => depth = depth.saturating_sub(1),
            _ if depth == 0 => out.push(c),
            _ => {}
        }
        previous = c;
    }
    // `Vec::<T>::new` leaves an empty part behind.
    out.replace("::::", "::")
}

/// Index of the `>` that closes the `<` at the start.
fn closing(text: &str) -> Option<usize> {
    let mut depth = 0_usize;
    let mut previous = ' ';
    for (at, c) in text.char_indices() {
        match c {
            '<' => depth += 1,
            '>' if previous != '-' => {
                depth -= 1;
                if depth == 0 {
                    return Some(at);
                }
            }
            _ => {}
        }
        previous = c;
    }
    None
}

/// The part before a top-level ` as `.
fn split_as(inside: &str) -> &str {
    let mut depth = 0_usize;
    for (at, c) in inside.char_indices() {
        match c {
            '<' | '(' | '[' => depth += 1,
            '>' | ')' | ']' => depth = depth.saturating_sub(1),
            ' ' if depth == 0 && inside[at..].starts_with(" as ") => return &inside[..at],
            _ => {}
        }
    }
    inside
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_short() {
        for (symbol, shown) in [
            ("_ZN4core3ops8function6FnOnce9call_once17h0123456789abcdefE", "FnOnce::call_once"),
            ("<core::iter::adapters::map::Map<I,F> as core::iter::traits::iterator::Iterator>::fold", "Map::fold"),
            ("<alloc::vec::Vec<T,A> as core::ops::drop::Drop>::drop::h0123456789abcdef", "Vec::drop"),
            ("cell::benchbook_cell::{{closure}}::{{closure}}", "{closure} in benchbook_cell"),
            ("alloc::vec::Vec<T>::push", "Vec::push"),
            ("{closure#0}<u64, fn(&u64, &u64) -> bool>", "{closure}"),
            ("polars_core::chunked_array::ops::sort::sort_by_branch", "sort::sort_by_branch"),
            ("<F as core::ops::function::FnMut<(&T,) -> u64>>::call_mut", "F::call_mut"),
            ("__memmove_avx_unaligned_erms", "__memmove_avx_unaligned_erms"),
            ("core::slice::sort::unstable::quicksort::quicksort<u64, fn(&u64) -> bool>", "quicksort::quicksort"),
        ] {
            assert_eq!(short(symbol), shown, "{symbol}");
        }
    }

    #[test]
    fn odd_symbols_do_not_panic() {
        for symbol in ["", "<", ">>>", "<a as ", "::", "{{closure}}", "Unknown", "日本"] {
            short(symbol);
        }
    }
}
