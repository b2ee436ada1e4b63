//! The items of a notebook: what cells have defined, and which of it a cell needs.
//!
//! A cell is compiled with the items it can reach from its own identifiers, not with all that came before, so the
//! two-hundredth cell costs what the fifth does.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;

use super::origin::Origin;
use super::parse::{Item, Kind, Piece};

/// An item with the cell it came from.
#[derive(Debug, Clone)]
pub struct Defined {
    pub item: Item,
    pub origin: Arc<Origin>,
}

/// All items, in the order of their definition.
#[derive(Debug, Clone, Default)]
pub struct Items {
    defined: Vec<Arc<Defined>>,
    /// `#![…]`, each once.
    attributes: Vec<(Piece, Arc<Origin>)>,
}

/// `use` and definitions share names; macros have their own.
fn clash(a: &Item, b: &Item) -> bool {
    match (a.kind, b.kind) {
        (Kind::Other, Kind::Other) if a.members.is_empty() || b.members.is_empty() => a.name == b.name,
        (Kind::Other, Kind::Other) => a.name == b.name && !a.members.is_disjoint(&b.members),
        (Kind::Other, _) | (_, Kind::Other) => false,
        (a_kind, b_kind) => a.name == b.name && (a_kind == b_kind || a_kind == Kind::Use || b_kind == Kind::Use),
    }
}

impl Items {
    /// Adds what a cell defines. An item replaces the earlier ones of its name; with a type go the `impl` blocks that
    /// were written in the same cell.
    pub fn define(&mut self, items: Vec<Item>, attributes: Vec<Piece>, origin: &Arc<Origin>) {
        let mut keep = vec![true; self.defined.len()];
        for (index, old) in self.defined.iter().enumerate() {
            if items.iter().any(|new| clash(new, &old.item)) {
                keep[index] = false;
            }
        }
        for (index, old) in self.defined.iter().enumerate() {
            if old.item.kind != Kind::Other || old.item.header.is_empty() {
                continue;
            }
            let replaced = |name: &String| {
                self.defined.iter().zip(&keep).any(|(other, kept)| {
                    !kept && other.item.kind == Kind::Type && other.item.name == *name && Arc::ptr_eq(&other.origin, &old.origin)
                })
            };
            if old.item.header.iter().any(replaced) {
                keep[index] = false;
            }
        }
        let mut kept = keep.into_iter();
        self.defined.retain(|_| kept.next().unwrap_or(true));
        self.defined.extend(items.into_iter().map(|item| Arc::new(Defined { item, origin: Arc::clone(origin) })));
        for attribute in attributes {
            self.attributes.retain(|(old, _)| old.text.trim() != attribute.text.trim());
            self.attributes.push((attribute, Arc::clone(origin)));
        }
    }

    /// `#![…]` of all cells.
    pub fn attributes(&self) -> &[(Piece, Arc<Origin>)] {
        &self.attributes
    }

    /// All items.
    pub fn all(&self) -> Vec<Arc<Defined>> {
        self.defined.clone()
    }

    /// The items that code with these identifiers needs, and those of `own`, the cell itself.
    pub fn needed(&self, mentions: &BTreeSet<String>, own: &Arc<Origin>) -> Vec<Arc<Defined>> {
        let local: HashSet<&str> = self
            .defined
            .iter()
            .filter(|one| matches!(one.item.kind, Kind::Type | Kind::Value | Kind::Macro))
            .map(|one| one.item.name.as_str())
            .collect();
        let mut by_word: HashMap<&str, Vec<usize>> = HashMap::new();
        for (index, one) in self.defined.iter().enumerate() {
            // An `impl` is needed once all the notebook's own names in its header are there: watch them all.
            let names = one.item.header.iter().filter(|name| local.contains(name.as_str()));
            let own_name = (one.item.kind != Kind::Other).then_some(&one.item.name);
            let members = one.item.members.iter().filter(|_| one.item.kind == Kind::Type);
            for word in names.chain(own_name).chain(members) {
                by_word.entry(word).or_default().push(index);
            }
        }
        let mut taken = vec![false; self.defined.len()];
        let mut known: HashSet<&str> = HashSet::new();
        let mut open: Vec<&str> = mentions.iter().map(String::as_str).collect();
        let always = self.defined.iter().enumerate().filter(|(_, one)| {
            one.item.always
                || Arc::ptr_eq(&one.origin, own)
                || (one.item.kind == Kind::Other && !one.item.header.iter().any(|name| local.contains(name.as_str())))
        });
        let mut queue: Vec<usize> = always.map(|(index, _)| index).collect();
        loop {
            while let Some(index) = queue.pop() {
                if !std::mem::replace(&mut taken[index], true) {
                    open.extend(self.defined[index].item.mentions.iter().map(String::as_str));
                }
            }
            let Some(word) = open.pop() else { break };
            if !known.insert(word) {
                continue;
            }
            for &index in by_word.get(word).map_or(&[][..], Vec::as_slice) {
                let item = &self.defined[index].item;
                let ready = item.header.iter().all(|name| !local.contains(name.as_str()) || known.contains(name.as_str()));
                if !taken[index] && ready {
                    queue.push(index);
                }
            }
        }
        self.defined.iter().zip(taken).filter(|(_, taken)| *taken).map(|(one, _)| Arc::clone(one)).collect()
    }

    /// Names of types whose meaning differs between `self` and `later`: the definition itself, or one that it uses.
    pub fn changed_types(&self, later: &Self) -> BTreeSet<String> {
        let texts = |items: &Self| -> BTreeMap<String, Arc<Defined>> {
            items.defined.iter().filter(|one| one.item.kind == Kind::Type).map(|one| (one.item.name.clone(), Arc::clone(one))).collect()
        };
        let (before, after) = (texts(self), texts(later));
        let mut changed: BTreeSet<String> = before
            .iter()
            .filter(|(name, one)| after.get(*name).is_none_or(|new| new.item.piece.text.trim() != one.item.piece.text.trim()))
            .map(|(name, _)| name.clone())
            .collect();
        if changed.is_empty() {
            return changed;
        }
        loop {
            let more: Vec<String> = before
                .iter()
                .filter(|(name, one)| !changed.contains(*name) && !one.item.mentions.is_disjoint(&changed))
                .map(|(name, _)| name.clone())
                .collect();
            if more.is_empty() {
                return changed;
            }
            changed.extend(more);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::parse::parse;
    use super::*;

    fn define(items: &mut Items, code: &str) -> Arc<Origin> {
        let origin = Arc::new(Origin::of(1, code));
        let parsed = parse(code);
        items.define(parsed.items, parsed.attributes, &origin);
        origin
    }

    fn needed(items: &Items, code: &str) -> Vec<String> {
        let other = Arc::new(Origin::of(9, code));
        items.needed(&parse(code).mentions, &other).iter().map(|one| one.item.name.clone()).collect()
    }

    #[test]
    fn a_cell_gets_what_it_can_reach() {
        let mut items = Items::default();
        define(
            &mut items,
            "use std::fmt;\nfn a() { b() }\nfn b() {}\nfn c() {}\nstruct P;\nstruct Q(P);\nimpl P { fn hidden(&self) { c() } }",
        );
        define(
            &mut items,
            "trait Area { fn area(&self) -> f64; }\nimpl Area for P { fn area(&self) -> f64 { 1.0 } }\nmacro_rules! m { () => { a() } }",
        );
        assert_eq!(needed(&items, "a()"), ["fmt", "a", "b"]);
        assert_eq!(needed(&items, "m!()"), ["fmt", "a", "b", "m"]);
        assert_eq!(needed(&items, "let q = Q(x);"), ["fmt", "c", "P", "Q", "impl P"]);
        assert_eq!(needed(&items, "P.area()"), ["fmt", "c", "P", "impl P", "Area", "impl Area for P"]);
        assert_eq!(needed(&items, "1 + 1"), ["fmt"]);
    }

    #[test]
    fn definitions_replace_each_other() {
        let mut items = Items::default();
        define(&mut items, "struct P { x: i32 }\nimpl P { fn a(&self) {} }\nuse std::fmt::Result;");
        define(&mut items, "impl P { fn b(&self) {} }");
        define(&mut items, "impl P { fn b(&self) -> i32 { 1 } }");
        assert_eq!(items.all().len(), 4, "another implementation with other functions is added, the same is replaced");
        let before = items.clone();
        define(&mut items, "struct P { x: i64 }\ntype Result = i32;");
        let names: Vec<String> = items.all().iter().map(|one| one.item.name.clone()).collect();
        assert_eq!(names, ["impl P", "P", "Result"], "the implementation written with the old type goes with it");
        assert_eq!(before.changed_types(&items), BTreeSet::from(["P".to_owned()]));
    }

    #[test]
    fn a_type_changes_with_the_types_in_it() {
        let mut items = Items::default();
        define(&mut items, "struct A { b: B }\nstruct B(i32);\nstruct C;");
        let before = items.clone();
        define(&mut items, "struct B(i64);");
        assert_eq!(before.changed_types(&items), BTreeSet::from(["A".to_owned(), "B".to_owned()]));
    }
}
