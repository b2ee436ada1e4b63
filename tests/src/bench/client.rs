//! A Jupyter client that times what it asks for.
//!
//! It forgives what [`crate::frontend`] does not: evcxr_jupyter sends no greeting, leaves fields out and may print after idle.

use std::collections::HashMap;
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, bail, ensure};
use jupyter_protocol::connection_info::ConnectionInfo;
use jupyter_protocol::messaging::{JupyterMessage, JupyterMessageContent, UnknownMessage};
use jupyter_zmq_client::{
    Connection, DealerSendConnection, RawMessage, create_client_control_connection, create_client_iopub_connection,
    create_client_shell_connection_with_identity, peer_identity_for_session,
};
use serde_json::{Value, json};
use tokio::runtime::Runtime;
use zeromq::SocketRecv;

use crate::transcript::plain;

/// How long printed text may take that comes after idle.
const LATE: Duration = Duration::from_secs(2);
/// How long a kernel may take to greet; evcxr_jupyter greets only when its analyzer is there.
const GREETING: Duration = Duration::from_secs(120);

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Channel {
    Shell,
    Control,
    Iopub,
}

/// One message and when it came.
#[derive(Debug)]
struct Incoming {
    at: Instant,
    channel: Channel,
    kind: String,
    parent: String,
    content: Value,
}

/// What a request led to.
#[derive(Debug)]
pub struct Answer {
    /// From sending to the reply, and to idle if that came later.
    pub time: Duration,
    /// Content of the reply.
    pub reply: Value,
    /// From sending to the last printed text, when that came after both.
    pub printed: Duration,
    /// Values and printed text, in the order of arrival.
    pub text: String,
    /// Contents of displays and of the result.
    pub displays: Vec<Value>,
    /// What the kernel said of errors.
    pub errors: String,
}

struct Request {
    id: String,
    sent: Instant,
}

/// A cell or another request under way.
pub struct Pending(Request);

/// A connected client.
pub struct Client {
    shell: DealerSendConnection,
    control: DealerSendConnection,
    inbox: Receiver<Incoming>,
    /// Messages of other requests than the one that was waited for.
    backlog: HashMap<String, Vec<Incoming>>,
    /// What the kernel says of its version.
    pub version: String,
}

fn runtime() -> Result<&'static Runtime> {
    static RUNTIME: OnceLock<std::io::Result<Runtime>> = OnceLock::new();
    let made = RUNTIME.get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build());
    made.as_ref().map_err(|error| anyhow::anyhow!("threads for the sockets could not be started: {error}"))
}

fn listen<S: SocketRecv + Send + 'static>(runtime: &Runtime, channel: Channel, mut connection: Connection<S>, inbox: Sender<Incoming>) {
    runtime.spawn(async move {
        while let Ok(frames) = connection.socket.recv().await {
            let at = Instant::now();
            // What cannot be read is missing where it is waited for, and that is told there.
            let Ok(raw) = RawMessage::from_multipart(frames, &connection.mac) else { continue };
            let frame =
                |index: usize| raw.jparts.get(index).and_then(|part| serde_json::from_slice::<Value>(part).ok()).unwrap_or_default();
            let text = |value: &Value, key: &str| value[key].as_str().unwrap_or_default().to_owned();
            let (kind, parent) = (text(&frame(0), "msg_type"), text(&frame(1), "msg_id"));
            if inbox.send(Incoming { at, channel, kind, parent, content: frame(3) }).is_err() {
                return;
            }
        }
    });
}

impl Client {
    /// Connects to a kernel that listens, and waits until it answers on both sockets.
    ///
    /// # Errors
    /// A socket that cannot be reached, or no answer in time.
    pub fn connect(info: &ConnectionInfo) -> Result<Self> {
        let runtime = runtime()?;
        let session = uuid::Uuid::new_v4().to_string();
        let (shell, control, iopub) = runtime
            .block_on(async {
                let identity = peer_identity_for_session(&session)?;
                let iopub = create_client_iopub_connection(info, "", &session).await?;
                let shell = create_client_shell_connection_with_identity(info, &session, identity).await?;
                let control = create_client_control_connection(info, &session).await?;
                Ok::<_, jupyter_zmq_client::RuntimeError>((shell, control, iopub))
            })
            .context("the kernel's sockets cannot be reached")?;
        let (sender, inbox) = channel();
        let (shell, shell_receiver) = shell.split();
        let (control, control_receiver) = control.split();
        listen(runtime, Channel::Shell, shell_receiver, sender.clone());
        listen(runtime, Channel::Control, control_receiver, sender.clone());
        listen(runtime, Channel::Iopub, iopub, sender);
        let mut client = Self { shell, control, inbox, backlog: HashMap::new(), version: String::new() };
        client.greet()?;
        Ok(client)
    }

    /// Asks for `kernel_info` until its idle arrives as well: a subscription made a moment ago may not be known yet.
    fn greet(&mut self) -> Result<()> {
        let deadline = Instant::now() + GREETING;
        loop {
            let request = self.send(Channel::Shell, "kernel_info_request", json!({}))?;
            let reply = self.reply_of(&request, deadline)?;
            reply.content["implementation_version"].as_str().unwrap_or("unknown").clone_into(&mut self.version);
            let soon = Instant::now() + Duration::from_millis(200);
            if self.next_of(&request.id, soon, is_idle)?.is_some() {
                return Ok(());
            }
            ensure!(Instant::now() < deadline, "the kernel broadcasts nothing");
        }
    }

    fn send(&mut self, channel: Channel, kind: &str, content: Value) -> Result<Request> {
        let content = JupyterMessageContent::from_type_and_content(kind, content.clone())
            .unwrap_or_else(|_| JupyterMessageContent::UnknownMessage(UnknownMessage { msg_type: kind.to_owned(), content }));
        let message = JupyterMessage::new(content, None);
        let id = message.header.msg_id.clone();
        let sender = if channel == Channel::Control { &mut self.control } else { &mut self.shell };
        let sent = Instant::now();
        runtime()?.block_on(sender.send(message)).with_context(|| format!("{kind} could not be sent"))?;
        Ok(Request { id, sent })
    }

    /// The next message of a request that suits; others of it are dropped. `None` when time is up.
    fn next_of(&mut self, id: &str, deadline: Instant, mut suits: impl FnMut(&Incoming) -> bool) -> Result<Option<Incoming>> {
        if let Some(early) = self.backlog.remove(id) {
            let mut early = early.into_iter();
            if let Some(found) = early.find(|message| suits(message)) {
                self.backlog.insert(id.to_owned(), early.collect());
                return Ok(Some(found));
            }
        }
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            match self.inbox.recv_timeout(left) {
                Ok(message) if message.parent == id => {
                    if suits(&message) {
                        return Ok(Some(message));
                    }
                }
                Ok(message) => self.backlog.entry(message.parent.clone()).or_default().push(message),
                Err(std::sync::mpsc::RecvTimeoutError::Timeout) => return Ok(None),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => bail!("the kernel has closed its sockets"),
            }
        }
    }

    fn reply_of(&mut self, request: &Request, deadline: Instant) -> Result<Incoming> {
        let reply = self.next_of(&request.id, deadline, |message| message.channel != Channel::Iopub)?;
        reply.with_context(|| format!("no reply within {:?}", deadline.saturating_duration_since(request.sent)))
    }

    /// Sends a request on the shell socket and waits for its reply only.
    ///
    /// # Errors
    /// When none comes in time.
    pub fn ask(&mut self, kind: &str, content: Value, at_most: Duration) -> Result<Answer> {
        let request = self.send(Channel::Shell, kind, content)?;
        let reply = self.reply_of(&request, request.sent + at_most)?;
        self.backlog.remove(&request.id);
        let time = reply.at - request.sent;
        Ok(Answer { time, printed: time, reply: reply.content, text: String::new(), displays: vec![], errors: String::new() })
    }

    /// Sends a cell; others can be asked while it runs.
    ///
    /// # Errors
    /// When the socket is gone.
    pub fn begin(&mut self, code: &str) -> Result<Pending> {
        let content = json!({
            "code": code, "silent": false, "store_history": true, "user_expressions": {}, "allow_stdin": false, "stop_on_error": true
        });
        self.send(Channel::Shell, "execute_request", content).map(Pending)
    }

    /// Waits for the first text that a cell prints: now it runs. The text is not in its answer.
    ///
    /// # Errors
    /// When nothing comes in time.
    pub fn output_of(&mut self, pending: &Pending, at_most: Duration) -> Result<()> {
        let deadline = pending.0.sent + at_most;
        let printed = self.next_of(&pending.0.id, deadline, |message| message.kind == "stream")?;
        printed.map(|_| ()).with_context(|| format!("the cell has printed nothing after {at_most:?}"))
    }

    /// Waits for the end of a cell. Text may come after it; it is waited for as long as `complete` says that some is missing.
    ///
    /// # Errors
    /// When the cell does not end in time, or the kernel does.
    pub fn end(&mut self, pending: Pending, at_most: Duration, complete: impl Fn(&str) -> bool) -> Result<Answer> {
        let request = pending.0;
        let deadline = request.sent + at_most;
        let (mut reply, mut idle) = (None, None);
        let mut got = Got::default();
        while reply.is_none() || idle.is_none() {
            let Some(message) = self.next_of(&request.id, deadline, |_| true)? else { bail!("the cell has not ended after {at_most:?}") };
            if message.channel == Channel::Shell {
                reply = Some((message.at, message.content));
            } else if is_idle(&message) {
                idle = Some(message.at);
            } else {
                got.take(message);
            }
        }
        let late = Instant::now() + LATE;
        while !complete(&got.text) && got.errors.is_empty() {
            let Some(message) = self.next_of(&request.id, late, |_| true)? else { break };
            got.take(message);
        }
        let Got { last, text, displays, mut errors } = got;
        self.backlog.remove(&request.id);
        let ((replied, reply), Some(idle)) = (reply.unwrap_or((request.sent, Value::Null)), idle) else { bail!("no idle") };
        if reply["status"] != "ok" && errors.is_empty() {
            errors = format!("the reply's status is {}", reply["status"]);
        }
        let end = replied.max(idle);
        let printed = last.map_or(end, |last| last.max(end)) - request.sent;
        Ok(Answer { time: end - request.sent, printed, reply, text, displays, errors })
    }

    /// Asks the kernel to end.
    pub fn shut_down(&mut self) {
        // A kernel that does not listen is ended by its process id.
        if let Ok(request) = self.send(Channel::Control, "shutdown_request", json!({ "restart": false })) {
            let _ = self.reply_of(&request, request.sent + Duration::from_secs(2));
        }
    }
}

fn is_idle(message: &Incoming) -> bool {
    message.channel == Channel::Iopub && message.kind == "status" && message.content["execution_state"] == "idle"
}

/// What a cell has put out.
#[derive(Default)]
struct Got {
    /// When the last printed text came.
    last: Option<Instant>,
    text: String,
    displays: Vec<Value>,
    errors: String,
}

impl Got {
    fn take(&mut self, message: Incoming) {
        let content = message.content;
        match message.kind.as_str() {
            "stream" if content["name"] == "stdout" => {
                self.last = Some(message.at);
                self.text.push_str(content["text"].as_str().unwrap_or_default());
            }
            "execute_result" => {
                self.text.push_str(content["data"]["text/plain"].as_str().unwrap_or_default());
                self.displays.push(content);
            }
            "display_data" => self.displays.push(content),
            "error" => {
                let lines: Vec<&str> = content["traceback"].as_array().into_iter().flatten().filter_map(Value::as_str).collect();
                self.errors.push_str(&plain(&format!("{}: {}\n", content["evalue"].as_str().unwrap_or_default(), lines.join("\n"))));
            }
            _ => {}
        }
    }
}
