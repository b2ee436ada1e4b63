//! One request being answered: busy at the start, exactly one reply, idle at the end, whatever happens between.

use jupyter_protocol::{ReplyError, Status};
use magics::error::MagicError;
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::iopub::Iopub;
use super::router::Replies;
use super::wire::{Parent, Request, parse_content, to_json};

/// A request under way. Dropping it sends an error reply when none was sent, then idle.
#[derive(Debug)]
pub struct Exchange {
    request: Request,
    replies: Replies,
    iopub: Iopub,
    /// The reply still owed.
    owed: Option<String>,
}

impl Exchange {
    /// Says busy. A reply is owed to every `…_request`.
    #[must_use]
    pub fn begin(request: Request, replies: &Replies, iopub: &Iopub) -> Self {
        iopub.send(Some(&request.parent), "status", &Status::busy());
        let owed = reply_type(&request.msg_type);
        Self { request, replies: replies.clone(), iopub: iopub.clone(), owed }
    }

    /// The request.
    #[must_use]
    pub fn request(&self) -> &Request {
        &self.request
    }

    /// The parent of everything that belongs to this request.
    #[must_use]
    pub fn parent(&self) -> &Parent {
        &self.request.parent
    }

    /// Reads the request's content; see [`parse_content`].
    ///
    /// # Errors
    /// An error to reply with.
    pub fn content<T: DeserializeOwned>(&self, defaults: Value) -> Result<T, MagicError> {
        parse_content(&self.request.content, defaults)
            .map_err(|error| MagicError::new("ProtocolError", format!("bad `{}`: {error}", self.request.msg_type)))
    }

    /// Sends the reply; a second one is not sent.
    pub fn reply(&mut self, content: &impl Serialize) {
        match self.owed.take() {
            Some(msg_type) => {
                self.replies.send(&self.request.identities, &msg_type, &self.request.parent, to_json(content));
            }
            None => tracing::error!(msg_type = self.request.msg_type, "a second reply was held back"),
        }
    }

    /// Sends a reply with status `error`.
    pub fn fail(&mut self, error: &MagicError) {
        self.reply(&json!({ "status": "error", "ename": error.name, "evalue": error.message, "traceback": error.shown() }));
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        if self.owed.is_some() {
            let msg_type = &self.request.msg_type;
            let error = MagicError::new("KernelError", format!("the kernel failed to answer `{msg_type}`"));
            self.fail(&error.hint("this is a defect of the kernel: its log tells more"));
        }
        self.iopub.send(Some(&self.request.parent), "status", &Status::idle());
    }
}

/// `x_reply` for `x_request`.
fn reply_type(msg_type: &str) -> Option<String> {
    msg_type.strip_suffix("_request").map(|name| format!("{name}_reply"))
}

/// The error triple of the protocol.
#[must_use]
pub fn triple(error: &MagicError) -> ReplyError {
    ReplyError { ename: error.name.clone(), evalue: error.message.clone(), traceback: error.shown() }
}

/// What a caught panic said, as an error.
#[must_use]
pub fn panicked(what: &str, payload: &(dyn std::any::Any + Send)) -> MagicError {
    let said =
        payload.downcast_ref::<String>().map(String::as_str).or_else(|| payload.downcast_ref::<&str>().copied()).unwrap_or("no message");
    MagicError::new("KernelPanic", format!("the kernel panicked while {what}: {said}"))
        .hint("the session goes on; if this happens again, restart the kernel and report it")
}
