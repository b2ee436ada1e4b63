//! One Python cell: its request, its outputs as they come, its interrupt, its end.

use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

use crossbeam_channel::RecvTimeoutError;
use magics::bundle::Bundle;
use magics::error::MagicError;
use magics::host::{Event, Stream};
use serde_json::{Map, Value, json};

use super::client::{Channel, Message, Pending};
use super::process::Worker;
use super::{Outlet, POLL};

/// Code that swallows an interrupt gets another one after this time.
const AGAIN: Duration = Duration::from_millis(900);
/// How long a cell has to stop before its worker is killed.
const STOP: Duration = Duration::from_secs(3);

/// How a cell did not come to its end.
pub enum Ended {
    Failed(MagicError),
    /// The worker ended, or had to be ended for this reason.
    Died(Option<String>),
}

/// Code that makes the module `benchbook_events`, a stranger to the user's variables.
const EVENTS: &str = include_str!("events.py");

/// Hears the events of code of ours.
type OnEvent<'a> = &'a mut (dyn FnMut(Event) + 'a);

/// Runs a cell and waits for its reply and its last output.
pub fn run(worker: &Worker, code: &str, outlet: &Outlet<'_>) -> Result<(), Ended> {
    execute(worker, code, outlet, None)
}

/// Runs code of ours, which is no cell of the user's and has no number; its events go to `on_event`.
pub fn measure(worker: &Worker, code: &str, outlet: &Outlet<'_>, on_event: &mut dyn FnMut(Event)) -> Result<(), Ended> {
    if !worker.sends_events.load(Ordering::SeqCst) {
        execute(worker, &events_module(), outlet, Some(&mut |_| {}))?;
        worker.sends_events.store(true, Ordering::SeqCst);
    }
    execute(worker, code, outlet, Some(on_event))
}

fn events_module() -> String {
    let source = Value::from(EVENTS);
    let module = "__import__('sys').modules.setdefault('benchbook_events', __import__('types').ModuleType('benchbook_events'))";
    format!("exec(compile({source}, '<benchbook_events>', 'exec'), {module}.__dict__)")
}

/// Without `on_event`, a cell of the user's.
fn execute<'a>(worker: &'a Worker, code: &str, outlet: &'a Outlet<'a>, on_event: Option<OnEvent<'a>>) -> Result<(), Ended> {
    // An error must not make ipykernel refuse the next cell, whose request may already wait. Code of ours is not silent
    // to ipykernel: only then does it say when it has taken it.
    let content = json!({
        "code": code, "silent": false, "store_history": on_event.is_none(), "user_expressions": {}, "allow_stdin": true,
        "stop_on_error": false
    });
    worker.set_busy(true);
    let pending = worker.client.request(Channel::Shell, "execute_request", &content);
    pending.take_late();
    let running = Running { worker, outlet, on_event, begun: false, idle: false, reply: None, no_input: None, stop: None };
    let ended = running.until_the_end(&pending);
    worker.set_busy(false);
    ended
}

struct Running<'a> {
    worker: &'a Worker,
    outlet: &'a Outlet<'a>,
    /// Where events of code of ours go; a user's cell has none.
    on_event: Option<OnEvent<'a>>,
    /// The worker has taken the cell: from now on it can be interrupted.
    begun: bool,
    idle: bool,
    reply: Option<Value>,
    /// Why a question could not be asked.
    no_input: Option<MagicError>,
    stop: Option<Stop>,
}

struct Stop {
    since: Instant,
    /// The last signal.
    last: Option<Instant>,
}

impl Running<'_> {
    fn until_the_end(mut self, pending: &Pending) -> Result<(), Ended> {
        loop {
            match pending.messages.recv_timeout(POLL) {
                Ok(message) => self.take(&message),
                Err(RecvTimeoutError::Timeout) if self.worker.process.has_ended() => return Err(Ended::Died(None)),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(Ended::Died(None)),
            }
            if self.idle
                && let Some(reply) = self.reply.take()
            {
                return self.outcome(&reply).map_err(Ended::Failed);
            }
            self.interrupt()?;
        }
    }

    /// Passes an interrupt on.
    fn interrupt(&mut self) -> Result<(), Ended> {
        if !self.outlet.io.is_cancelled() && self.no_input.is_none() {
            return Ok(());
        }
        let stop = self.stop.get_or_insert_with(|| Stop { since: Instant::now(), last: None });
        if stop.since.elapsed() > STOP {
            let why = format!("it did not stop within {} s of the interrupt, so it was killed", STOP.as_secs());
            return Err(Ended::Died(Some(why)));
        }
        // Before it has taken the cell, the worker ignores an interrupt; or it is stuck.
        let since = if self.begun { stop.last } else { Some(stop.last.unwrap_or(stop.since)) };
        if since.is_none_or(|since| since.elapsed() > AGAIN) {
            stop.last = Some(Instant::now());
            self.worker.process.interrupt();
        }
        Ok(())
    }

    fn take(&mut self, message: &Message) {
        match message.channel {
            Channel::Iopub => self.output(message),
            Channel::Stdin if message.kind == "input_request" => self.question(message),
            Channel::Shell if message.is_ours => self.reply = Some(message.content.clone()),
            _ => {}
        }
    }

    fn output(&mut self, message: &Message) {
        let (io, content) = (self.outlet.io, &message.content);
        match message.kind.as_str() {
            "status" if message.is_ours && content["execution_state"] == "idle" => self.idle = true,
            "execute_input" if message.is_ours => self.begun = true,
            "stream" => {
                let stream = if content["name"] == "stderr" { Stream::Stderr } else { Stream::Stdout };
                (self.outlet.before_output)();
                io.stream(stream, content["text"].as_str().unwrap_or_default());
            }
            "display_data" => {
                (self.outlet.before_output)();
                io.display(&bundle(content), content["transient"]["display_id"].as_str());
            }
            "update_display_data" => io.update_display(&bundle(content), content["transient"]["display_id"].as_str().unwrap_or_default()),
            // A message type of its own: nothing that a cell displays can pass for one.
            "benchbook_event" if message.is_ours => {
                if let Some(on_event) = &mut self.on_event {
                    on_event(Event { kind: content["kind"].as_str().unwrap_or_default().to_owned(), data: content["data"].clone() });
                }
            }
            "execute_result" if message.is_ours && self.on_event.is_none() => {
                (self.outlet.before_output)();
                io.result(&bundle(content));
            }
            "clear_output" => {
                (self.outlet.before_output)();
                io.clear_output(content["wait"] == true);
            }
            // The error comes with the reply as well; widgets have nobody to speak with.
            _ => {}
        }
    }

    fn question(&mut self, question: &Message) {
        (self.outlet.before_output)();
        let prompt = question.content["prompt"].as_str().unwrap_or_default();
        match self.outlet.io.input(prompt, question.content["password"] == true) {
            Ok(line) => self.worker.client.answer(question, &line),
            // An answer cannot say no: the cell is interrupted instead.
            Err(error) => self.no_input = Some(error),
        }
    }

    fn outcome(self, reply: &Value) -> Result<(), MagicError> {
        for payload in reply["payload"].as_array().into_iter().flatten().filter(|payload| payload["source"] == "page") {
            let mut paged = bundle(payload);
            paged.metadata.insert(crate::protocol::PAGER.into(), Value::Bool(true));
            self.outlet.io.display(&paged, None);
        }
        match (reply["status"].as_str(), self.no_input) {
            (Some("ok"), _) => Ok(()),
            (_, Some(error)) if error.name != "Interrupted" => Err(error),
            _ => Err(python_error(reply)),
        }
    }
}

/// Python's own error, as it shows it.
fn python_error(reply: &Value) -> MagicError {
    let text = |key: &str| reply[key].as_str().unwrap_or_default().to_owned();
    let lines = reply["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str).map(str::to_owned).collect();
    match reply["ename"].as_str() {
        Some(name) => MagicError::new(name, text("evalue")).traceback(lines),
        None => MagicError::new("PythonError", format!("Python answered `{}` and no reason", text("status"))),
    }
}

/// All types as they are. What has no text is named by its types: a frontend that knows none of them shows that.
fn bundle(content: &Value) -> Bundle {
    let map = |key: &str| content[key].as_object().cloned().unwrap_or_else(Map::new);
    let mut data = map("data");
    if !data.contains_key("text/plain") {
        let types: Vec<_> = data.keys().map(String::as_str).collect();
        let text = format!("<{}>", if types.is_empty() { "nothing".to_owned() } else { types.join(", ") });
        data.insert("text/plain".to_owned(), text.into());
    }
    Bundle { data, metadata: map("metadata") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_are_pythons_own() {
        let reply = json!({ "status": "error", "ename": "ValueError", "evalue": "no", "traceback": ["a", "b"] });
        let error = python_error(&reply);
        assert_eq!((error.name.as_str(), error.message.as_str(), error.shown()), ("ValueError", "no", vec!["a".into(), "b".into()]));
        assert!(python_error(&json!({ "status": "aborted" })).message.contains("aborted"));
    }

    #[test]
    fn bundles_keep_all_types_and_metadata() {
        let content = json!({ "data": { "text/html": "<b>", "application/json": {"a": 1} }, "metadata": { "m": 1 } });
        let bundle = bundle(&content);
        assert_eq!((bundle.data["text/html"].as_str(), bundle.metadata["m"].as_i64()), (Some("<b>"), Some(1)));
        assert_eq!(bundle.data["application/json"], json!({"a": 1}));
        assert_eq!(bundle.data["text/plain"], "<application/json, text/html>");
        assert_eq!(super::bundle(&json!({})).data["text/plain"], "<nothing>");
        assert_eq!(super::bundle(&json!({ "data": { "text/plain": "x" } })).data, *json!({ "text/plain": "x" }).as_object().unwrap());
    }
}
