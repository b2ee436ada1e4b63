//! The frontend's side of a Python worker: four sockets on a thread of their own, and who waits for what.

use std::collections::HashMap;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use bytes::Bytes;
use crossbeam_channel::{Receiver, Sender};
use parking_lot::Mutex;
use serde_json::Value;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use zeromq::util::PeerIdentity;
use zeromq::{DealerSocket, Socket as _, SocketOptions, SocketRecv as _, SocketSend as _, SubSocket, ZmqError, ZmqMessage};

use crate::protocol::wire::{Envelope, Parent, to_json};

use super::connection::Connection;
use super::process::{Process, StartFailure};

/// How often a starting worker's sockets are looked for, and the pause after a failing one.
const PAUSE: Duration = Duration::from_millis(10);

/// A socket of the worker.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Channel {
    Shell,
    Control,
    Stdin,
    Iopub,
}

/// A message of the worker.
pub struct Message {
    pub channel: Channel,
    pub kind: String,
    pub content: Value,
    /// As the parent of an answer to it.
    pub header: Parent,
    /// It answers the request; otherwise it is late output of an earlier one.
    pub is_ours: bool,
}

/// Who waits for messages.
#[derive(Default)]
struct Routes {
    waiting: Mutex<HashMap<String, Sender<Message>>>,
    /// Takes what an earlier cell's threads still put out.
    late: Mutex<Option<Sender<Message>>>,
    connected: AtomicBool,
}

/// A request whose answers are waited for.
pub struct Pending {
    id: String,
    pub messages: Receiver<Message>,
    sender: Sender<Message>,
    routes: Arc<Routes>,
}

impl Pending {
    /// Takes also what threads of earlier cells put out from now on.
    pub fn take_late(&self) {
        *self.routes.late.lock() = Some(self.sender.clone());
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.routes.waiting.lock().remove(&self.id);
        let mut late = self.routes.late.lock();
        if late.as_ref().is_some_and(|sender| sender.same_channel(&self.sender)) {
            *late = None;
        }
    }
}

/// Sends to a worker. Its thread ends when this is dropped, and the worker with it.
pub struct Client {
    envelope: Arc<Envelope>,
    out: UnboundedSender<(Channel, Vec<Bytes>)>,
    routes: Arc<Routes>,
}

impl Client {
    /// Sends a request; what answers it comes through the returned receiver until that is dropped.
    pub fn request(&self, channel: Channel, kind: &str, content: &Value) -> Pending {
        let (id, frames) = self.envelope.seal(&[], kind, None, to_json(content));
        let (sender, messages) = crossbeam_channel::unbounded();
        self.routes.waiting.lock().insert(id.clone(), sender.clone());
        let _ = self.out.send((channel, frames));
        Pending { id, messages, sender, routes: Arc::clone(&self.routes) }
    }

    /// Answers a question of the worker.
    pub fn answer(&self, question: &Message, value: &str) {
        let content = to_json(&serde_json::json!({ "value": value, "status": "ok" }));
        let (_, frames) = self.envelope.seal(&[], "input_reply", Some(&question.header), content);
        let _ = self.out.send((Channel::Stdin, frames));
    }

    pub fn is_connected(&self) -> bool {
        self.routes.connected.load(Ordering::SeqCst)
    }
}

/// Starts a worker, and the thread that speaks with it.
///
/// That thread also starts the process: Linux ends it when the thread that started it ends.
///
/// # Errors
/// When the program cannot be run.
pub fn start(command: Command, connection: Connection) -> Result<(Client, Process), StartFailure> {
    let envelope = Arc::new(Envelope::new(&connection.key));
    let routes = Arc::new(Routes::default());
    let (out, queue) = unbounded_channel();
    let client = Client { envelope: Arc::clone(&envelope), out, routes: Arc::clone(&routes) };
    let (started, start) = std::sync::mpsc::channel();
    let not_found = |error: std::io::Error| StartFailure::NotFound(error.to_string());
    let serve = move || {
        let spawned = Process::spawn(command);
        let runs = spawned.is_ok();
        let _ = started.send(spawned);
        if runs {
            serve(&connection, &envelope, &routes, queue);
        }
    };
    std::thread::Builder::new().name("python worker".to_owned()).spawn(serve).map_err(not_found)?;
    let spawned = start.recv().map_err(|_| StartFailure::NotFound("its thread ended".to_owned()))?;
    Ok((client, spawned.map_err(not_found)?))
}

fn serve(connection: &Connection, envelope: &Envelope, routes: &Routes, queue: UnboundedReceiver<(Channel, Vec<Bytes>)>) {
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return tracing::error!(%error, "the Python worker's thread cannot start"),
    };
    if let Err(error) = runtime.block_on(speak(connection, envelope, routes, queue)) {
        tracing::error!(%error, "the Python worker's sockets failed");
    }
}

/// Until the kernel no longer wants anything of the worker.
async fn speak(
    connection: &Connection,
    envelope: &Envelope,
    routes: &Routes,
    mut queue: UnboundedReceiver<(Channel, Vec<Bytes>)>,
) -> Result<(), ZmqError> {
    while !connection.is_there() {
        if queue.is_closed() {
            return Ok(());
        }
        tokio::time::sleep(PAUSE).await;
    }
    // The worker asks for input with the identity that the cell came from.
    let identity = PeerIdentity::new();
    let dealer = || {
        let mut options = SocketOptions::default();
        options.peer_identity(identity.clone());
        DealerSocket::with_options(options)
    };
    let (mut shell, mut control, mut stdin, mut iopub) = (dealer(), dealer(), dealer(), SubSocket::new());
    iopub.connect(&connection.iopub()).await?;
    iopub.subscribe("").await?;
    shell.connect(&connection.shell()).await?;
    control.connect(&connection.control()).await?;
    stdin.connect(&connection.stdin()).await?;
    routes.connected.store(true, Ordering::SeqCst);
    loop {
        let (channel, received) = tokio::select! {
            wanted = queue.recv() => {
                let Some((channel, frames)) = wanted else { return Ok(()) };
                let Ok(message) = ZmqMessage::try_from(frames) else { continue };
                let sent = match channel {
                    Channel::Shell => shell.send(message).await,
                    Channel::Control => control.send(message).await,
                    Channel::Stdin => stdin.send(message).await,
                    Channel::Iopub => Ok(()),
                };
                if let Err(error) = sent {
                    tracing::warn!(%error, "a message to the Python worker was not sent");
                }
                continue;
            }
            received = iopub.recv() => (Channel::Iopub, received),
            received = shell.recv() => (Channel::Shell, received),
            received = stdin.recv() => (Channel::Stdin, received),
            received = control.recv() => (Channel::Control, received),
        };
        match received {
            Ok(message) => routes.deliver(channel, message, envelope),
            Err(error) => {
                tracing::debug!(%error, "a socket of the Python worker failed");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }
}

impl Routes {
    fn deliver(&self, channel: Channel, message: ZmqMessage, envelope: &Envelope) {
        let request = match envelope.open(message.into_vec()) {
            Ok(request) => request,
            Err(error) => return tracing::warn!(%error, "a message of the Python worker was not understood"),
        };
        let content = match serde_json::from_slice(&request.content) {
            Ok(content) => content,
            Err(error) => return tracing::warn!(%error, "content of the Python worker is no JSON"),
        };
        let parent = request.parent_msg_id.unwrap_or_default();
        let waiting = self.waiting.lock().get(&parent).cloned();
        let is_ours = waiting.is_some();
        let Some(to) = waiting.or_else(|| self.late.lock().clone()) else { return };
        let _ = to.send(Message { channel, kind: request.msg_type, content, header: request.parent, is_ours });
    }
}
