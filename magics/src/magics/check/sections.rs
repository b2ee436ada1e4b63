//! The text of a `%%check` cell in sections, which begin with header lines `%% word key=value …`. Pure.

use crate::error::MagicError;
use crate::headers::{self, Headed};
use crate::nearest::suggestion;
use crate::options::{Line, parse_int, usage_error};
use crate::words::Word;

/// What a section is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Run before the gates of its language; what it defines is theirs.
    Setup,
    /// What the machine must have for this check to mean anything.
    Requires,
    Correct,
    Effect,
    Baseline,
    Solution,
    Evidence,
    Hint,
}

const PARTS: &[(&str, Part)] = &[
    ("setup", Part::Setup),
    ("requires", Part::Requires),
    ("correct", Part::Correct),
    ("effect", Part::Effect),
    ("baseline", Part::Baseline),
    ("solution", Part::Solution),
    ("evidence", Part::Evidence),
    ("hint", Part::Hint),
];

/// Language of a section.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Lang {
    Rust,
    Python,
    Sql,
}

impl Lang {
    /// The language of this name.
    pub fn named(name: &str) -> Option<Self> {
        match name {
            "rust" => Some(Self::Rust),
            "python" => Some(Self::Python),
            "sql" => Some(Self::Sql),
            _ => None,
        }
    }

    /// As in a result object.
    pub fn name(self) -> &'static str {
        match self {
            Self::Rust => "rust",
            Self::Python => "python",
            Self::Sql => "sql",
        }
    }
}

/// A piece of code of the cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Code {
    pub lang: Lang,
    pub text: String,
    /// 1-based line in the cell of the first line of `text`.
    pub line: usize,
}

/// Bounds of an effect: how many times as fast as the baseline the solution must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub at_least: f64,
    pub at_most: Option<f64>,
}

/// What a gate looks at.
#[derive(Debug, Clone, PartialEq)]
pub enum Question {
    /// Code that must be true.
    Holds(Code),
    /// The plan of a query must have these texts, and must not have those.
    Plan {
        code: Code,
        engine: String,
        has: Vec<String>,
        lacks: Vec<String>,
    },
    Effect {
        bounds: Bounds,
        rounds: Option<usize>,
        baseline: Code,
        solution: Code,
    },
}

/// One gate.
#[derive(Debug, Clone, PartialEq)]
pub struct Gate {
    /// `Requires`, `Correct`, `Effect` or `Evidence`.
    pub part: Part,
    pub question: Question,
    /// What the student reads when it fails and the code itself says nothing.
    pub says: Option<String>,
}

/// A whole check.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Sections {
    pub setups: Vec<Code>,
    /// In the order written.
    pub gates: Vec<Gate>,
    pub hints: Vec<String>,
}

/// A header with the text below it.
struct Raw {
    part: Part,
    options: Vec<(String, String)>,
    /// Text after the word.
    rest: String,
    line: Line,
    body: String,
}

/// Takes the cell's text apart; `first` is the number of its first line, `lang` the language of sections that name none.
///
/// # Errors
/// Unknown headers and options, an effect without its two parts or its bound, no gate at all.
pub fn parse(text: &str, first: usize, lang: Lang) -> Result<Sections, MagicError> {
    let divided = headers::divide(text, first);
    let mut raws: Vec<Raw> = Vec::new();
    // Code before all headers says whether the answer is right; its own line is the first that is not empty.
    let blank: usize = divided.before.split_inclusive('\n').take_while(|line| line.trim().is_empty()).count();
    if !divided.before.trim().is_empty() {
        let body: String = divided.before.split_inclusive('\n').skip(blank).collect();
        let line = Line { number: (first + blank).saturating_sub(1), text: String::new() };
        raws.push(Raw { part: Part::Correct, options: Vec::new(), rest: String::new(), line, body });
    }
    for headed in divided.sections {
        raws.push(raw(headed)?);
    }
    let mut sections = Sections::default();
    let mut raws = raws.into_iter().peekable();
    while let Some(raw) = raws.next() {
        match raw.part {
            Part::Hint => {
                let text = [raw.rest.trim(), raw.body.trim()].join("\n");
                sections.hints.push(text.split_whitespace().collect::<Vec<_>>().join(" "));
            }
            Part::Setup => sections.setups.push(raw.code(lang, &["lang"])?),
            Part::Effect => {
                let mut parts = Vec::new();
                while let Some(part) = raws.next_if(|next| matches!(next.part, Part::Baseline | Part::Solution)) {
                    parts.push(part);
                }
                sections.gates.push(effect(&raw, parts, lang)?);
            }
            Part::Baseline | Part::Solution => {
                let message = "this belongs under a line `%% effect at-least=…`";
                return Err(raw.error(message, "write `%% effect at-least=3` above `%% baseline` and `%% solution`"));
            }
            Part::Requires | Part::Correct | Part::Evidence => sections.gates.push(holds(&raw, lang)?),
        }
    }
    if !sections.gates.iter().any(|gate| gate.part != Part::Requires) {
        let hint = "write `%% correct`, and below it code that is true, or whose `assert!`s pass, when the answer is right";
        return Err(MagicError::usage("`%%check` has nothing to check").hint(hint));
    }
    Ok(sections)
}

/// The code at this byte of a check's text: its own language, if its header names one, and its bytes; `None` on a header or in a hint.
pub fn section_at(text: &str, position: usize) -> Option<(Option<&'static str>, std::ops::Range<usize>)> {
    let (header_line, code) = headers::section_at(text, position)?;
    let words: Vec<&str> = header_line.unwrap_or("").trim_start().trim_start_matches("%%").split_whitespace().collect();
    if words.first() == Some(&"hint") {
        return None;
    }
    let named = words.iter().find_map(|word| Lang::named(word.strip_prefix("lang=")?));
    let plan = words.iter().any(|word| word.starts_with("plan"));
    Some((named.map(Lang::name).or(plan.then_some(Lang::Sql.name())), code))
}

fn raw(Headed { line, body }: Headed) -> Result<Raw, MagicError> {
    let known =
        "a header is one of `%% setup`, `%% requires`, `%% correct`, `%% effect`, `%% baseline`, `%% solution`, `%% evidence`, `%% hint`";
    let start = line.text.len() - line.text.trim_start().trim_start_matches('%').trim_start().len();
    let end = line.text[start..].find(char::is_whitespace).map_or(line.text.len(), |at| start + at);
    let name = &line.text[start..end];
    let Some((_, part)) = PARTS.iter().find(|(known, _)| *known == name) else {
        let near = suggestion(name, PARTS.iter().map(|(name, _)| *name));
        return Err(usage_error(&line, start..end, format!("unknown section `{name}`"), Some(near.unwrap_or_else(|| known.to_owned()))));
    };
    // A hint is prose, in which a quote need not be closed.
    let options = if *part == Part::Hint { Vec::new() } else { options(&line)? };
    let rest = line.text[end..].trim().to_owned();
    Ok(Raw { part: *part, options, rest, line, body })
}

/// The `key=value` after the name.
fn options(line: &Line) -> Result<Vec<(String, String)>, MagicError> {
    let option = |word: Word| match word.text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => {
            let hint = Some("options are written `key=value`; code stands below the line".into());
            Err(usage_error(line, word.span.clone(), format!("`{}` is no option", word.text), hint))
        }
    };
    headers::words(line)?.into_iter().skip(1).map(option).collect()
}

impl Raw {
    fn error(&self, message: impl Into<String>, hint: &str) -> MagicError {
        usage_error(&self.line, 0..self.line.text.len(), message, Some(hint.to_owned()))
    }

    fn get(&self, key: &str) -> Option<&str> {
        self.options.iter().rev().find(|(known, _)| known == key).map(|(_, value)| value.as_str())
    }

    fn all(&self, key: &str) -> Vec<String> {
        self.options.iter().filter(|(known, _)| known == key).map(|(_, value)| value.clone()).collect()
    }

    fn check_keys(&self, allowed: &[&str]) -> Result<(), MagicError> {
        match self.options.iter().find(|(key, _)| !allowed.contains(&key.as_str())) {
            None => Ok(()),
            Some((key, _)) => {
                let list: Vec<String> = allowed.iter().map(|key| format!("`{key}=`")).collect();
                let hint = suggestion(key, allowed.iter().copied()).unwrap_or_else(|| format!("it takes {}", list.join(", ")));
                Err(self.error(format!("unknown option `{key}=`"), &hint))
            }
        }
    }

    fn number(&self, key: &str) -> Result<Option<f64>, MagicError> {
        let Some(text) = self.get(key) else { return Ok(None) };
        match text.parse::<f64>() {
            Ok(number) if number > 0.0 && number.is_finite() => Ok(Some(number)),
            _ => Err(self.error(format!("`{key}={text}` is no number above 0"), &format!("for example `{key}=3`"))),
        }
    }

    fn lang(&self, default: Lang) -> Result<Lang, MagicError> {
        match self.get("lang") {
            None => Ok(default),
            Some(name) => Lang::named(name).ok_or_else(|| self.error(format!("unknown language `{name}`"), "it is rust, python or sql")),
        }
    }

    fn code(&self, default: Lang, allowed: &[&str]) -> Result<Code, MagicError> {
        self.check_keys(allowed)?;
        let lang = self.lang(default)?;
        if lang == Lang::Sql && self.part != Part::Correct && self.part != Part::Evidence {
            return Err(self.error("SQL can be a gate, but nothing else", "write `lang=rust` or `lang=python`"));
        }
        if self.body.trim().is_empty() {
            return Err(self.error("there is no code below this line", "write it there, up to the next `%%` line"));
        }
        Ok(Code { lang, text: self.body.clone(), line: self.line.number + 1 })
    }
}

fn holds(raw: &Raw, lang: Lang) -> Result<Gate, MagicError> {
    let says = raw.get("says").map(str::to_owned);
    let (has, lacks) = (raw.all("plan"), raw.all("plan-lacks"));
    if has.is_empty() && lacks.is_empty() {
        return Ok(Gate { part: raw.part, question: Question::Holds(raw.code(lang, &["lang", "says"])?), says });
    }
    let code = raw.code(Lang::Sql, &["lang", "says", "plan", "plan-lacks", "engine"])?;
    if code.lang != Lang::Sql {
        return Err(raw.error("only a query has a plan", "leave `lang=` out, or leave `plan=` out"));
    }
    let engine = raw.get("engine").unwrap_or("duckdb").to_owned();
    Ok(Gate { part: raw.part, question: Question::Plan { code, engine, has, lacks }, says })
}

fn effect(raw: &Raw, parts: Vec<Raw>, default: Lang) -> Result<Gate, MagicError> {
    raw.check_keys(&["at-least", "at-most", "rounds", "lang", "says"])?;
    if !raw.body.trim().is_empty() {
        return Err(raw.error("code of an effect stands in two parts", "write it below `%% baseline` and `%% solution`"));
    }
    let lang = raw.lang(default)?;
    let Some(at_least) = raw.number("at-least")? else {
        return Err(raw.error("how many times as fast must it be?", "write `%% effect at-least=3`"));
    };
    let at_most = raw.number("at-most")?;
    if at_most.is_some_and(|most| most <= at_least) {
        return Err(raw.error("`at-most` must be above `at-least`", "for example `%% effect at-least=3 at-most=1000`"));
    }
    let rounds = match raw.get("rounds") {
        None => None,
        Some(text) => match parse_int(text).and_then(|n| usize::try_from(n).ok()).filter(|n| (6..=1000).contains(n)) {
            Some(rounds) => Some(rounds),
            None => return Err(raw.error(format!("`rounds={text}` is out of range"), "6 to 1000; below 6 there is no interval")),
        },
    };
    let mut found: [Option<Code>; 2] = [None, None];
    for part in &parts {
        let slot = &mut found[usize::from(part.part == Part::Solution)];
        if slot.is_some() {
            return Err(part.error("this part is there twice", "an effect has one `%% baseline` and one `%% solution`"));
        }
        *slot = Some(part.code(lang, &["lang"])?);
    }
    let [Some(baseline), Some(solution)] = found else {
        return Err(
            raw.error("an effect compares two pieces of code", "write `%% baseline` and `%% solution` below it, each with its code")
        );
    };
    let question = Question::Effect { bounds: Bounds { at_least, at_most }, rounds, baseline, solution };
    Ok(Gate { part: Part::Effect, question, says: raw.get("says").map(str::to_owned) })
}

impl Part {
    /// As in a result object.
    pub fn name(self) -> &'static str {
        PARTS.iter().find(|(_, part)| *part == self).map_or("", |(name, _)| name)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::plain;

    const WHOLE: &str = "\n%% hint Look at\n   the loop\n%% setup\nlet v = vec![1];\n%% correct says=\"two words\"\nf(&v) == 1\n\
        %% effect at-least=3 at-most=1e3 rounds=9\n%% baseline\nslow()\n%% solution lang=python\nfast()\n\
        %% evidence plan=INDEX plan-lacks=SCAN engine=sqlite\nSELECT 1\n";

    #[test]
    fn a_whole_check() {
        let sections = parse(WHOLE, 2, Lang::Rust).unwrap();
        assert_eq!(sections.hints, ["Look at the loop"]);
        assert_eq!(sections.setups, [Code { lang: Lang::Rust, text: "let v = vec![1];\n".into(), line: 6 }]);
        let parts: Vec<_> = sections.gates.iter().map(|gate| gate.part.name()).collect();
        assert_eq!(parts, ["correct", "effect", "evidence"]);
        assert_eq!(sections.gates[0].says.as_deref(), Some("two words"));
        let Question::Effect { bounds, rounds, baseline, solution } = &sections.gates[1].question else { panic!() };
        assert_eq!((*bounds, *rounds), (Bounds { at_least: 3.0, at_most: Some(1000.0) }, Some(9)));
        assert_eq!((baseline.lang, solution.lang, solution.line), (Lang::Rust, Lang::Python, 13));
        let Question::Plan { engine, has, lacks, .. } = &sections.gates[2].question else { panic!() };
        assert_eq!((engine.as_str(), has.as_slice(), lacks.as_slice()), ("sqlite", &["INDEX".to_owned()][..], &["SCAN".to_owned()][..]));
    }

    #[test]
    fn code_without_a_header_says_whether_it_is_right() {
        let sections = parse("\nassert!(true);\n", 2, Lang::Python).unwrap();
        let Question::Holds(code) = &sections.gates[0].question else { panic!() };
        assert_eq!((code.lang, code.line, sections.gates[0].part), (Lang::Python, 3, Part::Correct));
    }

    #[test]
    fn where_a_position_is() {
        let text = "a\n%% correct lang=python\nbb\n%% hint\nx\n%% evidence plan=SCAN\nSELECT 1";
        let at = |wanted: &str| section_at(text, text.find(wanted).unwrap()).map(|(lang, span)| (lang, &text[span]));
        assert_eq!(section_at(text, 0).map(|(lang, span)| (lang, &text[span])), Some((None, "a\n")));
        assert_eq!(at("bb"), Some((Some("python"), "bb\n")));
        assert_eq!((at("correct"), at("x\n")), (None, None));
        assert_eq!(at("SELECT"), Some((Some("sql"), "SELECT 1")));
    }

    #[test]
    fn mistakes_are_told_with_what_to_write() {
        for (text, wanted) in [
            ("", "nothing to check"),
            ("%% hint x", "nothing to check"),
            ("%% corect\n1", "did you mean `correct`"),
            ("%% correct\n", "no code below"),
            ("%% correct says=\"x\n1", "never closed"),
            ("%% correct colour=red\n1", "unknown option"),
            ("%% correct lang=r\n1", "unknown language"),
            ("%% correct fast\n1", "is no option"),
            ("%% baseline\n1", "belongs under"),
            ("%% effect\n%% baseline\n1\n%% solution\n2", "how many times"),
            ("%% effect at-least=x\n%% baseline\n1\n%% solution\n2", "no number above 0"),
            ("%% effect at-least=3 at-most=2\n%% baseline\n1\n%% solution\n2", "must be above"),
            ("%% effect at-least=3 rounds=5\n%% baseline\n1\n%% solution\n2", "6 to 1000"),
            ("%% effect at-least=3\n%% baseline\n1", "compares two pieces"),
            ("%% effect at-least=3\n%% baseline\n1\n%% baseline\n2", "twice"),
            ("%% effect at-least=3\nf()\n%% baseline\n1\n%% solution\n2", "two parts"),
            ("%% effect at-least=3 lang=sql\n%% baseline\n1\n%% solution\n2", "SQL can be a gate"),
        ] {
            let error = plain(&parse(text, 2, Lang::Rust).unwrap_err());
            assert!(error.contains(wanted), "{text:?}: {error}");
        }
    }
}
