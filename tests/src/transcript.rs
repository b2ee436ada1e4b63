//! Everything that one cell did, as a frontend saw it.

use serde_json::Value;

use crate::message::Message;

/// The error of a cell.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Failure {
    pub name: String,
    pub message: String,
    /// What people see, without colours.
    pub shown: String,
    /// The same with its colours.
    pub coloured: String,
}

impl Failure {
    fn of(content: &Value) -> Self {
        let text = |key: &str| content[key].as_str().unwrap_or_default().to_owned();
        let lines = content["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str);
        let coloured = lines.collect::<Vec<_>>().join("\n");
        Self { name: text("ename"), message: text("evalue"), shown: plain(&coloured), coloured }
    }

    /// Asserts that people are told this.
    #[track_caller]
    pub fn says(&self, parts: &[&str]) -> &Self {
        for part in parts {
            assert!(self.shown.contains(part), "`{part}` is not in the error:\n{self:#?}");
        }
        self
    }
}

/// One execution.
#[derive(Debug)]
pub struct Transcript {
    /// What was executed.
    pub code: String,
    pub reply: Value,
    /// The number in `execute_input`; absent when silent.
    pub input_count: Option<u64>,
    /// Outputs between busy and idle, without `execute_input`.
    pub messages: Vec<Message>,
}

impl Transcript {
    /// Takes the outputs apart; at most one error, and only with an error reply that says the same.
    #[track_caller]
    #[must_use]
    pub fn new(code: &str, reply: Value, outputs: Vec<Message>) -> Self {
        let (inputs, messages): (Vec<_>, Vec<_>) = outputs.into_iter().partition(|message| message.kind() == "execute_input");
        assert!(inputs.len() <= 1, "execute_input came {} times", inputs.len());
        let input_count = inputs.first().and_then(|input| input.content["execution_count"].as_u64());
        if let Some(input) = inputs.first() {
            assert_eq!(input.text("code"), code, "the code in execute_input");
        }
        let transcript = Self { code: code.to_owned(), reply, input_count, messages };
        let errors: Vec<&Message> = transcript.of_kind("error");
        assert!(errors.len() <= 1, "more than one error for one cell:\n{}", transcript.text());
        if let Some(error) = errors.first() {
            assert_eq!(transcript.reply["status"], "error", "an error was shown:\n{}", transcript.text());
            assert_eq!(Failure::of(&error.content), Failure::of(&transcript.reply), "the error shown and the error replied");
        }
        transcript
    }

    /// Messages of a type.
    #[must_use]
    pub fn of_kind(&self, kind: &str) -> Vec<&Message> {
        self.messages.iter().filter(|message| message.kind() == kind).collect()
    }

    /// All text printed to a stream.
    fn stream(&self, name: &str) -> String {
        self.of_kind("stream").iter().filter(|message| message.text("name") == name).map(|message| message.text("text")).collect()
    }

    #[must_use]
    pub fn stdout(&self) -> String {
        self.stream("stdout")
    }

    #[must_use]
    pub fn stderr(&self) -> String {
        self.stream("stderr")
    }

    /// Displays of the cell itself; the live line that says what it is doing is not one of them.
    #[must_use]
    pub fn displays(&self) -> Vec<&Message> {
        self.of_kind("display_data").into_iter().filter(|message| !is_status(message)).collect()
    }

    /// Updates of displays; the live line's are not among them.
    #[must_use]
    pub fn updates(&self) -> Vec<&Message> {
        self.of_kind("update_display_data").into_iter().filter(|message| !is_status(message)).collect()
    }

    /// Texts of the live line, in order.
    #[must_use]
    pub fn status_lines(&self) -> Vec<String> {
        self.messages.iter().filter(|message| is_status(message)).map(|message| data(message, "text/plain")).collect()
    }

    /// Plain text of the cell's value; empty when it has none.
    #[must_use]
    pub fn result(&self) -> String {
        self.result_as("text/plain")
    }

    /// The cell's value in a representation; empty when there is none.
    #[track_caller]
    #[must_use]
    pub fn result_as(&self, mime: &str) -> String {
        let results = self.of_kind("execute_result");
        assert!(results.len() <= 1, "more than one value:\n{}", self.text());
        results.first().map(|message| data(message, mime)).unwrap_or_default()
    }

    /// All displays and the value in a representation, one after the other.
    #[must_use]
    pub fn rich(&self, mime: &str) -> String {
        let shown = self.messages.iter().filter(|message| message.content["data"].is_object() && !is_status(message));
        shown.map(|message| data(message, mime)).collect::<Vec<_>>().join("\n")
    }

    /// The `benchbook` metadata of the last output that has one.
    #[track_caller]
    #[must_use]
    pub fn measured(&self) -> &Value {
        let found = self.messages.iter().rev().map(|message| &message.content["metadata"]["benchbook"]).find(|value| value.is_object());
        found.unwrap_or_else(|| panic!("no output has `benchbook` metadata:\n{}", self.text()))
    }

    /// What stands below the cell in the end, with `clear_output` and updates applied as a frontend does.
    #[must_use]
    pub fn left_standing(&self) -> Vec<Message> {
        let mut shown: Vec<Message> = Vec::new();
        let mut clear_at_next = false;
        for message in &self.messages {
            match message.kind() {
                "clear_output" if message.content["wait"] == true => clear_at_next = true,
                "clear_output" => shown.clear(),
                "update_display_data" => {
                    let id = &message.content["transient"]["display_id"];
                    for old in shown.iter_mut().filter(|old| &old.content["transient"]["display_id"] == id) {
                        old.content["data"] = message.content["data"].clone();
                        old.content["metadata"] = message.content["metadata"].clone();
                    }
                }
                _ => {
                    if std::mem::take(&mut clear_at_next) {
                        shown.clear();
                    }
                    shown.push(message.clone());
                }
            }
        }
        shown
    }

    /// Asserts success.
    #[track_caller]
    #[must_use]
    pub fn ok(self) -> Self {
        assert_eq!(self.reply["status"], "ok", "the cell failed:\n{}", self.text());
        assert!(self.of_kind("error").is_empty(), "an error without an error reply:\n{}", self.text());
        self
    }

    /// Asserts failure with an error of this name.
    #[track_caller]
    #[must_use]
    pub fn fails(&self, name: &str) -> Failure {
        assert_eq!(self.reply["status"], "error", "the cell did not fail:\n{}", self.text());
        assert_eq!(self.of_kind("error").len(), 1, "one error is shown:\n{}", self.text());
        let failure = Failure::of(&self.reply);
        assert_eq!(failure.name, name, "the error's name:\n{failure:#?}");
        failure
    }

    /// Everything, for the message of a failing test.
    #[must_use]
    pub fn text(&self) -> String {
        let mut text = format!("--- cell ---\n{}\n--- reply ---\n{}\n--- outputs ---\n", cut(&self.code), cut(&self.reply.to_string()));
        for message in &self.messages {
            text.push_str(&format!("{}: {}\n", message.kind(), cut(&plain(&message.content.to_string()))));
        }
        text
    }
}

/// One representation in a message with MIME types; empty when absent.
#[must_use]
pub fn data(message: &Message, mime: &str) -> String {
    message.content["data"][mime].as_str().unwrap_or_default().to_owned()
}

fn is_status(message: &Message) -> bool {
    message.content["transient"]["display_id"].as_str().is_some_and(|id| id.starts_with("status-"))
}

fn cut(text: &str) -> String {
    let short: String = text.chars().take(1500).collect();
    if short.len() < text.len() { format!("{short} … ({} bytes)", text.len()) } else { short }
}

/// Text without colours.
#[must_use]
pub fn plain(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find("\u{1b}[") {
        plain.push_str(&rest[..at]);
        rest = rest[at..].split_once('m').map_or("", |(_, rest)| rest);
    }
    plain + rest
}
