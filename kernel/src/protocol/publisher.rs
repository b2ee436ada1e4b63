//! An XPUB socket: learns subscriptions as they arrive and queues for each subscriber by itself.
//!
//! zeromq 0.7's XPUB writes to its subscribers one after another, so one that stops reading stops all, and its PUB
//! counts messages, not bytes, and drops silently. Here each subscriber has a queue bounded in bytes: a
//! slow one slows the cell down, a stalled one loses messages after [`PATIENCE`], the others lose nothing.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::Duration;

use bytes::Bytes;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{Notify, mpsc};
use tokio::time::{Instant, timeout, timeout_at};

use super::connection::StreamListener;
use super::zmtp::{self, Wish};

/// How many bytes may wait for one subscriber.
const QUEUE_BYTES: usize = 32 << 20;
/// How long a full queue is waited for before its subscriber counts as stalled.
const PATIENCE: Duration = Duration::from_secs(2);
/// How long a new connection may take to greet.
const HANDSHAKE: Duration = Duration::from_secs(10);

/// News from the connections, to be handed to [`Publisher::note`].
#[derive(Debug)]
pub enum Event {
    Connected(u64, Queue),
    Subscribed(u64, Bytes),
    Unsubscribed(u64, Bytes),
    Gone(u64),
}

/// Where bytes for one subscriber wait.
#[derive(Debug)]
pub struct Queue {
    bytes: mpsc::UnboundedSender<Bytes>,
    state: Arc<QueueState>,
}

#[derive(Debug, Default)]
struct QueueState {
    waiting: AtomicUsize,
    closed: AtomicBool,
    progress: Notify,
}

/// The subscribers and what they want.
#[derive(Debug, Default)]
pub struct Publisher {
    subscribers: HashMap<u64, Subscriber>,
}

#[derive(Debug)]
struct Subscriber {
    queue: Queue,
    topics: Vec<Bytes>,
    /// Messages lost since it stalled; `None` while it keeps up.
    lost: Option<usize>,
}

impl Publisher {
    /// Takes note of an event. A new subscription is answered with its subscriber and topic, for the welcome.
    pub fn note(&mut self, event: Event) -> Option<(u64, Bytes)> {
        match event {
            Event::Connected(id, queue) => {
                self.subscribers.insert(id, Subscriber { queue, topics: Vec::new(), lost: None });
            }
            Event::Gone(id) => {
                self.subscribers.remove(&id);
            }
            Event::Subscribed(id, topic) => {
                self.subscribers.get_mut(&id)?.topics.push(topic.clone());
                return Some((id, topic));
            }
            Event::Unsubscribed(id, topic) => {
                let topics = &mut self.subscribers.get_mut(&id)?.topics;
                if let Some(index) = topics.iter().position(|known| *known == topic) {
                    topics.swap_remove(index);
                }
            }
        }
        None
    }

    /// Sends to every subscriber whose topics match the first frame.
    pub async fn publish(&mut self, frames: &[Bytes]) {
        let Some(first) = frames.first() else { return };
        let message = zmtp::encode_message(frames);
        for (id, subscriber) in &mut self.subscribers {
            if subscriber.topics.iter().any(|topic| first.starts_with(topic)) {
                subscriber.send(*id, &message).await;
            }
        }
    }

    /// Sends to one subscriber, whatever its topics.
    pub async fn send_to(&mut self, id: u64, frames: &[Bytes]) {
        if let Some(subscriber) = self.subscribers.get_mut(&id) {
            subscriber.send(id, &zmtp::encode_message(frames)).await;
        }
    }

    /// Waits until everything queued is written, or `limit` has passed.
    pub async fn drain(&mut self, limit: Duration) {
        let deadline = Instant::now() + limit;
        for subscriber in self.subscribers.values() {
            subscriber.queue.state.wait_below(1, deadline).await;
        }
    }
}

impl Subscriber {
    async fn send(&mut self, id: u64, message: &Bytes) {
        let state = &self.queue.state;
        if let Some(lost) = &mut self.lost {
            if state.waiting.load(Ordering::Acquire) > QUEUE_BYTES / 2 {
                *lost += 1;
                return;
            }
            tracing::warn!(subscriber = id, lost, "an IOPub subscriber reads again");
            self.lost = None;
        }
        if !state.wait_below(QUEUE_BYTES, Instant::now() + PATIENCE).await {
            tracing::warn!(subscriber = id, "an IOPub subscriber has stopped reading: it loses messages");
            self.lost = Some(1);
            return;
        }
        state.waiting.fetch_add(message.len(), Ordering::AcqRel);
        // A closed queue is about to be reported as `Gone`.
        let _ = self.queue.bytes.send(message.clone());
    }
}

impl QueueState {
    /// Waits until fewer than `limit` bytes wait (or the connection is gone); false when `deadline` passed first.
    async fn wait_below(&self, limit: usize, deadline: Instant) -> bool {
        while self.waiting.load(Ordering::Acquire) >= limit && !self.closed.load(Ordering::Acquire) {
            if timeout_at(deadline, self.progress.notified()).await.is_err() {
                return false;
            }
        }
        true
    }

    fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.progress.notify_one();
    }
}

/// Accepts subscribers for ever and reports them.
pub async fn accept(listener: StreamListener, events: mpsc::UnboundedSender<Event>) {
    for id in 0.. {
        let events = events.clone();
        let accepted = match &listener {
            StreamListener::Tcp(listener) => listener.accept().await.map(|(stream, _)| {
                // Without this a short message waits for the acknowledgement of the one before.
                let _ = stream.set_nodelay(true);
                tokio::spawn(serve(stream, id, events));
            }),
            StreamListener::Ipc(listener) => listener.accept().await.map(|(stream, _)| {
                tokio::spawn(serve(stream, id, events));
            }),
        };
        if let Err(error) = accepted {
            tracing::warn!(%error, "an IOPub connection could not be accepted");
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

/// One subscriber's connection, from greeting to end.
async fn serve(mut stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static, id: u64, events: mpsc::UnboundedSender<Event>) {
    match timeout(HANDSHAKE, zmtp::handshake(&mut stream)).await {
        Ok(Ok(())) => {}
        Ok(Err(error)) => return tracing::warn!(%error, "an IOPub connection was refused"),
        Err(_) => return tracing::warn!("an IOPub connection never greeted"),
    }
    let (mut reader, mut writer) = tokio::io::split(stream);
    let (bytes, mut queued) = mpsc::unbounded_channel::<Bytes>();
    let state = Arc::new(QueueState::default());
    let _ = events.send(Event::Connected(id, Queue { bytes: bytes.clone(), state: state.clone() }));
    let progress = state.clone();
    let writing = tokio::spawn(async move {
        while let Some(message) = queued.recv().await {
            if let Err(error) = writer.write_all(&message).await {
                tracing::debug!(%error, "an IOPub subscriber went away");
                break;
            }
            progress.waiting.fetch_sub(message.len(), Ordering::AcqRel);
            progress.progress.notify_one();
        }
        progress.close();
    });
    loop {
        let frame = match zmtp::read_frame(&mut reader).await {
            Ok(frame) => frame,
            Err(error) => {
                tracing::debug!(%error, "an IOPub subscriber ended");
                break;
            }
        };
        match zmtp::wish(&frame) {
            Wish::Subscribe(topic) => drop(events.send(Event::Subscribed(id, topic))),
            Wish::Unsubscribe(topic) => drop(events.send(Event::Unsubscribed(id, topic))),
            Wish::Ping(context) => {
                let pong = zmtp::pong(&context);
                state.waiting.fetch_add(pong.len(), Ordering::AcqRel);
                let _ = bytes.send(pong);
            }
            Wish::Other => {}
        }
    }
    writing.abort();
    state.close();
    let _ = events.send(Event::Gone(id));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn subscriber(publisher: &mut Publisher, id: u64, topic: &'static [u8]) -> (mpsc::UnboundedReceiver<Bytes>, Arc<QueueState>) {
        let (bytes, receiver) = mpsc::unbounded_channel();
        let state = Arc::new(QueueState::default());
        publisher.note(Event::Connected(id, Queue { bytes, state: state.clone() }));
        assert_eq!(publisher.note(Event::Subscribed(id, Bytes::from_static(topic))), Some((id, Bytes::from_static(topic))));
        (receiver, state)
    }

    #[tokio::test(start_paused = true)]
    async fn a_stalled_subscriber_loses_messages_and_the_others_do_not() {
        let mut publisher = Publisher::default();
        let (mut stalled, state) = subscriber(&mut publisher, 0, b"");
        let (mut healthy, healthy_state) = subscriber(&mut publisher, 1, b"");
        let big = vec![Bytes::from(vec![0; QUEUE_BYTES])];
        let start = Instant::now();
        for _ in 0..5 {
            publisher.publish(&big).await;
            healthy_state.waiting.store(0, Ordering::Release);
        }
        assert_eq!(start.elapsed(), PATIENCE, "waited for once, not for each message");
        let count = |receiver: &mut mpsc::UnboundedReceiver<Bytes>| std::iter::from_fn(|| receiver.try_recv().ok()).count();
        assert_eq!(count(&mut healthy), 5);
        assert_eq!(count(&mut stalled), 1);
        state.waiting.store(0, Ordering::Release);
        publisher.publish(&big).await;
        assert_eq!(count(&mut stalled), 1, "it reads again");
    }

    #[tokio::test]
    async fn topics_are_prefixes() {
        let mut publisher = Publisher::default();
        let (mut one, _state) = subscriber(&mut publisher, 0, b"kernel.a");
        publisher.publish(&[Bytes::from_static(b"kernel.b")]).await;
        publisher.publish(&[Bytes::from_static(b"kernel.a.status")]).await;
        assert!(one.try_recv().is_ok() && one.try_recv().is_err());
        publisher.note(Event::Unsubscribed(0, Bytes::from_static(b"kernel.a")));
        publisher.publish(&[Bytes::from_static(b"kernel.a.status")]).await;
        assert!(one.try_recv().is_err());
        assert_eq!(publisher.note(Event::Subscribed(9, Bytes::new())), None, "unknown connection");
    }

    #[tokio::test]
    async fn an_independent_subscriber_is_served() {
        use zeromq::{Socket as _, SocketRecv as _};
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (events, mut news) = mpsc::unbounded_channel();
        tokio::spawn(accept(StreamListener::Tcp(listener), events));
        let mut socket = zeromq::SubSocket::new();
        socket.connect(&format!("tcp://{address}")).await.unwrap();
        socket.subscribe("kernel").await.unwrap();
        let mut publisher = Publisher::default();
        let topic = loop {
            if let Some((_, topic)) = publisher.note(news.recv().await.unwrap()) {
                break topic;
            }
        };
        assert_eq!(topic, "kernel");
        let frames = vec![Bytes::from_static(b"kernel.x"), Bytes::from(vec![1; 1 << 20]), Bytes::new()];
        publisher.publish(&frames).await;
        assert_eq!(socket.recv().await.unwrap().into_vec(), frames);
        drop(socket);
        while !publisher.subscribers.is_empty() {
            publisher.note(news.recv().await.unwrap());
        }
    }
}
