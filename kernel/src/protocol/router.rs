//! A ROUTER socket: one task reads it, one writes it, and neither ends because of a bad message or a lost client.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::{mpsc, oneshot};
use zeromq::{Listener, RouterRecvHalf, RouterSendHalf, RouterSocket, Socket, SocketRecv, SocketSend, ZmqMessage};

use super::wire::{Envelope, Parent, Request};

/// Where replies on one socket go. Cheap to clone; usable from any thread.
#[derive(Debug, Clone)]
pub struct Replies {
    frames: mpsc::UnboundedSender<Outgoing>,
    envelope: Arc<Envelope>,
}

#[derive(Debug)]
struct Outgoing {
    frames: Vec<Bytes>,
    accepted: Option<oneshot::Sender<bool>>,
}

impl Replies {
    /// Sends a message to `identities`; a client that has gone is logged.
    pub fn send(&self, identities: &[Bytes], msg_type: &str, parent: &Parent, content: Bytes) {
        let (_, frames) = self.envelope.seal(identities, msg_type, Some(parent), content);
        let _ = self.frames.send(Outgoing { frames, accepted: None });
    }

    /// Sends a message and says whether there is a client to take it, with the message's id.
    pub async fn offer(&self, identities: &[Bytes], msg_type: &str, parent: &Parent, content: Bytes) -> (String, bool) {
        let (msg_id, frames) = self.envelope.seal(identities, msg_type, Some(parent), content);
        let (accepted, answer) = oneshot::channel();
        let _ = self.frames.send(Outgoing { frames, accepted: Some(accepted) });
        (msg_id, answer.await.unwrap_or(false))
    }
}

/// Starts a ROUTER on `listener`. Each good message goes to `handle`, which must not block.
///
/// # Errors
/// The listener cannot be used by the runtime.
pub async fn start(
    listener: Listener,
    name: &'static str,
    envelope: Arc<Envelope>,
    handle: impl FnMut(Request, &Replies) + Send + 'static,
) -> Result<Replies, zeromq::ZmqError> {
    let mut socket = RouterSocket::new();
    socket.bind_listener(listener).await?;
    let (sender, receiver) = socket.split();
    let (frames, outgoing) = mpsc::unbounded_channel();
    let replies = Replies { frames, envelope: envelope.clone() };
    tokio::spawn(write(sender, name, outgoing));
    tokio::spawn(read(receiver, name, envelope, replies.clone(), handle));
    Ok(replies)
}

async fn write(mut socket: RouterSendHalf, name: &'static str, mut outgoing: mpsc::UnboundedReceiver<Outgoing>) {
    while let Some(Outgoing { frames, accepted }) = outgoing.recv().await {
        let Ok(message) = ZmqMessage::try_from(frames) else { continue };
        let result = socket.send(message).await;
        match (&result, &accepted) {
            (Err(error), None) => tracing::warn!(socket = name, %error, "a message found no client"),
            (Err(error), Some(_)) => tracing::debug!(socket = name, %error, "a message found no client"),
            (Ok(()), _) => {}
        }
        if let Some(accepted) = accepted {
            let _ = accepted.send(result.is_ok());
        }
    }
}

async fn read(
    mut socket: RouterRecvHalf,
    name: &'static str,
    envelope: Arc<Envelope>,
    replies: Replies,
    mut handle: impl FnMut(Request, &Replies) + Send + 'static,
) {
    loop {
        let message = match socket.recv().await {
            Ok(message) => message,
            Err(error) => {
                tracing::warn!(socket = name, %error, "receiving failed");
                tokio::time::sleep(Duration::from_millis(20)).await;
                continue;
            }
        };
        match envelope.open(message.into_vec()) {
            Ok(request) => {
                tracing::trace!(socket = name, msg_type = request.msg_type, "received");
                if catch_unwind(AssertUnwindSafe(|| handle(request, &replies))).is_err() {
                    tracing::error!(socket = name, "handling a message panicked");
                }
            }
            Err(error) => tracing::warn!(socket = name, %error, "a message was dropped"),
        }
    }
}
