//! From the compiler's name of a type (`std::any::type_name`) to Rust that names it.
//!
//! The compiler's names go through private modules and leave lifetimes out. What cannot be repaired by rule (a closure,
//! a type of a function's body) has no spelling.

use std::collections::BTreeSet;

/// Private modules of the standard library, and where their types are public.
const PUBLIC: &[(&str, &str)] = &[
    ("std::collections::hash::map::", "std::collections::hash_map::"),
    ("std::collections::hash::set::", "std::collections::hash_set::"),
    ("alloc::collections::btree::map::", "alloc::collections::btree_map::"),
    ("alloc::collections::btree::set::", "alloc::collections::btree_set::"),
    ("alloc::vec::into_iter::", "alloc::vec::"),
    ("std::sync::poison::mutex::", "std::sync::"),
    ("std::sync::poison::rwlock::", "std::sync::"),
    ("std::sync::poison::condvar::", "std::sync::"),
    ("std::sync::poison::once::", "std::sync::"),
    ("std::sync::barrier::", "std::sync::"),
    ("std::sync::once_lock::", "std::sync::"),
    ("std::sync::lazy_lock::", "std::sync::"),
    ("std::thread::join_handle::", "std::thread::"),
    ("std::thread::thread::", "std::thread::"),
    ("std::net::tcp::", "std::net::"),
    ("std::net::udp::", "std::net::"),
    ("std::io::stdio::", "std::io::"),
    ("std::io::buffered::bufreader::", "std::io::"),
    ("std::io::buffered::bufwriter::", "std::io::"),
    ("core::cell::once::", "core::cell::"),
    ("core::cell::lazy::", "core::cell::"),
    ("core::ops::range::", "core::ops::"),
    ("core::ops::function::", "core::ops::"),
    ("core::ops::control_flow::", "core::ops::"),
    ("core::num::nonzero::", "core::num::"),
    ("core::num::wrapping::", "core::num::"),
    ("core::num::saturating::", "core::num::"),
    ("core::slice::iter::", "core::slice::"),
    ("core::str::iter::", "core::str::"),
    ("core::array::iter::", "core::array::"),
    ("core::iter::sources::once::", "core::iter::"),
    ("core::iter::sources::repeat::", "core::iter::"),
    ("core::iter::adapters::rev::", "core::iter::"),
    ("core::iter::adapters::zip::", "core::iter::"),
    ("core::iter::adapters::chain::", "core::iter::"),
    ("core::iter::adapters::enumerate::", "core::iter::"),
    ("core::iter::adapters::cycle::", "core::iter::"),
    ("core::iter::adapters::skip::", "core::iter::"),
    ("core::iter::adapters::take::", "core::iter::"),
    ("core::iter::adapters::step_by::", "core::iter::"),
    ("core::iter::adapters::peekable::", "core::iter::"),
    ("core::iter::adapters::cloned::", "core::iter::"),
    ("core::iter::adapters::copied::", "core::iter::"),
    ("core::net::ip_addr::", "core::net::"),
    ("core::net::socket_addr::", "core::net::"),
    ("polars_plan::dsl::expr::", "polars_plan::dsl::"),
    ("polars_core::datatypes::dtype::", "polars_core::datatypes::"),
    ("polars_core::datatypes::any_value::", "polars_core::datatypes::"),
    ("polars_core::datatypes::field::", "polars_core::datatypes::"),
    ("polars_core::frame::dataframe::", "polars_core::frame::"),
    ("polars_lazy::frame::group_by::", "polars_lazy::frame::"),
];

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The name as Rust source, in a crate where the notebook's own items are at the root; `known` tells which crates have
/// been added. `None` when the type cannot be named.
pub fn spell(type_name: &str, known: &dyn Fn(&str) -> bool) -> Option<String> {
    let unnameable = ["{{", "{closure", "{opaque", "impl ", "{async", "_run_cell", "benchbook_cell"];
    if unnameable.iter().any(|part| type_name.contains(part)) {
        return None;
    }
    let mut out = String::new();
    let mut rest = type_name;
    while let Some(c) = rest.chars().next() {
        if c == '&' {
            out.push_str("&'static ");
            rest = &rest[1..];
        } else if is_word(c) {
            let end = path_end(rest);
            let (path, after) = rest.split_at(end);
            out.push_str(&spell_path(path, known)?);
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    Some(out)
}

/// Where a path such as `a::b::C` ends.
fn path_end(text: &str) -> usize {
    let mut end = 0;
    loop {
        end += text[end..].find(|c: char| !is_word(c)).unwrap_or(text.len() - end);
        match text[end..].strip_prefix("::") {
            Some(after) if after.starts_with(is_word) => end += 2,
            _ => return end,
        }
    }
}

fn spell_path(path: &str, known: &dyn Fn(&str) -> bool) -> Option<String> {
    let Some((root, inner)) = path.split_once("::") else { return Some(path.to_owned()) };
    if root == super::CRATE {
        return Some(format!("crate::{inner}"));
    }
    let public = PUBLIC.iter().find_map(|(private, public)| Some(format!("{public}{}", path.strip_prefix(private)?)));
    let path = public.unwrap_or_else(|| path.to_owned());
    match root {
        "core" | "std" => Some(format!("::{path}")),
        "alloc" => Some(format!("::lab::runtime::{path}")),
        _ if root == "lab" || known(root) => Some(format!("::{path}")),
        _ => None,
    }
}

/// The spelling without one private module, whose name stands at this byte: what is public is often re-exported one
/// module further out.
pub fn without_module(spelling: &str, at: usize) -> Option<String> {
    let rest = spelling.get(at..)?;
    let end = rest.find(|c: char| !is_word(c))?;
    let after = rest[end..].strip_prefix("::")?;
    (end > 0 && spelling[..at].ends_with("::")).then(|| format!("{}{after}", &spelling[..at]))
}

/// The crates that a spelling names.
pub fn crates(spelling: &str) -> impl Iterator<Item = &str> {
    let roots = spelling.match_indices("::").filter(|(at, _)| !spelling[..*at].ends_with(is_word));
    roots.map(|(at, _)| {
        let rest = &spelling[at + 2..];
        &rest[..rest.find(|c: char| !is_word(c)).unwrap_or(rest.len())]
    })
}

/// Whether the type is a closure, or made of one.
pub fn is_closure(type_name: &str) -> bool {
    type_name.contains("{{closure}}")
}

/// The type for people: no paths, `DataFrame` instead of `polars_core::frame::DataFrame`.
pub fn short(type_name: &str) -> String {
    if is_closure(type_name) && !type_name.contains('<') {
        return "closure".to_owned();
    }
    let mut out = String::new();
    let mut rest = type_name;
    while let Some(c) = rest.chars().next() {
        if is_word(c) {
            let (path, after) = rest.split_at(path_end(rest));
            out.push_str(path.rsplit("::").next().unwrap_or(path));
            rest = after;
        } else {
            out.push(c);
            rest = &rest[c.len_utf8()..];
        }
    }
    out
}

/// The notebook's own names in a type's name.
pub fn own_names(type_name: &str) -> BTreeSet<String> {
    let prefix = format!("{}::", super::CRATE);
    let own = type_name.match_indices(&prefix).filter(|(at, _)| !type_name[..*at].ends_with(is_word));
    own.flat_map(|(at, _)| type_name[at..at + path_end(&type_name[at..])].split("::").skip(1).map(str::to_owned).collect::<Vec<_>>())
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(name: &str) -> Option<String> {
        spell(name, &|name| matches!(name, "itoa" | "polars_core"))
    }

    #[test]
    fn names_become_source() {
        assert_eq!(of("i32").as_deref(), Some("i32"));
        assert_eq!(of("(&str, [u8; 4])").as_deref(), Some("(&'static str, [u8; 4])"));
        assert_eq!(
            of("alloc::vec::Vec<alloc::string::String>").as_deref(),
            Some("::lab::runtime::alloc::vec::Vec<::lab::runtime::alloc::string::String>")
        );
        assert_eq!(
            of("std::collections::hash::map::HashMap<i32, cell::m::P>").as_deref(),
            Some("::std::collections::hash_map::HashMap<i32, crate::m::P>")
        );
        assert_eq!(of("polars_core::frame::dataframe::DataFrame").as_deref(), Some("::polars_core::frame::DataFrame"));
        assert_eq!(
            of("alloc::boxed::Box<dyn core::ops::function::Fn(i32) -> i32 + core::marker::Send>").as_deref(),
            Some("::lab::runtime::alloc::boxed::Box<dyn ::core::ops::Fn(i32) -> i32 + ::core::marker::Send>")
        );
        assert_eq!(of("itoa::Buffer").as_deref(), Some("::itoa::Buffer"));
        assert_eq!(of("unheard::Of"), None);
        assert_eq!(of("cell::benchbook_cell::{{closure}}"), None);
    }

    #[test]
    fn one_module_less() {
        let spelling = "::core::option::Option<::chrono::naive::date::NaiveDate>";
        let at = spelling.find("date").expect("there");
        assert_eq!(without_module(spelling, at).as_deref(), Some("::core::option::Option<::chrono::naive::NaiveDate>"));
        assert_eq!(without_module("i32", 0), None);
        assert_eq!(crates(spelling).collect::<Vec<_>>(), ["core", "chrono"]);
    }

    #[test]
    fn people_see_short_names() {
        assert_eq!(short("alloc::vec::Vec<alloc::string::String>"), "Vec<String>");
        assert_eq!(short("polars_core::frame::DataFrame"), "DataFrame");
        assert_eq!(short("&str"), "&str");
        assert_eq!(own_names("alloc::vec::Vec<cell::m::P>"), BTreeSet::from(["m".to_owned(), "P".to_owned()]));
    }
}
