//! `%engine`: which engines there are, and starting and stopping those that are servers.

use serde_json::{Map, Value, json};

use crate::error::MagicError;
use crate::host::Host;
use crate::nearest::suggestion;
use crate::options::usage_error;
use crate::registry::{Call, Magic};
use crate::spec::{Example, Kind, OptionSpec, Positional, PositionalKind, Spec, ValueKind};
use crate::sql_wire::{Action, EngineControl, EngineState};
use crate::table::{Heading, Table};
use crate::units;

static SPEC: Spec = Spec {
    name: "engine",
    kind: Kind::Line,
    summary: "Lists the engines; starts and stops those that are servers",
    category: "Data",
    options: &[
        OptionSpec::value("workers", ValueKind::Int, "`start spark`: a standalone cluster with this many workers").short('w'),
        OptionSpec::value("memory", ValueKind::Text, "`start spark`: heap of the server, and of each worker's executor")
            .short('m')
            .default("1g"),
        OptionSpec::value("threads", ValueKind::Int, "`start spark`: threads in all").short('t').default("all of this machine"),
        OptionSpec::value("master", ValueKind::Choice(&["local", "cluster"]), "`start spark`: one process, or a cluster of two workers")
            .default("local"),
        OptionSpec::flag("optional", "`start`: says that the engine is not installed instead of failing").short('o'),
    ],
    positional: Some(Positional {
        name: "action engine",
        kind: PositionalKind::Words(2),
        required: false,
        help: "`status` (the default), `start spark` or `stop spark`",
    }),
    examples: &[
        Example { code: "%engine", about: "All engines: installed, running, and how to get them" },
        Example { code: "%engine start spark", about: "Starts Spark on this machine, waits until it answers, warms it up" },
        Example { code: "%engine start spark --workers 2 --memory 1g", about: "A standalone cluster: master, two workers, server" },
        Example { code: "%engine start spark --optional", about: "For notebooks that go on without it" },
        Example { code: "%engine stop spark", about: "Ends it with all its processes; the end of the kernel does so, too" },
    ],
    details: "Servers listen on this machine only and need a secret that the kernel keeps. Starting one that runs with the same settings \
does nothing; with others it is started again. Its temporary views and tables end with it, files and Rust variables stay.\n\n\
A Spark or Trino server that runs elsewhere needs no start: `--connect` of `%%sql` names its address.",
};

/// Settings passed on to the engine as they are.
const SETTINGS: [&str; 4] = ["workers", "memory", "threads", "master"];

/// The magic.
pub struct Engine;

impl Magic for Engine {
    fn spec(&self) -> &'static Spec {
        &SPEC
    }

    fn run(&self, call: &Call, host: &mut dyn Host) -> Result<(), MagicError> {
        let mut request = request(call)?;
        let live = call.live.clone();
        if call.options.flag("optional") && request.action == Action::Start {
            let asked = EngineControl { action: Action::Status, ..request.clone() };
            if host.engine(&asked, &mut |_| {})?.iter().all(|state| !state.available) {
                request = asked;
            }
        }
        host.status(match request.action {
            Action::Start => "starting the engine",
            Action::Stop => "stopping the engine",
            Action::Status => "asking the engines",
        });
        let states = host.engine(&request, &mut |what| live.status(what))?;
        let bundle = table(&states).bundle().with_result(json!({
            "schema": 1, "magic": "engine", "title": title(&request), "engines": states,
        }));
        host.display(&bundle);
        Ok(())
    }
}

fn request(call: &Call) -> Result<EngineControl, MagicError> {
    let words: Vec<&str> = call.options.words().iter().map(String::as_str).collect();
    let wrong = |word: &str, message: String, hint: String| {
        let line = call.options.line();
        let start = line.text.find(word).unwrap_or(0);
        usage_error(line, start..start + word.len(), message, Some(hint))
    };
    let (action, engine) = match words[..] {
        [] | ["status"] => (Action::Status, ""),
        ["status", engine] => (Action::Status, engine),
        ["start", engine] => (Action::Start, engine),
        ["stop", engine] => (Action::Stop, engine),
        [word @ ("start" | "stop")] => {
            return Err(wrong(word, format!("which engine is to {word}?"), format!("for example `%engine {word} spark`")));
        }
        [word, ..] => {
            let near = suggestion(word, ["status", "start", "stop"]);
            let hint = near.unwrap_or_else(|| "write `status`, `start NAME` or `stop NAME`".to_owned());
            return Err(wrong(word, format!("`{word}` is nothing that can be done with an engine"), hint));
        }
    };
    let mut settings = Map::new();
    for name in SETTINGS {
        if !call.options.has(name) {
            continue;
        }
        if action != Action::Start {
            return Err(call.options.error_at(name, format!("`--{name}` belongs to `start`"), None));
        }
        let number = call.options.int(name).filter(|_| matches!(name, "workers" | "threads")).map(Value::from);
        settings.insert(name.to_owned(), number.unwrap_or_else(|| call.options.text(name).map_or(Value::Null, Value::from)));
    }
    Ok(EngineControl { engine: engine.to_owned(), action, settings })
}

fn title(request: &EngineControl) -> String {
    match request.action {
        Action::Start => format!("{} started", request.engine),
        Action::Stop => format!("{} stopped", request.engine),
        Action::Status => "Engines".to_owned(),
    }
}

fn table(states: &[EngineState]) -> Table {
    let seconds = |time: Option<f64>| Some(time.map(units::time).unwrap_or_default());
    let row = |state: &EngineState| {
        let word = match (state.running, state.available) {
            (true, _) => "running",
            (false, true) => "not running",
            (false, false) => "not available",
        };
        vec![
            Some(state.engine.clone()),
            Some(word.to_owned()),
            Some(state.version.clone()),
            Some(state.rss_bytes.map(units::bytes).unwrap_or_default()),
            seconds(state.started_s),
            seconds(state.warmed_s),
        ]
    };
    let headings = vec![
        Heading::text("engine"),
        Heading::text("state"),
        Heading::text("version"),
        Heading::number("memory"),
        Heading::number("start"),
        Heading::number("warm-up"),
    ];
    // Sentences are too long for a column of aligned text.
    let caption = states.iter().filter(|state| !state.detail.is_empty()).map(|state| format!("{}: {}", state.engine, state.detail));
    Table { headings, rows: states.iter().map(row).collect(), caption: caption.collect(), marked: false }
}

#[cfg(test)]
mod tests {
    use crate::sql_wire::{Action, EngineState};
    use crate::testing::{Recorder, plain, run_cell};

    fn spark() -> EngineState {
        EngineState {
            engine: "spark".into(),
            running: true,
            available: true,
            version: "Spark 4.3.0".into(),
            detail: "sc://localhost:1 <b>".into(),
            started_s: Some(12.34),
            warmed_s: Some(3.0),
            rss_bytes: Some(700 << 20),
        }
    }

    #[test]
    fn settings_reach_the_engine() {
        let mut host = Recorder::default();
        host.states.push_back(Ok(vec![spark()]));
        run_cell("%engine start spark --workers 2 --memory 2g", &mut host).unwrap();
        let asked = &host.controls[0];
        assert_eq!((asked.engine.as_str(), asked.action), ("spark", Action::Start));
        assert_eq!(serde_json::Value::from(asked.settings.clone()), serde_json::json!({"workers": 2, "memory": "2g"}));
        let text = host.shown();
        assert!(text.contains("│ spark  │ running │ Spark 4.3.0 │") && text.contains("12.3 s"), "{text}");
        assert!(text.ends_with("spark: sc://localhost:1 <b>"), "{text}");
        assert!(host.shown_html().contains("localhost:1 &lt;b&gt;"), "{}", host.shown_html());
        assert_eq!(host.displays[0].metadata["benchbook"]["engines"][0]["engine"], "spark");
    }

    #[test]
    fn an_optional_engine_is_missed_without_an_error() {
        let mut host = Recorder::default();
        host.states.push_back(Ok(vec![EngineState { running: false, available: false, ..spark() }]));
        host.states.push_back(Ok(vec![EngineState { running: false, available: false, ..spark() }]));
        run_cell("%engine start spark --optional", &mut host).unwrap();
        assert!(host.controls.iter().all(|asked| asked.action == Action::Status), "{:?}", host.controls);
        assert!(host.shown().contains("not available"), "{}", host.shown());
        host.states.push_back(Ok(vec![EngineState { running: false, ..spark() }]));
        host.states.push_back(Ok(vec![spark()]));
        run_cell("%engine start spark --optional", &mut host).unwrap();
        assert_eq!(host.controls.last().unwrap().action, Action::Start);
    }

    #[test]
    fn without_words_all_are_described() {
        let mut host = Recorder::default();
        host.states.push_back(Ok(vec![spark(), EngineState { engine: "trino".into(), ..EngineState::default() }]));
        run_cell("%engine", &mut host).unwrap();
        assert_eq!((host.controls[0].engine.as_str(), host.controls[0].action), ("", Action::Status));
        assert!(host.shown().contains("not available"), "{}", host.shown());
    }

    #[test]
    fn wrong_words_are_pointed_at() {
        let error = |code: &str| plain(&run_cell(code, &mut Recorder::default()).unwrap_err());
        assert!(error("%engine strat spark").contains("start"), "{}", error("%engine strat spark"));
        assert!(error("%engine start").contains("%engine start spark"));
        assert!(error("%engine stop spark --workers 2").contains("belongs to `start`"));
        assert!(error("%engine spark").contains("status"));
    }
}
