//! Rows compared without regard to their order.
//!
//! Floats that are the same within the tolerance must not keep rows apart, so each float column is cut into clusters: values sorted, a
//! new cluster where a value is not the same as the one before. Rows are then sorted by exact columns and clusters. What is paired
//! so is checked by the tolerance itself; where a cluster is wider than the tolerance, partners are looked for within it.

use std::cmp::Ordering;

use super::column::{Pair, Side, Values};
use super::number::order;

/// The first rows that differ, as places in the results; none in one of them when only the other has such a row.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    pub index: usize,
    pub first: Option<usize>,
    pub other: Option<usize>,
}

/// Clusters of both sides of a float column.
struct Clusters {
    first: Vec<u32>,
    other: Vec<u32>,
}

/// One sort key: a column of exact values, or the clusters of floats.
enum Key<'a> {
    Exact(&'a Pair),
    Floats(&'a Pair, Clusters),
}

/// The first difference, in the order of the exact columns and then of the floats.
pub fn difference(pairs: &[Pair], (first_rows, other_rows): (usize, usize)) -> Option<Difference> {
    let (mut exact, mut floats) = (Vec::new(), Vec::new());
    for pair in pairs {
        match clusters(pair, first_rows, other_rows) {
            None => exact.push(Key::Exact(pair)),
            Some(clusters) => floats.push(Key::Floats(pair, clusters)),
        }
    }
    exact.append(&mut floats);
    let keys = exact;
    if first_rows == other_rows && same_by_hash(pairs, &keys, first_rows) {
        return None;
    }
    let first = sorted(first_rows, |a, b| within(&keys, a, b, |key| key.first()));
    let other = sorted(other_rows, |a, b| within(&keys, a, b, |key| key.other()));
    walk(pairs, &keys, &first, &other)
}

/// Whether all rows have a partner, by the quick way: sorted by a hash of the keys, rows at the same place are the same. When they
/// are not, that may be due to two rows with one hash, and says nothing.
fn same_by_hash(pairs: &[Pair], keys: &[Key<'_>], rows: usize) -> bool {
    let first = by_hash(keys, rows, |key| key.first());
    let other = by_hash(keys, rows, |key| key.other());
    first.iter().zip(&other).all(|((left, a), (right, b))| left == right && pairs.iter().all(|pair| pair.same(*a as usize, *b as usize)))
}

/// Hash and place of each row, sorted by hash, then by the floats.
fn by_hash<'a>(keys: &'a [Key<'a>], rows: usize, side: impl Fn(&'a Key<'a>) -> (&'a Side, Option<&'a [u32]>) + Copy) -> Vec<(u64, u32)> {
    let mut hashes = vec![0_u64; rows];
    for key in keys {
        match side(key) {
            (_, Some(clusters)) => hashes.iter_mut().zip(clusters).for_each(|(hash, cluster)| mix(hash, u64::from(*cluster))),
            (side, None) => hashes.iter_mut().enumerate().for_each(|(row, hash)| side.hash(row, |part| mix(hash, part))),
        }
    }
    let mut places: Vec<(u64, u32)> = hashes.into_iter().zip(0..).collect();
    places.sort_unstable_by(|(left, a), (right, b)| left.cmp(right).then_with(|| within(keys, *a as usize, *b as usize, side)));
    places
}

fn mix(hash: &mut u64, part: u64) {
    *hash = (hash.rotate_left(23) ^ part).wrapping_mul(0x9E37_79B9_7F4A_7C15);
}

/// Goes through both sorted lists, one group of equal keys after the other.
fn walk(pairs: &[Pair], keys: &[Key<'_>], first: &[u32], other: &[u32]) -> Option<Difference> {
    let (mut a, mut b) = (0, 0);
    while a < first.len() && b < other.len() {
        match across(keys, first[a] as usize, other[b] as usize) {
            Ordering::Equal => {}
            ordering => return Some(found(a, b, first, other, ordering)),
        }
        let end_a = group_end(keys, first, a, |key| key.first());
        let end_b = group_end(keys, other, b, |key| key.other());
        match match_group(pairs, &first[a..end_a], &other[b..end_b]) {
            None => (a, b) = (end_a, end_b),
            Some((left, right)) => {
                let place = |rows: &[u32], start: usize, at: Option<usize>| at.map(|at| rows[start + at] as usize);
                return Some(Difference {
                    index: a + left.or(right).unwrap_or(0),
                    first: place(first, a, left),
                    other: place(other, b, right),
                });
            }
        }
    }
    match (a < first.len(), b < other.len()) {
        (false, false) => None,
        (true, _) => Some(Difference { index: a, first: Some(first[a] as usize), other: None }),
        (false, true) => Some(Difference { index: b, first: None, other: Some(other[b] as usize) }),
    }
}

/// The difference at `a` and `b`: with equally many rows side by side, else the row that one of them lacks.
fn found(a: usize, b: usize, first: &[u32], other: &[u32], ordering: Ordering) -> Difference {
    let equally_many = first.len() == other.len();
    Difference {
        index: a,
        first: (equally_many || ordering == Ordering::Less).then(|| first[a] as usize),
        other: (equally_many || ordering == Ordering::Greater).then(|| other[b] as usize),
    }
}

/// Pairs the rows of two groups; the first places without a partner, if any are left.
fn match_group(pairs: &[Pair], first: &[u32], other: &[u32]) -> Option<(Option<usize>, Option<usize>)> {
    let same = |a: u32, b: u32| pairs.iter().all(|pair| pair.same(a as usize, b as usize));
    if first.len() == other.len() && first.iter().zip(other).all(|(a, b)| same(*a, *b)) {
        return None;
    }
    let mut taken = vec![false; other.len()];
    // Rows before this place all have a partner.
    let mut open = 0;
    let mut alone = None;
    for (place, row) in first.iter().enumerate() {
        while open < other.len() && taken[open] {
            open += 1;
        }
        match (open..other.len()).find(|at| !taken[*at] && same(*row, other[*at])) {
            Some(at) => taken[at] = true,
            None => {
                alone = Some(place);
                break;
            }
        }
    }
    let left = taken.iter().position(|taken| !taken);
    match (alone, left) {
        (None, None) => None,
        (alone, left) => Some((alone, left)),
    }
}

fn sorted(rows: usize, mut compare: impl FnMut(usize, usize) -> Ordering) -> Vec<u32> {
    let mut places: Vec<u32> = (0..u32::try_from(rows).unwrap_or(u32::MAX)).collect();
    places.sort_unstable_by(|a, b| compare(*a as usize, *b as usize).then(a.cmp(b)));
    places
}

fn group_end<'a>(
    keys: &'a [Key<'a>],
    rows: &[u32],
    start: usize,
    side: impl Fn(&'a Key<'a>) -> (&'a Side, Option<&'a [u32]>) + Copy,
) -> usize {
    let same = |row: &&u32| within_group(keys, rows[start] as usize, **row as usize, side) == Ordering::Equal;
    start + 1 + rows[start + 1..].iter().take_while(same).count()
}

impl Key<'_> {
    fn first(&self) -> (&Side, Option<&[u32]>) {
        match self {
            Key::Exact(pair) => (&pair.first, None),
            Key::Floats(pair, clusters) => (&pair.first, Some(&clusters.first)),
        }
    }

    fn other(&self) -> (&Side, Option<&[u32]>) {
        match self {
            Key::Exact(pair) => (&pair.other, None),
            Key::Floats(pair, clusters) => (&pair.other, Some(&clusters.other)),
        }
    }
}

/// The order of two rows of one result by the keys, and then by the floats themselves.
fn within<'a>(keys: &'a [Key<'a>], a: usize, b: usize, side: impl Fn(&'a Key<'a>) -> (&'a Side, Option<&'a [u32]>) + Copy) -> Ordering {
    within_group(keys, a, b, side).then_with(|| {
        let floats = keys.iter().map(side).filter(|(_, clusters)| clusters.is_some());
        floats.map(|(side, _)| side.order(a, side, b)).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
    })
}

/// The order of two rows of one result by the keys alone.
fn within_group<'a>(keys: &'a [Key<'a>], a: usize, b: usize, side: impl Fn(&'a Key<'a>) -> (&'a Side, Option<&'a [u32]>)) -> Ordering {
    let one = |(side, clusters): (&Side, Option<&[u32]>)| match clusters {
        None => side.order(a, side, b),
        Some(clusters) => clusters[a].cmp(&clusters[b]),
    };
    keys.iter().map(|key| one(side(key))).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// The order of a row of the first result and one of the other.
fn across(keys: &[Key<'_>], a: usize, b: usize) -> Ordering {
    let one = |key: &Key<'_>| match key {
        Key::Exact(pair) => pair.first.order(a, &pair.other, b),
        Key::Floats(_, clusters) => clusters.first[a].cmp(&clusters.other[b]),
    };
    keys.iter().map(one).find(|order| order.is_ne()).unwrap_or(Ordering::Equal)
}

/// Clusters of a pair of float columns, counted from 1 in the order of values; NULL is 0. `None` for other columns.
fn clusters(pair: &Pair, first_rows: usize, other_rows: usize) -> Option<Clusters> {
    let tolerance = pair.tolerance()?;
    let (Values::Floats(first), Values::Floats(other)) = (&pair.first.values, &pair.other.values) else { return None };
    let total = first_rows.checked_add(other_rows).filter(|total| u32::try_from(*total).is_ok())?;
    let value = |place: u32| match (place as usize).checked_sub(first_rows) {
        None => first[place as usize],
        Some(place) => other[place],
    };
    let null = |place: u32| match (place as usize).checked_sub(first_rows) {
        None => pair.first.is_null(place as usize),
        Some(place) => pair.other.is_null(place),
    };
    let mut places: Vec<u32> = (0..total as u32).filter(|place| !null(*place)).collect();
    places.sort_unstable_by(|a, b| order(value(*a), value(*b)));
    let mut clusters = vec![0; total];
    let (mut cluster, mut last) = (0, None);
    for place in places {
        let current = value(place);
        if !last.is_some_and(|last| tolerance.same(last, current)) {
            cluster += 1;
        }
        clusters[place as usize] = cluster;
        last = Some(current);
    }
    let other = clusters.split_off(first_rows);
    Some(Clusters { first: clusters, other })
}
