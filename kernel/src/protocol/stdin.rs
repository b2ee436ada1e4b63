//! The stdin socket: asks the frontend that sent the cell for a line of text.

use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::Duration;

use bytes::Bytes;
use jupyter_protocol::{InputReply, InputRequest, ReplyStatus};
use serde_json::json;
use tokio::sync::mpsc;
use zeromq::Listener;

use super::router::{self, Replies};
use super::wire::{Envelope, Parent, Request, parse_content, to_json};

/// How often, and how far apart, a question is offered to a frontend whose stdin socket is still connecting.
const OFFERS: u32 = 40;
const BETWEEN_OFFERS: Duration = Duration::from_millis(50);

/// How a question ended.
#[derive(Debug, PartialEq, Eq)]
pub enum Answer {
    Line(String),
    Interrupted,
    /// The frontend has no stdin socket.
    Unreachable,
}

/// A question to a frontend.
#[derive(Debug)]
pub struct Question {
    /// The frontend's ROUTER identities: those of the cell it sent.
    pub identities: Vec<Bytes>,
    pub parent: Parent,
    pub prompt: String,
    /// The frontend hides what is typed.
    pub password: bool,
    pub answer: Sender<Answer>,
}

/// A handle to the stdin task.
#[derive(Debug, Clone)]
pub struct Stdin(mpsc::UnboundedSender<Event>);

#[derive(Debug)]
enum Event {
    Ask(Question),
    Received(Request),
}

impl Stdin {
    /// Starts the socket.
    ///
    /// # Errors
    /// As [`router::start`].
    pub async fn start(listener: Listener, envelope: Arc<Envelope>) -> Result<Self, zeromq::ZmqError> {
        let (events, received) = mpsc::unbounded_channel();
        let handle = Self(events.clone());
        let forward = move |request: Request, _: &Replies| drop(events.send(Event::Received(request)));
        let replies = router::start(listener, "stdin", envelope, forward).await?;
        tokio::spawn(run(replies, received));
        Ok(handle)
    }

    /// Asks; the answer comes through the question's channel.
    pub fn ask(&self, question: Question) {
        let _ = self.0.send(Event::Ask(question));
    }
}

/// A question that has been sent.
struct Pending {
    msg_id: String,
    question: Question,
}

async fn run(replies: Replies, mut events: mpsc::UnboundedReceiver<Event>) {
    let mut pending: Option<Pending> = None;
    while let Some(event) = events.recv().await {
        match event {
            Event::Ask(question) => pending = ask(&replies, question).await,
            Event::Received(request) => match pending.take() {
                Some(asked) if asked.is_answered_by(&request) => {
                    let _ = asked.question.answer.send(read_answer(&request));
                }
                other => {
                    pending = other;
                    tracing::warn!(msg_type = request.msg_type, "nobody waits for this on stdin: dropped");
                }
            },
        }
    }
}

async fn ask(replies: &Replies, question: Question) -> Option<Pending> {
    let content = to_json(&InputRequest { prompt: question.prompt.clone(), password: question.password });
    for _ in 0..OFFERS {
        let (msg_id, accepted) = replies.offer(&question.identities, "input_request", &question.parent, content.clone()).await;
        if accepted {
            return Some(Pending { msg_id, question });
        }
        tokio::time::sleep(BETWEEN_OFFERS).await;
    }
    let _ = question.answer.send(Answer::Unreachable);
    None
}

impl Pending {
    /// From the frontend that was asked, and about this question. Some frontends leave the parent out.
    fn is_answered_by(&self, request: &Request) -> bool {
        request.msg_type == "input_reply"
            && request.identities == self.question.identities
            && request.parent_msg_id.as_ref().is_none_or(|parent| *parent == self.msg_id)
    }
}

fn read_answer(request: &Request) -> Answer {
    match parse_content::<InputReply>(&request.content, json!({ "value": "", "status": "ok" })) {
        Ok(reply) if reply.status == ReplyStatus::Ok => Answer::Line(reply.value),
        Ok(_) => Answer::Interrupted,
        Err(error) => {
            tracing::warn!(error, "an input_reply that cannot be read");
            Answer::Line(String::new())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(msg_type: &str, identity: &'static str, parent: Option<&str>, content: &'static str) -> Request {
        Request {
            identities: vec![Bytes::from_static(identity.as_bytes())],
            msg_type: msg_type.into(),
            parent: Parent::new("r".into(), Bytes::new()),
            parent_msg_id: parent.map(Into::into),
            content: Bytes::from_static(content.as_bytes()),
        }
    }

    #[test]
    fn only_the_frontend_that_was_asked_answers() {
        let (answer, _received) = std::sync::mpsc::channel();
        let question = Question {
            identities: vec![Bytes::from_static(b"a")],
            parent: Parent::new("cell".into(), Bytes::new()),
            prompt: String::new(),
            password: false,
            answer,
        };
        let pending = Pending { msg_id: "q".into(), question };
        assert!(pending.is_answered_by(&reply("input_reply", "a", Some("q"), "{}")));
        assert!(pending.is_answered_by(&reply("input_reply", "a", None, "{}")));
        assert!(!pending.is_answered_by(&reply("input_reply", "a", Some("earlier"), "{}")));
        assert!(!pending.is_answered_by(&reply("input_reply", "b", Some("q"), "{}")));
        assert!(!pending.is_answered_by(&reply("other", "a", Some("q"), "{}")));
    }

    #[test]
    fn answers() {
        let read = |content| read_answer(&reply("input_reply", "a", None, content));
        assert_eq!(read(r#"{"value":"x","status":"ok"}"#), Answer::Line("x".into()));
        assert_eq!(read(r#"{"value":"x"}"#), Answer::Line("x".into()));
        assert_eq!(read(r#"{"status":"error"}"#), Answer::Interrupted);
        assert_eq!(read("nonsense"), Answer::Line(String::new()));
    }
}
