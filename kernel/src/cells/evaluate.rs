//! Compiles and runs the Rust of one cell, and keeps what later cells need.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus};
use std::sync::Arc;
use std::time::Instant;

use super::cache::{self, Cache, Known, Retry};
use super::compiler::{Compiled, Compiler, Goal};
use super::diagnostic::{Diagnostic, Span};
use super::generate::{self, Loaded};
use super::items::{Defined, Items};
use super::origin::{Line, Origin, Source};
use super::parse::{self, Parsed};
use super::spelling;
use super::variables::Variables;
use super::worker::{Ended, Outcome, Process, Worker};

/// How often a source is written anew before the compiler's refusal is believed.
const ATTEMPTS: usize = 12;
/// Errors that an item left out by mistake can cause: a name, a method or an implementation is not found.
const NOT_FOUND: &[&str] = &[
    "E0277", "E0405", "E0407", "E0411", "E0412", "E0422", "E0423", "E0424", "E0425", "E0432", "E0433", "E0531", "E0532", "E0574", "E0576",
    "E0599", "E0600", "E0604", "E0605", "E0369", "E0282", "E0283", "",
];
/// What makes a library depend on more than its source: such cells are compiled every time.
const READ_ELSEWHERE: &[&str] = &["include!", "include_str!", "include_bytes!", "env!"];

/// Finds the type of a variable where the compiler's own name for it cannot be written: name of the variable to Rust.
pub type FindType = Arc<dyn Fn(&str) -> Option<String> + Send + Sync>;

/// A compiled cell, ready to run.
pub struct Prepared {
    origin: Arc<Origin>,
    parsed: Parsed,
    items: Items,
    /// Nothing to load for a cell of items only.
    library: Option<PathBuf>,
    /// Variables whose type has been redefined.
    lost: Vec<String>,
    consumed: BTreeSet<String>,
    /// The earlier variables that the cell can change, or moves away.
    changeable: Vec<String>,
    pub warnings: Vec<Diagnostic>,
    /// The generated source, and the crates that the types of its variables name.
    text: String,
    crates: Vec<String>,
    /// Name of the generated file, and its lines.
    pub file: String,
    pub lines: Arc<Vec<Line>>,
    /// Seconds in the compiler; 0 when nothing was compiled.
    pub compile_s: f64,
}

impl Prepared {
    /// The earlier variables that the cell can change, or moves away.
    pub fn changeable(&self) -> Vec<String> {
        self.changeable.clone()
    }
}

/// Whether this is one variant of `%%compare`, which runs once per round and defines nothing.
pub fn is_round(source: &str) -> bool {
    source.contains("lab::measure::Round::begin()")
}

/// Why a cell was not compiled.
pub enum Refused {
    Errors {
        errors: Vec<Diagnostic>,
        file: String,
        lines: Arc<Vec<Line>>,
    },
    /// The compiler was stopped.
    Stopped,
    /// Something around the compiler failed.
    Failed(String),
}

/// What a cell has done.
pub struct Done {
    pub outcome: Option<Outcome>,
    /// Variables that went because their type was redefined.
    pub lost: Vec<String>,
    /// New variables that no later cell can name, with their types.
    pub unnameable: Vec<(String, String)>,
}

/// The worker has ended.
pub struct Died {
    pub status: Option<ExitStatus>,
    /// Names of the variables that were in it.
    pub lost: Vec<String>,
}

/// Everything between a cell's text and its effect.
pub struct Evaluator {
    pub compiler: Compiler,
    items: Items,
    variables: Variables,
    cache: Cache,
    /// Where sources and libraries of this session lie.
    folder: PathBuf,
    /// Starts a worker.
    start: Box<dyn Fn() -> Command + Send>,
    worker: Worker,
    /// Spellings of types that the compiler has accepted, by the compiler's name.
    spellings: HashMap<String, String>,
    /// Lines of every generated file, to find where a panic happened.
    files: HashMap<String, Arc<Vec<Line>>>,
    /// Cells that have made or changed variables, for running them again.
    log: Vec<Arc<Origin>>,
    libraries: usize,
    find_type: FindType,
}

impl Evaluator {
    /// Starts a worker.
    ///
    /// # Errors
    /// When it cannot be started.
    pub fn new(
        compiler: Compiler,
        cache: Cache,
        folder: &Path,
        start: Box<dyn Fn() -> Command + Send>,
        find_type: FindType,
    ) -> anyhow::Result<Self> {
        let worker = Worker::start(start())?;
        Ok(Self {
            compiler,
            items: Items::default(),
            variables: Variables::default(),
            cache,
            folder: folder.to_owned(),
            start,
            worker,
            spellings: HashMap::new(),
            files: HashMap::new(),
            log: Vec::new(),
            libraries: 0,
            find_type,
        })
    }

    /// The worker process, for interrupts.
    pub fn handle(&self) -> Process {
        self.worker.handle()
    }

    /// Whether the worker has ended by itself.
    pub fn worker_ended(&self) -> Option<ExitStatus> {
        self.worker.ended()
    }

    pub fn variables(&self) -> &Variables {
        &self.variables
    }

    /// Where a line of a generated file came from.
    pub fn place(&self, file: &str, line: usize) -> Option<Line> {
        self.files.get(file)?.get(line.checked_sub(1)?).cloned()
    }

    /// Ends the worker.
    pub fn kill(&mut self) {
        self.worker.kill();
        self.variables.clear();
    }

    /// Ends the worker and starts another: variables are gone, items stay.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn restart(&mut self) -> anyhow::Result<()> {
        self.kill();
        self.worker = Worker::start((self.start)())?;
        Ok(())
    }

    /// Forgets items and variables.
    ///
    /// # Errors
    /// When no worker can be started.
    pub fn clear(&mut self) -> anyhow::Result<()> {
        self.items = Items::default();
        self.log.clear();
        self.restart()
    }

    /// Cells that have made or changed variables, in order; running them notes them anew.
    pub fn take_log(&mut self) -> Vec<Arc<Origin>> {
        std::mem::take(&mut self.log)
    }

    /// Whether the cell needs the crate behind asynchronous code.
    pub fn awaits(source: &str) -> bool {
        // The word is looked for first: nearly no cell has it, and taking a cell apart twice is work for nothing.
        source.contains("await") && parse::parse(source).awaits
    }

    /// Compiles a cell, or finds it compiled.
    ///
    /// # Errors
    /// What the compiler says; see [`Refused`].
    pub fn prepare(&mut self, origin: &Arc<Origin>) -> Result<Prepared, Refused> {
        let mut parsed = parse::parse(&origin.source);
        let mut items = self.items.clone();
        let own_items = !parsed.items.is_empty() || !parsed.attributes.is_empty();
        items.define(std::mem::take(&mut parsed.items), std::mem::take(&mut parsed.attributes), origin);
        let lost = if own_items { self.variables.made_of(&self.items.changed_types(&items)) } else { Vec::new() };
        let goal = if parsed.runs() { Goal::Library } else { Goal::Check };
        let mut prepared = Prepared {
            origin: Arc::clone(origin),
            parsed,
            items,
            library: None,
            lost,
            consumed: BTreeSet::new(),
            changeable: Vec::new(),
            warnings: Vec::new(),
            text: String::new(),
            crates: Vec::new(),
            file: String::new(),
            lines: Arc::default(),
            compile_s: 0.0,
        };
        if goal == Goal::Check && !own_items {
            return Ok(prepared);
        }
        self.compile(&mut prepared, goal)?;
        Ok(prepared)
    }

    /// The assembly of a cell that is not run, and the name of its generated file.
    ///
    /// # Errors
    /// As [`Evaluator::prepare`].
    pub fn assembly(&mut self, origin: &Arc<Origin>) -> Result<(String, String), Refused> {
        let prepared = self.prepare(origin)?;
        if let Some(library) = &prepared.library {
            let _ = std::fs::remove_file(library);
        }
        let crates = prepared.crates.iter().map(String::as_str).collect();
        let assembly = self.compiler.assembly(&prepared.text, &prepared.file, &self.folder, &crates);
        assembly.map(|text| (text, prepared.file)).map_err(|error| Refused::Failed(format!("{error:#}")))
    }

    fn compile(&mut self, prepared: &mut Prepared, goal: Goal) -> Result<(), Refused> {
        let identity = self.compiler.identity(goal);
        let mut retry = Retry::default();
        for _ in 0..ATTEMPTS {
            let loaded = self.loaded(prepared, &retry)?;
            let source = self.source(prepared, &loaded, &retry);
            let key = cache::key(&[&source.text, &identity]);
            let file = format!("cell_{}.rs", &key[..16]);
            self.libraries += 1;
            // A round is loaded once: the loader knows its library by the name, and the file stays.
            let name = if is_round(&source.text) { format!("round_{}", &key[..16]) } else { format!("cell_{}", self.libraries) };
            let library = self.folder.join(format!("lib{name}.so"));
            if is_round(&source.text) && library.is_file() {
                self.accept(prepared, Some(library), &loaded, Vec::new(), file, source);
                return Ok(());
            }
            let fixed = !READ_ELSEWHERE.iter().any(|name| source.text.contains(name));
            match self.cache.find(&key, &library).filter(|_| fixed) {
                Some(Known::Instead(other)) => {
                    retry = other;
                    continue;
                }
                Some(Known::Compiled { library: found, warnings }) => {
                    self.accept(prepared, found.map(|_| library), &loaded, warnings, file, source);
                    return Ok(());
                }
                None => {}
            }
            let crates: BTreeSet<&str> = loaded.iter().flat_map(|variable| spelling::crates(&variable.spelling)).collect();
            let began = Instant::now();
            let compiled = self
                .compiler
                .compile(&source.text, &file, &self.folder, &library, goal, &crates)
                .map_err(|error| Refused::Failed(format!("{error:#}")))?;
            prepared.compile_s += began.elapsed().as_secs_f64();
            match compiled {
                Compiled::Ok { warnings } => {
                    let library = (goal == Goal::Library).then_some(library);
                    if fixed {
                        self.cache.store_compiled(&key, library.as_deref(), &warnings);
                    }
                    self.accept(prepared, library, &loaded, warnings, file, source);
                    return Ok(());
                }
                Compiled::Killed => return Err(Refused::Stopped),
                Compiled::Refused { errors } => {
                    let next = self.instead(&errors, prepared, &loaded, &retry, &source, &file);
                    if next == retry {
                        let lines = Arc::new(source.into_lines());
                        return Err(Refused::Errors { errors: own_first(errors, &file, &lines), file, lines });
                    }
                    self.cache.store_retry(&key, &next);
                    retry = next;
                }
            }
        }
        Err(Refused::Failed("the cell could not be written in a form that compiles".to_owned()))
    }

    fn accept(
        &mut self,
        prepared: &mut Prepared,
        library: Option<PathBuf>,
        loaded: &[Loaded],
        warnings: Vec<Diagnostic>,
        file: String,
        source: Source,
    ) {
        for variable in loaded {
            if let Some(known) = self.variables.get(&variable.name) {
                self.spellings.insert(known.type_name.clone(), variable.spelling.clone());
            }
        }
        prepared.consumed = loaded.iter().filter(|variable| variable.consumed).map(|variable| variable.name.clone()).collect();
        prepared.changeable =
            loaded.iter().filter(|variable| variable.mutable || variable.consumed).map(|variable| variable.name.clone()).collect();
        prepared.library = library;
        prepared.warnings = warnings;
        prepared.text.clone_from(&source.text);
        prepared.crates = loaded.iter().flat_map(|variable| spelling::crates(&variable.spelling)).map(str::to_owned).collect();
        prepared.lines = Arc::new(source.into_lines());
        self.files.insert(file.clone(), Arc::clone(&prepared.lines));
        prepared.file = file;
    }

    /// The variables that the cell uses.
    fn loaded(&self, prepared: &Prepared, retry: &Retry) -> Result<Vec<Loaded>, Refused> {
        let mut loaded = Vec::new();
        for (name, variable) in self.variables.among(&prepared.parsed.free) {
            if prepared.lost.contains(name) {
                continue;
            }
            let other = retry.spellings.iter().find(|(of, _)| of == name).map(|(_, spelling)| spelling.clone());
            let Some(spelling) = other
                .or_else(|| self.spelling(&variable.type_name))
                .or_else(|| variable.written.clone())
                .or_else(|| (self.find_type)(name))
            else {
                return Err(unnameable(name, &variable.type_name, &prepared.origin));
            };
            loaded.push(Loaded { name: name.clone(), mutable: variable.mutable, spelling, consumed: retry.consumed.contains(name) });
        }
        Ok(loaded)
    }

    fn spelling(&self, type_name: &str) -> Option<String> {
        let known = |name: &str| self.compiler.names(name);
        self.spellings.get(type_name).cloned().or_else(|| spelling::spell(type_name, &known))
    }

    fn source(&self, prepared: &Prepared, loaded: &[Loaded], retry: &Retry) -> Source {
        let items = if retry.all_items { prepared.items.all() } else { needed(prepared, loaded) };
        generate::source(&generate::Parts {
            attributes: prepared.items.attributes(),
            items: &items,
            loaded,
            parsed: &prepared.parsed,
            origin: &prepared.origin,
            not_kept: &retry.not_kept,
        })
    }

    /// What to change so that the compiler may accept the cell; the same `retry` when there is nothing.
    fn instead(&self, errors: &[Diagnostic], prepared: &Prepared, loaded: &[Loaded], retry: &Retry, source: &Source, file: &str) -> Retry {
        let mut next = retry.clone();
        let mut own = false;
        let mut refused: Vec<(&String, &Span, &str)> = Vec::new();
        for error in errors {
            let primary = error.spans.iter().filter(|span| span.is_primary).find_map(|span| span.in_file(file));
            let Some(span) = primary else {
                own = true;
                continue;
            };
            match source.line(span.line_start) {
                // The cell has moved the variable away, or has not given it a value on every way.
                Line::Keep(name) if matches!(error.code(), "E0382" | "E0381" | "E0425") => {
                    next.not_kept.insert(name.clone());
                }
                Line::Return(name) if matches!(error.code(), "E0382" | "E0381") => {
                    next.consumed.insert(name.clone());
                }
                Line::Load(name) => refused.push((name, span, error.code())),
                _ => own = true,
            }
        }
        // From right to left, so that earlier columns stay what they are.
        refused.sort_by_key(|(_, span, _)| std::cmp::Reverse(span.column_start));
        for (name, span, code) in refused {
            let known = next.spellings.iter().find(|(of, _)| of == name).map(|(_, spelling)| spelling.clone());
            let Some(present) = known.or_else(|| loaded.iter().find(|one| one.name == *name).map(|one| one.spelling.clone())) else {
                continue;
            };
            // The type stands behind the first colon of the line that loads the variable.
            let line = source.text.lines().nth(span.line_start.saturating_sub(1)).unwrap_or_default();
            let start = line.find(": ").map_or(0, |at| at + 2);
            let at = span.column_start.saturating_sub(1 + start);
            let shorter = if code == "E0603" { spelling::without_module(&present, at) } else { None };
            if let Some(spelling) = shorter.or_else(|| self.other_spelling(name, &present)) {
                next.spellings.retain(|(of, _)| of != name);
                next.spellings.push((name.clone(), spelling));
            }
        }
        let left_out = !retry.all_items && prepared.items.all().len() > needed(prepared, loaded).len();
        if own && left_out && errors.iter().any(|error| NOT_FOUND.contains(&error.code())) {
            next.all_items = true;
        } else if own && next.spellings == retry.spellings {
            // The cell itself is wrong, whatever becomes of its variables.
            return retry.clone();
        }
        next
    }

    /// Another way to write the type of a variable: what the person wrote, then the analyzer's.
    fn other_spelling(&self, name: &str, present: &str) -> Option<String> {
        let written = self.variables.get(name).and_then(|variable| variable.written.clone()).filter(|other| other != present);
        written.or_else(|| (self.find_type)(name)).filter(|other| other != present)
    }

    /// Runs a compiled cell and keeps what it leaves.
    ///
    /// # Errors
    /// When the worker ends during the cell.
    pub fn run(&mut self, prepared: Prepared) -> Result<Done, Died> {
        if !prepared.lost.is_empty() {
            let forgotten = self.worker.forget(&prepared.lost);
            forgotten.map_err(|ended| self.died(&ended))?;
            prepared.lost.iter().for_each(|name| self.variables.remove(name));
        }
        let mut done = Done { outcome: None, lost: prepared.lost, unnameable: Vec::new() };
        if let Some(library) = &prepared.library {
            let outcome = match self.worker.run(library) {
                Ok(outcome) => outcome,
                Err(ended) => return Err(self.died(&ended)),
            };
            // The loader has it; the file is in nobody's way in memory then.
            if !is_round(&prepared.origin.source) {
                let _ = std::fs::remove_file(library);
            }
            if outcome.not_loaded.is_some() {
                done.outcome = Some(outcome);
                return Ok(done);
            }
            prepared.consumed.iter().for_each(|name| self.variables.remove(name));
            for new in &outcome.new {
                if let Some(binding) = prepared.parsed.bindings.iter().find(|binding| binding.name == new.name) {
                    self.variables.keep(binding, &new.type_name);
                    if binding.type_text.is_none() && self.spelling(&new.type_name).is_none() && spelling::is_closure(&new.type_name) {
                        done.unnameable.push((new.name.clone(), spelling::short(&new.type_name)));
                    }
                }
            }
            self.variables.retain(&outcome.names);
            if outcome.ended == 0 && !(prepared.changeable.is_empty() && outcome.new.is_empty()) {
                if prepared.changeable.is_empty() || is_round(&prepared.origin.source) {
                    // A cell that only defines, run again, need not be restored twice; nor need rounds.
                    self.log.retain(|earlier| earlier.source != prepared.origin.source);
                }
                self.log.push(Arc::clone(&prepared.origin));
            }
            done.outcome = Some(outcome);
        }
        self.items = prepared.items;
        Ok(done)
    }

    /// The worker has ended: the next cell needs another.
    fn died(&mut self, ended: &Ended) -> Died {
        let lost = self.variables.names();
        self.variables.clear();
        Died { status: ended.status, lost }
    }
}

/// The items that the cell can reach, also through the types of its variables.
fn needed(prepared: &Prepared, loaded: &[Loaded]) -> Vec<Arc<Defined>> {
    let mut mentions = prepared.parsed.mentions.clone();
    for variable in loaded {
        mentions.extend(variable.spelling.split(|c: char| !(c.is_alphanumeric() || c == '_')).map(str::to_owned));
    }
    prepared.items.needed(&mentions, &prepared.origin)
}

/// Of several errors, only those about the person's own code; generated lines follow from them.
fn own_first(errors: Vec<Diagnostic>, file: &str, lines: &[Line]) -> Vec<Diagnostic> {
    let is_own = |error: &Diagnostic| {
        let primary = error.spans.iter().filter(|span| span.is_primary).filter_map(|span| span.in_file(file));
        primary.filter_map(|span| lines.get(span.line_start.saturating_sub(1))).any(|line| matches!(line, Line::User { .. }))
    };
    if errors.iter().any(is_own) { errors.into_iter().filter(is_own).collect() } else { errors }
}

fn unnameable(name: &str, type_name: &str, origin: &Arc<Origin>) -> Refused {
    let what =
        if spelling::is_closure(type_name) { "is a closure".to_owned() } else { format!("has the type `{}`", spelling::short(type_name)) };
    let mut error = Diagnostic::own(format!("the variable `{name}` {what}, which has no name that another cell could use"));
    error.children.push(Diagnostic {
        message: format!("keep it in a box: `let {name}: Box<dyn …> = Box::new(…);`, or use it in the cell that defines it"),
        level: "help".into(),
        ..Diagnostic::default()
    });
    let lines = Arc::new(vec![Line::User { origin: Arc::clone(origin), line: 1, column: 0 }]);
    Refused::Errors { errors: vec![error], file: String::new(), lines }
}
