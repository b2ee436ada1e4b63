//! What a rule can be.

use sqlparser::ast::Expr;

/// How a function is said in a target.
#[derive(Debug, Clone, Copy)]
pub enum Change {
    /// By another name, all else alike: `FILTER`, `DISTINCT` and `OVER` stay.
    Name(&'static str),
    /// With its first argument changed by a template in which `$0` is that argument.
    Argument(&'static str),
    /// By a template in which `$0`, `$1`, … are the arguments; not for aggregates.
    Text(&'static str),
    /// Not at all; the sentence goes on after "`NAME`: ".
    Lacks(&'static str),
}

/// A function of DuckDB's that a target says in another way.
#[derive(Debug, Clone, Copy)]
pub struct Function {
    /// DuckDB's names, in lower case.
    pub names: &'static [&'static str],
    /// Number of arguments; `None`: any.
    pub arguments: Option<usize>,
    pub change: Change,
}

impl Function {
    /// Another name.
    pub const fn name(names: &'static [&'static str], name: &'static str) -> Self {
        Self { names, arguments: None, change: Change::Name(name) }
    }

    /// A changed first argument.
    pub const fn argument(names: &'static [&'static str], template: &'static str) -> Self {
        Self { names, arguments: Some(1), change: Change::Argument(template) }
    }

    /// A template.
    pub const fn text(names: &'static [&'static str], arguments: usize, template: &'static str) -> Self {
        Self { names, arguments: Some(arguments), change: Change::Text(template) }
    }

    /// A function that the target lacks.
    pub const fn lacks(names: &'static [&'static str], what_to_do: &'static str) -> Self {
        Self { names, arguments: None, change: Change::Lacks(what_to_do) }
    }
}

/// A rewrite of expressions: `None` when it is not about this one. Its operands are rewritten already.
pub struct Expression {
    /// What it is about, for readers and tests.
    pub about: &'static str,
    pub apply: fn(&Expr) -> Result<Option<Expr>, String>,
}

/// `* EXCLUDE (…)` in a target.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exclude {
    AsItIs,
    /// `* EXCEPT (…)`.
    Except,
    Lacks,
}

/// Where NULLs stand when nothing is said. DuckDB puts them last, always.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Nulls {
    pub last_when_ascending: bool,
    pub last_when_descending: bool,
}

/// How a target differs from DuckDB.
pub struct Dialect {
    /// As in `--engine`.
    pub engine: &'static str,
    /// As people write it.
    pub name: &'static str,
    pub functions: &'static [Function],
    pub expressions: &'static [Expression],
    pub nulls: Nulls,
    pub exclude: Exclude,
    /// Whether it reads `GROUP BY ALL` and `ORDER BY ALL`.
    pub by_all: bool,
    /// Whether `GROUP BY` may name a column of the result.
    pub group_by_alias: bool,
    /// Whether it reads `SEMI JOIN` and `ANTI JOIN`; they are said as `LEFT SEMI JOIN` where `left_semi_join` holds.
    pub semi_join: bool,
    pub left_semi_join: bool,
    /// Whether it reads `DISTINCT ON`.
    pub distinct_on: bool,
    /// Whether it reads `QUALIFY`.
    pub qualify: bool,
    /// Whether every column of a result needs a name of its own: those that have none get their text.
    pub names_columns: bool,
    /// Whether an outer join keeps its unmatched rows only when `ON` compares columns of both sides.
    pub outer_join_on_columns_only: bool,
    /// Whether `*` over `JOIN … USING` brings the joined columns twice.
    pub repeats_using: bool,
    /// The last step, over the printed text.
    pub finish: Option<fn(&str) -> Result<String, String>>,
}
