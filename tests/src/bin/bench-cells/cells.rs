//! Parts `cells` and `polars`: the same cell in every kernel and, as the floor, in a bare compiler; with no, few and many
//! live variables.

use anyhow::Result;

use super::kernels::{Kernel, Who};
use super::machine;
use super::options::Part;
use super::report::{Limit, Row, Unit};
use super::run::Run;

/// A cell, the same thing for a bare compiler, and the text that it must give.
struct Cell {
    code: String,
    bare: String,
    answer: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Expression,
    Let,
    Print,
    Function,
    Iterators,
    Frame,
    Query,
}

impl Kind {
    fn name(self) -> &'static str {
        match self {
            Self::Expression => "expression",
            Self::Let => "let",
            Self::Print => "print",
            Self::Function => "fn and call",
            Self::Iterators => "iterators",
            Self::Frame => "df!",
            Self::Query => "lazy group-by",
        }
    }

    /// The cell, made different from all others by `n`: no cache must know it. With live variables it names some of them.
    fn cell(self, n: u64, variables: usize) -> Cell {
        let bare = |items: &str, parameters: &str, body: &str| {
            format!("{items}\n#[unsafe(no_mangle)]\npub fn cell({parameters}) {{\n{body}\n}}\n")
        };
        match self {
            Self::Expression => {
                let (code, parameters, plus) =
                    if variables == 0 { (format!("{n}_i64 + 1"), "", 1) } else { (format!("{n}_i64 + v0"), "v0: i64", FIRST) };
                Cell { bare: bare("", parameters, &format!("println!(\"{{:?}}\", {code});")), answer: (n + plus).to_string(), code }
            }
            Self::Let => {
                let code = format!("let fresh = vec![{n}_i64, 2, 3];");
                Cell { bare: bare("", "", &format!("{code}\nstd::hint::black_box(&fresh);")), answer: String::new(), code }
            }
            Self::Print => {
                let code = format!("println!(\"{{}} rows\", {n}_i64);");
                Cell { bare: bare("", "", &code), answer: format!("{n} rows"), code }
            }
            Self::Function => {
                let item = format!("fn triple(x: i64) -> i64 {{ 3 * x + {n} }}");
                let answer = (15 + n).to_string();
                Cell { bare: bare(&item, "", "println!(\"{:?}\", triple(5));"), answer, code: format!("{item}\ntriple(5)") }
            }
            Self::Iterators => {
                let code = format!("(0..{n}_i64).filter(|x| x % 3 == 0).map(|x| x * x).sum::<i64>()");
                let answer = (0..n).filter(|x| x % 3 == 0).map(|x| x * x).sum::<u64>().to_string();
                Cell { bare: bare("", "", &format!("println!(\"{{:?}}\", {code});")), answer, code }
            }
            Self::Frame => {
                let code = format!(
                    "let made = df!(\"k\" => [\"x\", \"y\", \"x\"], \"a\" => [{n}_i64, 2, 3]).unwrap();\nprintln!(\"{{:?}}\", made.column(\"a\").unwrap().i64().unwrap().get(0));"
                );
                Cell { bare: bare("", "", &code), answer: format!("Some({n})"), code }
            }
            Self::Query => {
                let (frame, parameters) = if variables == 0 {
                    ("df!(\"k\" => [\"x\", \"y\", \"x\"], \"a\" => [1_i64, 2, 3]).unwrap()", "")
                } else {
                    ("v3.clone()", "v3: &DataFrame")
                };
                let code = format!(
                    "let grouped = {frame}.lazy().filter(col(\"a\").gt(lit(0_i64))).group_by([col(\"k\")])\n    .agg([(col(\"a\") + lit({n}_i64)).sum().alias(\"total\")]).sort([\"total\"], Default::default()).collect().unwrap();\nprintln!(\"{{:?}}\", grouped.column(\"total\").unwrap().i64().unwrap().sum());"
                );
                Cell { bare: bare("", parameters, &code), answer: format!("Some({})", 6 + 3 * n), code }
            }
        }
    }
}

/// The value of the variable `v0`.
const FIRST: u64 = 7;

/// A cell that makes variables `v0` to `v<count - 1>`, of five types in turn, one of them a DataFrame where there is Polars.
fn variables(count: usize, polars: bool) -> String {
    let line = |at: usize| {
        let value = match at % 5 {
            0 => format!("{}_i64", FIRST as usize + at),
            1 => format!("String::from(\"text {at}\")"),
            2 => format!("vec![{at}.5_f64, 1.5]"),
            3 if at > 3 => "v3.clone()".to_owned(),
            3 if polars => "df!(\"k\" => [\"x\", \"y\", \"x\"], \"a\" => [1_i64, 2, 3]).unwrap()".to_owned(),
            3 => "std::collections::BTreeMap::from([(\"k\".to_owned(), vec![1_i64, 2, 3])])".to_owned(),
            _ => format!("std::collections::HashMap::from([(\"k\".to_owned(), {at}_i64)])"),
        };
        format!("let v{at} = {value};")
    };
    (0..count).map(line).collect::<Vec<_>>().join("\n")
}

/// Kinds that are trivial, and what is demanded of them.
const TRIVIAL: [Kind; 5] = [Kind::Expression, Kind::Let, Kind::Print, Kind::Function, Kind::Iterators];
const POLARS: [Kind; 2] = [Kind::Frame, Kind::Query];

/// Largest library of a Polars cell.
const LIBRARY: f64 = 2e6;
/// How much slower a cell may be among live variables.
const AMONG_VARIABLES: f64 = 1.3;

/// Runs the parts that are asked for.
pub fn run(run: &mut Run) -> Result<()> {
    let (trivial, polars) = (run.wants(Part::Cells), run.wants(Part::Polars));
    let kinds: Vec<Kind> = TRIVIAL.into_iter().filter(|_| trivial).chain(POLARS.into_iter().filter(|_| polars)).collect();
    let mut kernels = vec![run.launcher.ready(Who::Ours)?];
    for who in run.launcher.evcxr_kernels() {
        run.say(&format!("starting {}", who.name()));
        kernels.push(run.launcher.ready(who)?);
    }
    let counts: &[usize] = if run.options.quick { &[0, 5] } else { &[0, 5, 50] };
    for &count in counts {
        if count > 0 {
            for kernel in &mut kernels {
                let code = variables(count, kernel.who.has_polars());
                run.say(&format!("{count} live variables in {}", kernel.who.name()));
                kernel.must(&code)?;
            }
        }
        if count == 5 {
            // Ours without variables, in the same rounds: what the others are compared with.
            let mut base = run.launcher.ready(Who::Ours)?;
            base.who = Who::Base;
            kernels.push(base);
        }
        let rows = measure(run, &mut kernels, &kinds, count)?;
        run.rows.extend(rows);
    }
    if polars {
        libraries(run, &mut kernels)?;
    }
    Ok(())
}

fn row(kind: Kind, count: usize) -> Row {
    let part = if POLARS.contains(&kind) { Part::Polars } else { Part::Cells };
    let row = Row::new(part, format!("{}, {count} variables", kind.name()));
    let row = match part {
        Part::Polars => row.target(Limit::TimesFaster(Who::EvcxrPolars, 3.5)).target(Limit::AtMostTimes(Who::Rustc, 1.2)),
        _ => row
            .target(Limit::TimesFaster(Who::EvcxrPolars, 5.0))
            .target(Limit::AtMostTimes(Who::Evcxr, 1.0))
            .target(Limit::AtMostTimes(Who::Rustc, 2.0)),
    };
    // Without variables the query makes its own table: not the same cell.
    let row = if count > 0 && kind != Kind::Query { row.target(Limit::AtMostTimes(Who::Base, AMONG_VARIABLES)) } else { row };
    row.note("rustc: the compiler alone on the user's code; base: ours without variables, in the same rounds")
}

fn measure(run: &mut Run, kernels: &mut [Kernel], kinds: &[Kind], count: usize) -> Result<Vec<Row>> {
    let mut rows: Vec<Row> = kinds.iter().map(|&kind| row(kind, count)).collect();
    let takes_part = |kernel: &Kernel, kind: Kind| match kernel.who {
        Who::Evcxr => !POLARS.contains(&kind),
        Who::Base => kind != Kind::Query,
        _ => true,
    };
    // Round 0 warms up and is not kept.
    for round in 0..=run.options.rounds {
        run.say(&format!("{count} variables: round {round} of {}", run.options.rounds));
        for (&kind, row) in kinds.iter().zip(&mut rows) {
            // The order turns, so that no kernel always runs after the same other one.
            let turns = kernels.len() + 1;
            for turn in 0..turns {
                let at = (turn + round) % turns;
                let n = run.fresh();
                let variables = if kernels.get(at).is_some_and(|kernel| kernel.who == Who::Base) { 0 } else { count };
                let cell = kind.cell(n, variables);
                let Some(kernel) = kernels.get_mut(at) else {
                    let (time, _) = run.bare.compile(&cell.bare)?;
                    if round > 0 {
                        row.push(Who::Rustc, time.as_secs_f64());
                    }
                    continue;
                };
                if !takes_part(kernel, kind) {
                    continue;
                }
                if let Some(time) = run.time(kernel, &cell.code, &cell.answer)?
                    && round > 0
                {
                    row.push(kernel.who, time);
                }
                if kind == Kind::Let && round == run.options.rounds {
                    run.time(kernel, "fresh[0]", &n.to_string())?;
                }
            }
        }
    }
    Ok(rows)
}

/// Sizes of the libraries that the Polars cells load.
fn libraries(run: &mut Run, kernels: &mut [Kernel]) -> Result<()> {
    for kind in POLARS {
        let mut row = Row::new(Part::Polars, format!("library of {}", kind.name()))
            .unit(Unit::Bytes)
            .target(Limit::AtMost(LIBRARY))
            .note("library: what the kernel's processes map anew for one cell");
        for kernel in kernels.iter_mut().filter(|kernel| matches!(kernel.who, Who::Ours | Who::EvcxrPolars)) {
            let cell = kind.cell(run.fresh(), 5);
            let before = machine::libraries(kernel.pid());
            run.time(kernel, &cell.code, &cell.answer)?;
            let after = machine::libraries(kernel.pid());
            let new: u64 = after.iter().filter(|(key, _)| !before.contains_key(*key)).map(|(_, size)| size).sum();
            if new > 0 {
                row.push(kernel.who, new as f64);
            }
        }
        let cell = kind.cell(run.fresh(), 5);
        let (_, size) = run.bare.compile(&cell.bare)?;
        row.push(Who::Rustc, size as f64);
        run.rows.push(row);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_differ_and_say_what_they_give() {
        for kind in TRIVIAL.into_iter().chain(POLARS) {
            for count in [0, 5] {
                assert_ne!(kind.cell(1, count).code, kind.cell(2, count).code);
            }
        }
        assert_eq!(Kind::Iterators.cell(7, 0).answer, "45");
    }

    #[test]
    fn variables_have_a_table_among_them_where_there_is_polars() {
        let code = variables(50, true);
        assert_eq!((code.lines().count(), code.matches("df!").count(), code.matches("v3.clone()").count()), (50, 1, 9));
        assert!(!variables(50, false).contains("df!"));
    }
}
