//! A fake frontend: sends what it is told to, and judges everything that comes back.
//!
//! Each message is checked against [`schema`](crate::schema). A message may come only while a request that it
//! belongs to is open, which is until its reply and its `idle` are there: a second reply, an output after idle or an
//! answer to nobody fails the test, at the latest when the frontend is dropped.

use std::collections::{HashMap, VecDeque};
use std::sync::OnceLock;
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use jupyter_protocol::connection_info::ConnectionInfo;
use jupyter_protocol::messaging::{Header, JupyterMessage, JupyterMessageContent, UnknownMessage};
use jupyter_zmq_client::{
    ClientHeartbeatConnection, ClientIoPubConnection, Connection, DealerSendConnection, RawMessage, create_client_control_connection,
    create_client_heartbeat_connection, create_client_iopub_connection, create_client_shell_connection_with_identity,
    create_client_stdin_connection_with_identity, peer_identity_for_session,
};
use serde_json::Value;
use tokio::runtime::Runtime;
use zeromq::{SocketRecv, SocketSend, ZmqMessage};

use crate::message::{Channel, Message};
use crate::schema;

/// How long an answer may take that needs no cell to run.
pub const SOON: Duration = Duration::from_secs(20);
/// How long a cell may take; the first one waits for the session to start.
pub const CELL: Duration = Duration::from_secs(180);
/// How long is waited for something that should not come.
const SILENCE: Duration = Duration::from_millis(150);

enum Incoming {
    Message(Box<Message>),
    Bad(String),
    Closed,
}

struct Door {
    sender: DealerSendConnection,
    inbox: Receiver<Incoming>,
}

/// A request that is not over yet.
#[derive(Debug)]
struct Open {
    kind: String,
    header: Value,
    replied: bool,
    /// `busy`, then `idle` have come.
    busy: bool,
    idle: bool,
    /// IOPub messages that came while another request was looked after.
    outputs: VecDeque<Message>,
    reply: Option<Message>,
}

impl Open {
    fn wants_reply(&self) -> bool {
        self.kind.ends_with("_request")
    }

    fn is_over(&self) -> bool {
        self.idle && (self.replied || !self.wants_reply())
    }
}

/// How a request was answered.
#[derive(Debug)]
pub struct Exchange {
    /// Absent for messages that get no reply, such as `comm_msg`.
    pub reply: Option<Message>,
    /// What was broadcast between busy and idle.
    pub outputs: Vec<Message>,
}

impl Exchange {
    /// Content of the reply.
    #[track_caller]
    #[must_use]
    pub fn content(&self) -> &Value {
        &self.reply.as_ref().expect("this request gets a reply").content
    }
}

/// A connected frontend.
pub struct Frontend {
    shell: Door,
    control: Door,
    stdin: Door,
    iopub: Receiver<Incoming>,
    heartbeat: Option<ClientHeartbeatConnection>,
    open: HashMap<String, Open>,
    /// Whether the kernel may end without finishing what is open.
    forgiving: bool,
}

fn runtime() -> &'static Runtime {
    static RUNTIME: OnceLock<Runtime> = OnceLock::new();
    RUNTIME
        .get_or_init(|| tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("threads can be started"))
}

fn listen<S: SocketRecv + Send + 'static>(channel_kind: Channel, mut connection: Connection<S>) -> Receiver<Incoming> {
    let (sender, inbox) = channel();
    runtime().spawn(async move {
        loop {
            let incoming = match connection.socket.recv().await {
                Ok(frames) => {
                    let read = RawMessage::from_multipart(frames, &connection.mac).map_err(|error| error.to_string());
                    match read.and_then(|raw| Message::read(channel_kind, raw)) {
                        Ok(message) => Incoming::Message(Box::new(message)),
                        Err(error) => Incoming::Bad(error),
                    }
                }
                Err(_) => {
                    let _ = sender.send(Incoming::Closed);
                    return;
                }
            };
            if sender.send(incoming).is_err() {
                return;
            }
        }
    });
    inbox
}

impl Frontend {
    /// Connects, and waits for the kernel's greeting on IOPub.
    #[track_caller]
    #[must_use]
    pub fn connect(info: &ConnectionInfo) -> Self {
        let session = uuid::Uuid::new_v4().to_string();
        let connected = runtime().block_on(async {
            let identity = peer_identity_for_session(&session)?;
            let iopub = create_client_iopub_connection(info, "", &session).await?;
            let shell = create_client_shell_connection_with_identity(info, &session, identity.clone()).await?;
            let stdin = create_client_stdin_connection_with_identity(info, &session, identity).await?;
            let control = create_client_control_connection(info, &session).await?;
            let heartbeat = create_client_heartbeat_connection(info).await?;
            Ok::<_, jupyter_zmq_client::RuntimeError>((iopub, shell, stdin, control, heartbeat))
        });
        let (iopub, shell, stdin, control, heartbeat) = connected.unwrap_or_else(|error| panic!("cannot connect to the kernel: {error}"));
        let door = |kind, connection: jupyter_zmq_client::ClientShellConnection| {
            let (sender, receiver) = connection.split();
            Door { sender, inbox: listen(kind, receiver) }
        };
        let frontend = Self {
            shell: door(Channel::Shell, shell),
            control: door(Channel::Control, control),
            stdin: door(Channel::Stdin, stdin),
            iopub: listen(Channel::Iopub, iopub),
            heartbeat: Some(heartbeat),
            open: HashMap::new(),
            forgiving: false,
        };
        let welcome = take(&frontend.iopub, SOON).unwrap_or_else(|| panic!("no iopub_welcome within {SOON:?}"));
        assert_eq!((welcome.kind(), welcome.text("subscription")), ("iopub_welcome", ""), "the first message on IOPub");
        frontend
    }

    /// Sends a request and returns its id.
    #[track_caller]
    pub fn send(&mut self, channel: Channel, kind: &str, content: Value) -> String {
        let content = JupyterMessageContent::from_type_and_content(kind, content.clone())
            .unwrap_or_else(|_| JupyterMessageContent::UnknownMessage(UnknownMessage { msg_type: kind.to_owned(), content }));
        let mut message = JupyterMessage::new(content, None);
        let sender = match channel {
            Channel::Shell => &mut self.shell.sender,
            Channel::Control => &mut self.control.sender,
            Channel::Stdin | Channel::Iopub => panic!("requests go to shell or control"),
        };
        message.header.session.clone_from(&sender.session_id);
        let id = message.header.msg_id.clone();
        let header = serde_json::to_value(&message.header).expect("plain data");
        trace("-->", channel, kind, &id, &Value::Null);
        runtime().block_on(sender.send(message)).unwrap_or_else(|error| panic!("{kind} could not be sent: {error}"));
        let open = Open { kind: kind.to_owned(), header, replied: false, busy: false, idle: false, outputs: VecDeque::new(), reply: None };
        self.open.insert(id.clone(), open);
        id
    }

    /// Sends a request and waits for everything that belongs to it.
    #[track_caller]
    pub fn request(&mut self, channel: Channel, kind: &str, content: Value) -> Exchange {
        let id = self.send(channel, kind, content);
        // The first of these loads the analyzer: seconds, many on a machine that other tests use too.
        let asks_the_analyzer = matches!(kind, "complete_request" | "inspect_request");
        self.finish(&id, if asks_the_analyzer { CELL } else { SOON })
    }

    /// Sends frames as they are, to provoke.
    #[track_caller]
    pub fn send_frames(&mut self, channel: Channel, frames: Vec<Vec<u8>>) {
        let door = if channel == Channel::Control { &mut self.control } else { &mut self.shell };
        let frames: Vec<bytes::Bytes> = frames.into_iter().map(Into::into).collect();
        let message = ZmqMessage::try_from(frames).expect("at least one frame");
        runtime().block_on(door.sender.socket.send(message)).expect("connected");
    }

    /// Waits for the next broadcast of an open request; `idle` is taken in but not given out: then `None`.
    #[track_caller]
    pub fn recv_output(&mut self, id: &str, at_most: Duration) -> Option<Message> {
        let deadline = Instant::now() + at_most;
        loop {
            let open = self.open.get_mut(id).expect("an open request");
            if let Some(message) = open.outputs.pop_front() {
                return Some(message);
            }
            if open.idle {
                return None;
            }
            let left = deadline.saturating_duration_since(Instant::now());
            let Some(message) = take(&self.iopub, left) else {
                panic!("nothing more was broadcast for {} within {at_most:?}; it is still open", self.open[id].kind)
            };
            self.sort_in(message);
        }
    }

    /// Waits for a broadcast that suits; those before it are dropped.
    #[track_caller]
    pub fn recv_until(&mut self, id: &str, mut suits: impl FnMut(&Message) -> bool) -> Message {
        loop {
            match self.recv_output(id, CELL) {
                Some(message) if suits(&message) => return message,
                Some(_) => {}
                None => panic!("the request ended before the message came that was waited for"),
            }
        }
    }

    /// Waits for the reply of an open request.
    #[track_caller]
    pub fn recv_reply(&mut self, id: &str, at_most: Duration) -> Message {
        let deadline = Instant::now() + at_most;
        loop {
            if let Some(reply) = self.open.get_mut(id).expect("an open request").reply.take() {
                return reply;
            }
            assert!(!self.open[id].replied, "this reply has been received already");
            self.look_for_replies();
            assert!(Instant::now() < deadline, "no reply to {} within {at_most:?}", self.open[id].kind);
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Waits for the reply and for idle: exactly one of each, after exactly one busy.
    #[track_caller]
    pub fn finish(&mut self, id: &str, at_most: Duration) -> Exchange {
        let mut outputs = Vec::new();
        while let Some(message) = self.recv_output(id, at_most) {
            outputs.push(message);
        }
        let open = &self.open[id];
        let reply = (open.wants_reply() && (!open.replied || open.reply.is_some())).then(|| self.recv_reply(id, at_most));
        self.open.remove(id);
        Exchange { reply, outputs }
    }

    /// Waits for a question on stdin that belongs to an open request.
    #[track_caller]
    pub fn recv_input_request(&mut self, id: &str) -> Message {
        let deadline = Instant::now() + CELL;
        let message = loop {
            if let Some(message) = take(&self.stdin.inbox, SILENCE) {
                break message;
            }
            self.look_for_replies();
            assert!(!self.open[id].replied, "the cell ended without asking: {:?}", self.open[id].reply);
            assert!(Instant::now() < deadline, "no input_request within {CELL:?}");
        };
        assert_eq!(message.kind(), "input_request");
        assert_eq!(message.parent_id(), Some(id), "the parent of the input_request");
        message
    }

    /// Answers a question.
    #[track_caller]
    pub fn answer(&mut self, question: &Message, value: &str) {
        let content = serde_json::json!({ "value": value, "status": "ok" });
        let content = JupyterMessageContent::from_type_and_content("input_reply", content).expect("as the protocol has it");
        let mut message = JupyterMessage::new(content, None);
        let parent: Header = serde_json::from_value(question.header.clone()).expect("was read before");
        message.parent_header = Some(parent);
        runtime().block_on(self.stdin.sender.send(message)).expect("connected");
    }

    /// Sends `payload` on the heartbeat and returns what comes back.
    #[track_caller]
    pub fn heartbeat(&mut self, payload: &[u8]) -> Vec<u8> {
        let connection = self.heartbeat.as_mut().expect("connected");
        let echo = runtime().block_on(async {
            let beat = async {
                connection.socket.send(ZmqMessage::from(payload.to_vec())).await?;
                connection.socket.recv().await
            };
            tokio::time::timeout(SOON, beat).await
        });
        let echo = echo.unwrap_or_else(|_| panic!("no heartbeat within {SOON:?}")).expect("connected");
        echo.into_vec().concat()
    }

    /// From now on the kernel may end in the middle of things.
    pub fn forgive(&mut self) {
        self.forgiving = true;
    }

    /// Whether nothing at all comes for a moment.
    #[track_caller]
    pub fn assert_silence(&mut self) {
        std::thread::sleep(SILENCE);
        self.look_for_replies();
        while let Some(message) = take(&self.iopub, Duration::ZERO) {
            self.sort_in(message);
        }
        if let Some(message) = take(&self.stdin.inbox, Duration::ZERO) {
            panic!("an unread message on stdin: {message:?}");
        }
        let unread: Vec<&Message> = self.open.values().flat_map(|open| open.outputs.iter().chain(&open.reply)).collect();
        assert!(unread.is_empty(), "unread messages: {unread:?}");
    }

    #[track_caller]
    fn look_for_replies(&mut self) {
        let mut replies = Vec::new();
        for inbox in [&self.shell.inbox, &self.control.inbox] {
            while let Some(message) = take(inbox, Duration::ZERO) {
                replies.push(message);
            }
        }
        for reply in replies {
            let id = reply.parent_id().unwrap_or_default().to_owned();
            let Some(open) = self.open.get_mut(&id) else { panic!("a reply to no open request, or a second one: {reply:?}") };
            assert!(!open.replied, "a second reply: {reply:?}");
            assert_eq!(
                Some(reply.kind()),
                open.kind.strip_suffix("request").map(|kind| format!("{kind}reply")).as_deref(),
                "the reply's type"
            );
            same_parent(&reply, &open.header);
            open.replied = true;
            open.reply = Some(reply);
        }
    }

    /// Gives a broadcast to its request; checks busy and idle.
    #[track_caller]
    fn sort_in(&mut self, message: Message) {
        let Some(id) = message.parent_id().map(str::to_owned) else {
            assert_eq!(message.text("execution_state"), "starting", "a broadcast without a parent: {message:?}");
            return;
        };
        // A request of another frontend is none of our business.
        if message.parent["session"] != self.shell.sender.session_id.as_str()
            && message.parent["session"] != self.control.sender.session_id.as_str()
        {
            return;
        }
        let Some(open) = self.open.get_mut(&id) else { panic!("a broadcast for no open request, or after its end: {message:?}") };
        assert!(!open.idle, "a broadcast after idle: {message:?}");
        same_parent(&message, &open.header);
        match message.text("execution_state") {
            "busy" => {
                assert!(!open.busy, "busy came twice for {}", open.kind);
                open.busy = true;
            }
            "idle" => {
                assert!(open.busy, "idle came before busy for {}", open.kind);
                open.idle = true;
            }
            _ => {
                assert!(open.busy, "an output before busy: {message:?}");
                open.outputs.push_back(message);
            }
        }
    }
}

impl Drop for Frontend {
    fn drop(&mut self) {
        if std::thread::panicking() || self.forgiving {
            return;
        }
        self.assert_silence();
        let unfinished: Vec<&Open> = self.open.values().filter(|open| !open.is_over()).collect();
        assert!(unfinished.is_empty(), "requests that were not finished: {unfinished:?}");
    }
}

/// A frontend that subscribes and never reads: its socket's buffers fill up.
pub struct Deaf(#[expect(dead_code, reason = "it is only held open")] ClientIoPubConnection);

impl Deaf {
    /// Connects.
    #[track_caller]
    #[must_use]
    pub fn connect(info: &ConnectionInfo) -> Self {
        Self(runtime().block_on(create_client_iopub_connection(info, "", "deaf")).expect("the kernel listens"))
    }
}

/// The next message of an inbox, checked; `None` when there is none in time or the connection has ended.
#[track_caller]
fn take(inbox: &Receiver<Incoming>, at_most: Duration) -> Option<Message> {
    let incoming = match inbox.recv_timeout(at_most) {
        Ok(incoming) => incoming,
        Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => return None,
    };
    match incoming {
        Incoming::Message(message) => {
            trace("<--", message.channel, message.kind(), message.parent_id().unwrap_or("-"), &message.content);
            if let Err(wrong) = schema::check(&message) {
                panic!("the kernel breaks the protocol: {wrong}");
            }
            Some(*message)
        }
        Incoming::Bad(error) => panic!("a message that cannot be read: {error}"),
        Incoming::Closed => None,
    }
}

/// The parent header is the request's header, as it was sent.
#[track_caller]
fn same_parent(message: &Message, header: &Value) {
    assert_eq!(&message.parent, header, "the parent header of {}", message.kind());
}

fn trace(arrow: &str, channel: Channel, kind: &str, id: &str, content: &Value) {
    static ON: OnceLock<bool> = OnceLock::new();
    if *ON.get_or_init(|| std::env::var_os("BENCHBOOK_TRACE").is_some()) {
        let id = id.get(..8).unwrap_or(id);
        let content: String = content.to_string().chars().take(160).collect();
        eprintln!("{arrow} {channel:?} {kind} {id} {content}");
    }
}
