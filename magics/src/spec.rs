//! A magic described as data: help, completion, usage errors, `%lsmagic` and the reference page derive from it.

/// How a magic is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// `%name …`, one line.
    Line,
    /// `%%name …` on the first line; the rest of the cell is its body.
    Cell,
    /// Either. As a line magic the text after the options is the body.
    Both,
}

/// What an option accepts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    /// A whole number; `1e6`, `1_000` and `-3` are understood.
    Int,
    /// A number.
    Float,
    /// A number, or three between slashes, `0.1/1/10`: for the course's scales `ci`, `class` and `big`.
    PerScale,
    /// A length of time: `3s`, `500ms`, `2us`, `1m`; a bare number is seconds.
    Duration,
    /// Any text; quote it when it has spaces.
    Text,
    /// A Rust identifier.
    Name,
    /// One of these words.
    Choice(&'static [&'static str]),
    /// Items separated by commas.
    List,
    /// Several of these words, separated by commas, each at most once.
    Choices(&'static [&'static str]),
    /// A file or folder; `~/` is the home folder.
    Path,
}

impl ValueKind {
    /// How the value is written in help, for example `N` or `duckdb|sqlite`.
    pub fn placeholder(self) -> String {
        match self {
            Self::Int => "N".into(),
            Self::Float => "X".into(),
            Self::PerScale => "X[/X/X]".into(),
            Self::Duration => "TIME".into(),
            Self::Text => "TEXT".into(),
            Self::Name => "NAME".into(),
            Self::Choice(choices) => choices.join("|"),
            Self::List => "A,B,…".into(),
            Self::Choices(choices) => choices.iter().take(2).map(|choice| format!("{choice},")).collect::<String>() + "…",
            Self::Path => "PATH".into(),
        }
    }

    /// What is allowed, in words, for error messages.
    pub fn allowed(self) -> String {
        match self {
            Self::Int => "a whole number, for example `10` or `1e6`".into(),
            Self::Float => "a number, for example `0.1`".into(),
            Self::PerScale => "a number, for example `0.1` or `1e6`, or three for the scales `ci`, `class` and `big`: `0.1/1/10`".into(),
            Self::Duration => "a time, for example `3s`, `500ms` or `1m`".into(),
            Self::Text => "text, in quotes when it has spaces".into(),
            Self::Name => "a Rust name: letters, digits and `_`, not starting with a digit, no keyword".into(),
            Self::Choice(choices) => {
                format!("one of {}", choices.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", "))
            }
            Self::Choices(choices) => {
                format!("some of {}, separated by commas", choices.iter().map(|c| format!("`{c}`")).collect::<Vec<_>>().join(", "))
            }
            Self::List => "items separated by commas, for example `1,2,4`".into(),
            Self::Path => "a path, in quotes when it has spaces".into(),
        }
    }
}

/// One option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionSpec {
    /// Long name without dashes.
    pub long: &'static str,
    pub short: Option<char>,
    /// `None`: a flag.
    pub value: Option<ValueKind>,
    /// Value used when absent, as shown in help; the magic applies it.
    pub default: Option<&'static str>,
    /// One line.
    pub help: &'static str,
    /// May be given several times.
    pub repeat: bool,
}

impl OptionSpec {
    /// A flag.
    pub const fn flag(long: &'static str, help: &'static str) -> Self {
        Self { long, short: None, value: None, default: None, help, repeat: false }
    }

    /// An option with a value.
    pub const fn value(long: &'static str, kind: ValueKind, help: &'static str) -> Self {
        Self { long, short: None, value: Some(kind), default: None, help, repeat: false }
    }

    /// Adds a short name.
    #[must_use]
    pub const fn short(mut self, short: char) -> Self {
        self.short = Some(short);
        self
    }

    /// Says the value used when absent.
    #[must_use]
    pub const fn default(mut self, default: &'static str) -> Self {
        self.default = Some(default);
        self
    }

    /// Allows the option several times.
    #[must_use]
    pub const fn repeat(mut self) -> Self {
        self.repeat = true;
        self
    }

    /// As written in help: `-n, --number N`.
    pub fn written(&self) -> String {
        let mut text = match self.short {
            Some(short) => format!("-{short}, --{}", self.long),
            None => format!("--{}", self.long),
        };
        if let Some(kind) = self.value {
            text.push(' ');
            text.push_str(&kind.placeholder());
        }
        text
    }
}

/// What may follow the options on the magic's line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PositionalKind {
    /// Words; options may stand between them. At most this many.
    Words(usize),
    /// Words out of a list; completed. At most one.
    Choice(&'static [&'static str]),
    /// Code or SQL, verbatim up to the end of the line; options end where it starts.
    Code,
}

/// The part of the line that is no option.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Positional {
    /// As shown in help, for example `set` or `code`.
    pub name: &'static str,
    pub kind: PositionalKind,
    pub required: bool,
    pub help: &'static str,
}

/// An example of use; every example is parsed by a test.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Example {
    /// A whole cell.
    pub code: &'static str,
    /// What it shows, one line.
    pub about: &'static str,
}

/// Everything there is to say about a magic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spec {
    /// Without percent signs.
    pub name: &'static str,
    pub kind: Kind,
    /// One line, no full stop.
    pub summary: &'static str,
    /// Group in `%lsmagic`, for example `Data`, `Measuring`, `Help`.
    pub category: &'static str,
    pub options: &'static [OptionSpec],
    pub positional: Option<Positional>,
    pub examples: &'static [Example],
    /// Paragraphs separated by blank lines; Markdown back-ticks only.
    pub details: &'static str,
}

impl Spec {
    /// The option with this long name.
    pub fn option(&self, long: &str) -> Option<&'static OptionSpec> {
        self.options.iter().find(|option| option.long == long)
    }

    /// Whether `name << …` stores a result: magics whose `--out` takes one name.
    pub fn assigns(&self) -> bool {
        self.option("out").is_some_and(|option| option.value == Some(ValueKind::Name))
    }

    /// The name with its percent signs, the cell form when there is one.
    pub fn written(&self) -> String {
        match self.kind {
            Kind::Line => format!("%{}", self.name),
            Kind::Cell | Kind::Both => format!("%%{}", self.name),
        }
    }

    /// One line of usage: `%%sql [--engine E] … [code]`.
    pub fn usage(&self) -> String {
        let mut text = self.written();
        for option in self.options {
            let name = option.short.map_or_else(|| format!("--{}", option.long), |short| format!("-{short}"));
            let value = option.value.map(|kind| format!(" {}", kind.placeholder())).unwrap_or_default();
            text.push_str(&format!(" [{name}{value}]"));
        }
        if let Some(positional) = &self.positional {
            if positional.required {
                text.push_str(&format!(" {}", positional.name));
            } else {
                text.push_str(&format!(" [{}]", positional.name));
            }
        }
        text
    }
}
