//! The IOPub socket: one task owns it; everyone else holds an [`Iopub`] and sends it items.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use jupyter_protocol::{IoPubWelcome, Stdio, StreamContent};
use magics::host::Stream;
use serde::Serialize;
use tokio::sync::{mpsc, oneshot};
use tokio::time::{Instant, sleep_until};

use super::batch::{Batch, Batcher};
use super::connection::StreamListener;
use super::gate::Gate;
use super::publisher::{self, Event, Publisher};
use super::wire::{Envelope, Parent, to_json};

/// Bytes counted for an item besides its text.
const ITEM: usize = 64;
/// Most items handled before connections are looked after again.
const BURST: usize = 256;

/// Something to broadcast. Every item carries its parent: the task remembers no "current" request.
#[derive(Debug)]
enum Item {
    Stream { parent: Parent, stream: Stream, text: String },
    Message { parent: Option<Parent>, msg_type: &'static str, content: Bytes, counted: bool },
    Flush(oneshot::Sender<()>),
}

/// A handle to the IOPub task. What is sent through clones of it, from one thread, leaves in order.
#[derive(Debug, Clone)]
pub struct Iopub {
    items: mpsc::UnboundedSender<Item>,
    gate: Arc<Gate>,
}

impl Iopub {
    /// Starts the task on `listener`.
    #[must_use]
    pub fn start(listener: StreamListener, envelope: Arc<Envelope>) -> Self {
        let (items, received) = mpsc::unbounded_channel();
        let (events, news) = mpsc::unbounded_channel();
        tokio::spawn(publisher::accept(listener, events));
        let gate = Arc::new(Gate::default());
        let task = Task { envelope, gate: gate.clone(), publisher: Publisher::default(), batcher: Batcher::default() };
        tokio::spawn(task.run(received, news));
        Self { items, gate }
    }

    /// Sends a message of the kernel's own, such as `status`; never blocks.
    pub fn send(&self, parent: Option<&Parent>, msg_type: &'static str, content: &impl Serialize) {
        self.push(Item::Message { parent: parent.cloned(), msg_type, content: to_json(content), counted: false });
    }

    /// Sends an output of a cell; blocks while too much waits already.
    pub fn output(&self, parent: &Parent, msg_type: &'static str, content: &impl Serialize) {
        let content = to_json(content);
        self.gate.enter(content.len() + ITEM);
        self.push(Item::Message { parent: Some(parent.clone()), msg_type, content, counted: true });
    }

    /// Sends text of a cell, which is joined with its neighbours; blocks while too much waits already.
    pub fn stream(&self, parent: &Parent, stream: Stream, text: &str) {
        if text.is_empty() {
            return;
        }
        self.gate.enter(text.len() + ITEM);
        self.push(Item::Stream { parent: parent.clone(), stream, text: text.to_owned() });
    }

    /// Waits until everything sent so far is written to its subscribers, or half a second has passed.
    pub async fn flush(&self) {
        let (done, wait) = oneshot::channel();
        self.push(Item::Flush(done));
        let _ = wait.await;
    }

    fn push(&self, item: Item) {
        // Fails only after the task has ended, with the process.
        let _ = self.items.send(item);
    }
}

struct Task {
    envelope: Arc<Envelope>,
    gate: Arc<Gate>,
    publisher: Publisher,
    batcher: Batcher,
}

impl Drop for Task {
    fn drop(&mut self) {
        self.gate.open();
    }
}

impl Task {
    async fn run(mut self, mut items: mpsc::UnboundedReceiver<Item>, mut news: mpsc::UnboundedReceiver<Event>) {
        let mut burst = Vec::with_capacity(BURST);
        loop {
            let due = self.batcher.next_due();
            tokio::select! {
                biased;
                Some(event) = news.recv() => self.note(event).await,
                count = items.recv_many(&mut burst, BURST) => {
                    if count == 0 {
                        return;
                    }
                }
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {}
            }
            for item in burst.drain(..) {
                // Subscriptions made before a message are honoured by it.
                while let Ok(event) = news.try_recv() {
                    self.note(event).await;
                }
                self.handle(item).await;
            }
            while let Some(batch) = self.batcher.take_due(Instant::now()) {
                self.publish_batch(batch).await;
            }
        }
    }

    async fn note(&mut self, event: Event) {
        if let Some((subscriber, topic)) = self.publisher.note(event) {
            let content = to_json(&IoPubWelcome::new(String::from_utf8_lossy(&topic).into_owned()));
            let (_, frames) = self.envelope.seal(&[topic], "iopub_welcome", None, content);
            self.publisher.send_to(subscriber, &frames).await;
        }
    }

    async fn handle(&mut self, item: Item) {
        match item {
            Item::Stream { parent, stream, text } => {
                self.gate.leave(ITEM);
                for batch in self.batcher.push(&parent, stream, &text, Instant::now()).into_iter().flatten() {
                    self.publish_batch(batch).await;
                }
            }
            Item::Message { parent, msg_type, content, counted } => {
                let earlier = parent.as_ref().and_then(|parent| self.batcher.take(parent));
                if let Some(batch) = earlier {
                    self.publish_batch(batch).await;
                }
                let bytes = content.len() + ITEM;
                self.publish(parent.as_ref(), msg_type, content).await;
                if counted {
                    self.gate.leave(bytes);
                }
            }
            Item::Flush(done) => {
                while let Some(batch) = self.batcher.next_due().and_then(|due| self.batcher.take_due(due)) {
                    self.publish_batch(batch).await;
                }
                self.publisher.drain(Duration::from_millis(500)).await;
                let _ = done.send(());
            }
        }
    }

    async fn publish_batch(&mut self, batch: Batch) {
        let bytes = batch.text.len();
        let name = match batch.stream {
            Stream::Stdout => Stdio::Stdout,
            Stream::Stderr => Stdio::Stderr,
        };
        let content = to_json(&StreamContent { name, text: batch.text });
        self.publish(Some(&batch.parent), "stream", content).await;
        self.gate.leave(bytes);
    }

    async fn publish(&mut self, parent: Option<&Parent>, msg_type: &str, content: Bytes) {
        let (_, frames) = self.envelope.seal(&[self.envelope.topic(msg_type)], msg_type, parent, content);
        self.publisher.publish(&frames).await;
    }
}
