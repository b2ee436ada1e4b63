//! Arguments of `benchbook data`.

use std::path::PathBuf;
use std::str::FromStr;

use crate::error::DataError;
use crate::format::Format;
use crate::request::Request;
use crate::scale::{self, Scale};
use crate::sets::{SetInfo, sets};

/// What to do.
#[derive(Debug, PartialEq)]
pub enum Action {
    /// Print the help.
    Help,
    /// List what can be made and what is there.
    List,
    /// Verify one folder, or all.
    Verify(Option<PathBuf>),
    /// Make a set.
    Make(Request),
}

/// Parsed arguments.
#[derive(Debug, PartialEq)]
pub struct Args {
    /// What to do.
    pub action: Action,
    /// The data root, if not the default one.
    pub dir: Option<PathBuf>,
    /// JSON lines instead of text.
    pub json: bool,
    /// Make again what is there already.
    pub force: bool,
}

/// Options with a value that every set has.
const COMMON: [&str; 3] = ["dir", "formats", "scale"];
const FLAGS: [&str; 3] = ["json", "force", "help"];

impl Args {
    /// Parses the arguments after `data`.
    ///
    /// # Errors
    /// [`DataError::BadRequest`] that names the nearest match for an unknown word.
    pub fn parse(args: &[String]) -> Result<Self, DataError> {
        let mut words = Vec::new();
        let mut flags = Vec::new();
        let mut values: Vec<(String, String)> = Vec::new();
        let mut rest = args.iter();
        while let Some(arg) = rest.next() {
            let Some(option) = arg.strip_prefix("--") else {
                if arg == "-h" {
                    flags.push("help");
                } else {
                    words.push(arg.as_str());
                }
                continue;
            };
            if let Some(flag) = FLAGS.into_iter().find(|flag| *flag == option) {
                flags.push(flag);
                continue;
            }
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            if !options().contains(&name) {
                return Err(unknown("option", "--", name, &[options(), FLAGS.to_vec()].concat()));
            }
            let value = value.or_else(|| rest.next().cloned());
            let value = value.ok_or_else(|| bad(format!("option --{name} needs a value")))?;
            values.push((name.to_owned(), value));
        }
        let action = if flags.contains(&"help") { Action::Help } else { action(&words, &values)? };
        let dir = values.iter().rev().find(|(name, _)| name == "dir").map(|(_, value)| PathBuf::from(value));
        Ok(Self { action, dir, json: flags.contains(&"json"), force: flags.contains(&"force") })
    }
}

/// Options with a value: those of all sets and every parameter of every set.
fn options() -> Vec<&'static str> {
    let parameters = sets().flat_map(|set| set.parameters).map(|parameter| parameter.name);
    let mut names: Vec<_> = parameters.chain(COMMON).collect();
    names.sort_unstable();
    names.dedup();
    names
}

fn action(words: &[&str], values: &[(String, String)]) -> Result<Action, DataError> {
    let only = |set: Option<&SetInfo>| {
        let of_set = |set: &SetInfo, name: &str| COMMON.contains(&name) || set.parameters.iter().any(|p| p.name == name);
        let allowed = |name: &str| name == "dir" || set.is_some_and(|set| of_set(set, name));
        match values.iter().find(|(name, _)| !allowed(name)) {
            Some((name, _)) => Err(bad(format!("option --{name} does not belong to `{}`; see --help", words.first().unwrap_or(&"list")))),
            None => Ok(()),
        }
    };
    match words {
        [] | ["list"] => only(None).map(|()| Action::List),
        ["verify"] => only(None).map(|()| Action::Verify(None)),
        ["verify", dir] => only(None).map(|()| Action::Verify(Some(PathBuf::from(dir)))),
        [name] => {
            let Some(set) = sets().find(|set| set.name == *name) else {
                let known: Vec<_> = sets().map(|set| set.name).chain(["list", "verify"]).collect();
                return Err(unknown("dataset", "", name, &known));
            };
            only(Some(set))?;
            request(set, values).map(Action::Make)
        }
        [_, extra, ..] => Err(bad(format!("unexpected word `{extra}`; parameters are given as options, see --help"))),
    }
}

fn request(set: &SetInfo, values: &[(String, String)]) -> Result<Request, DataError> {
    let given = |name: &str| values.iter().rev().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
    let scale = given("scale").map_or_else(Scale::from_environment, str::parse)?;
    let mut request = Request::new(set.name, scale)?;
    for parameter in set.parameters {
        let Some(text) = given(parameter.name) else { continue };
        let wrong = |text: &str| {
            let three = if text.contains('/') { " or three between slashes, one for each of the scales ci, class and big" } else { "" };
            bad(format!("--{} takes {} from {}{three}, not `{text}`", parameter.name, parameter.range.kind(), parameter.range))
        };
        let number = parameter.range.parse(of_scale(text, scale).ok_or_else(|| wrong(text))?).ok_or_else(|| wrong(text))?;
        request = request.with(parameter.name, number);
    }
    if let Some(formats) = given("formats") {
        let formats = formats.split(',').map(|format| Format::from_str(format.trim())).collect::<Result<Vec<_>, _>>()?;
        request = request.formats(&formats);
    }
    request.check()?;
    Ok(request)
}

/// What a value says for a scale: the value, or one of three between slashes (`0.1/1/10`).
fn of_scale(text: &str, scale: Scale) -> Option<&str> {
    match text.split('/').collect::<Vec<_>>()[..] {
        [one] => Some(one),
        [ci, class, big] => Some([ci, class, big][scale as usize]),
        _ => None,
    }
}

fn bad(text: String) -> DataError {
    DataError::BadRequest(text)
}

fn unknown(what: &str, dashes: &str, word: &str, known: &[&str]) -> DataError {
    let nearest = known.iter().min_by_key(|candidate| distance(word, candidate)).copied().unwrap_or_default();
    let hint = if distance(word, nearest) <= 2 { format!("did you mean `{dashes}{nearest}`?") } else { "see --help".to_owned() };
    bad(format!("unknown {what} `{dashes}{word}`; {hint}"))
}

/// Edits that turn one word into the other.
fn distance(a: &str, b: &str) -> usize {
    let mut row: Vec<usize> = (0..=b.chars().count()).collect();
    for (i, x) in a.chars().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.chars().enumerate() {
            let above = row[j + 1];
            row[j + 1] = (diagonal + usize::from(x != y)).min(above + 1).min(row[j] + 1);
            diagonal = above;
        }
    }
    row[b.chars().count()]
}

/// The text of `benchbook data --help`, derived from the description of the sets.
pub fn help() -> String {
    let mut text = String::from(
        "Makes datasets for the course: generated here, the same bytes everywhere, checked before every use.\n\nUsage: benchbook data [SET [OPTIONS] | list | verify [FOLDER]]\n",
    );
    for set in sets() {
        text += &format!("\n{}: {}\n", set.name, set.about);
        for parameter in set.parameters {
            let default = parameter.default_text();
            text += &format!("  --{:<9} {} [{}; default {default}]\n", parameter.name, parameter.about, parameter.range);
        }
        text += &format!("  --formats   out of {} [default {}]\n", Format::list(set.formats), set.default_formats);
    }
    text += &format!(
        "\nFor all:\n  --scale S   sizes that are not given: ci, class or big [default: {}, else ci]; a size may be given\n              for each of them: --sf 0.1/1/10\n  --dir DIR   where sets are kept [default: BENCHBOOK_DATA, else the user's cache folder]\n  --force     make again what is there already\n  --json      progress and result as JSON lines on standard output",
        scale::VARIABLE
    );
    text
}

#[cfg(test)]
mod tests {
    use super::{Action, Args};
    use crate::format::Format;
    use crate::request::Request;
    use crate::scale::Scale;
    use crate::sets::Number;

    fn parse(line: &str) -> Result<Args, String> {
        let words: Vec<_> = line.split_whitespace().map(str::to_owned).collect();
        Args::parse(&words).map_err(|error| error.to_string())
    }

    #[test]
    fn requests() {
        let args = parse("tpch --sf=0.1 --json --dir /data").expect("valid");
        let request = |set, name, value| Request::new(set, Scale::Ci).expect("known").with(name, value);
        assert_eq!(args.action, Action::Make(request("tpch", "sf", Number::Real(0.1))));
        assert!(args.json && !args.force && args.dir.is_some());
        let args = parse("stocks --days 5 --formats csv,parquet --force").expect("valid");
        let wanted = request("stocks", "days", Number::Whole(5)).formats(&[Format::Csv, Format::Parquet]);
        assert_eq!(args.action, Action::Make(wanted));
        let class = Request::new("taxi", Scale::Class).expect("known");
        assert_eq!(parse("taxi --scale class").expect("valid").action, Action::Make(class.clone()));
        let rows = class.with("rows", Number::Whole(1000));
        assert_eq!(parse("taxi --rows 1e3 --scale class").expect("valid").action, Action::Make(rows));
        for (line, sf) in
            [("tpch --sf 0.1/1/10 --scale ci", 0.1), ("tpch --sf 0.1/1/10 --scale class", 1.0), ("tpch --scale big --sf 0.1/1/10", 10.0)]
        {
            assert_eq!(parse(line).expect("valid").action, Action::Make(request("tpch", "sf", Number::Real(sf))), "{line}");
        }
        assert_eq!(parse("").expect("valid").action, Action::List);
        assert_eq!(parse("tpch --help").expect("valid").action, Action::Help);
    }

    #[test]
    fn mistakes_are_explained() {
        for (line, part) in [
            ("tpcg", "did you mean `tpch`?"),
            ("tpch --df 1", "did you mean `--sf`?"),
            ("tpch --days 3", "does not belong to `tpch`"),
            ("tpch --sf large", "takes a number from 0.001 to 10"),
            ("tpch --scale huge", "unknown scale `huge`"),
            ("taxi --formats txt", "cannot be written as txt: use parquet,csv,jsonl"),
            ("h2o --rows 10 --groups 20", "need at least as many rows"),
            ("list --scale ci", "does not belong to `list`"),
            ("tpch --sf 99", "out of range"),
            ("tpch --sf nan", "out of range"),
            ("tpch --sf 0.1/1", "or three between slashes, one for each of the scales ci, class and big, not `0.1/1`"),
            ("tpch --sf 0.1/x/10 --scale class", "big, not `0.1/x/10`"),
            ("tpch --sf", "needs a value"),
            ("stocks --days -1", "takes a whole number from 1 to 2520"),
            ("stocks --days 5.5", "takes a whole number from 1 to 2520, not `5.5`"),
            ("stocks --formats xml", "unknown format `xml`"),
            ("tpch 0.1", "unexpected word `0.1`"),
        ] {
            let error = parse(line).expect_err(line);
            assert!(error.contains(part), "{line}: {error}");
        }
    }
}
