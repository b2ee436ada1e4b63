//! Who answers which request. Shell and control take the same requests, each on lanes of its own.

use std::sync::Arc;

use jupyter_protocol::connection_info::ConnectionInfo;
use serde_json::json;
use tokio::sync::mpsc;

use crate::engine::Assist;

use super::exchange::Exchange;
use super::execute::Executor;
use super::history::History;
use super::interrupt::Interrupts;
use super::iopub::Iopub;
use super::lane::Lane;
use super::router::Replies;
use super::wire::Request;
use super::{assist, comm, control, kernel_info};

/// What answers requests. Cheap to clone.
#[derive(Clone)]
pub struct Handlers {
    pub assist: Arc<dyn Assist>,
    pub executor: Executor,
    pub history: Arc<History>,
    pub interrupts: Arc<Interrupts>,
    pub iopub: Iopub,
    pub connection: Arc<ConnectionInfo>,
    /// Told when the kernel is to end; `true` for a restart.
    pub end: mpsc::UnboundedSender<bool>,
}

/// The threads that answer one socket's requests.
#[derive(Debug)]
pub struct Lanes {
    /// What is answered at once.
    quick: Lane,
    /// What may have to analyse code first.
    slow: Lane,
}

impl Lanes {
    /// Starts the threads of the socket `name`.
    ///
    /// # Errors
    /// The system has no more threads.
    pub fn start(name: &str) -> std::io::Result<Self> {
        Ok(Self { quick: Lane::start(name)?, slow: Lane::start(&format!("{name}-slow"))? })
    }
}

/// Answers one message. Returns at once.
pub fn dispatch(handlers: &Handlers, lanes: &Lanes, request: Request, replies: &Replies) {
    let msg_type = request.msg_type.as_str();
    let handler: fn(&Handlers, &mut Exchange) = match msg_type {
        "execute_request" => return handlers.executor.execute(request, replies),
        "kernel_info_request" => kernel_info::answer,
        "connect_request" => kernel_info::connect,
        "complete_request" => assist::complete,
        "inspect_request" => assist::inspect,
        "is_complete_request" => assist::is_complete,
        "history_request" => history,
        "comm_info_request" => comm::info,
        "comm_open" => comm::open,
        "comm_msg" | "comm_close" => comm::ignore,
        "interrupt_request" => control::interrupt,
        "shutdown_request" => control::shutdown,
        "debug_request" => control::debug,
        _ => unknown,
    };
    let slow = matches!(msg_type, "complete_request" | "inspect_request");
    let apart = msg_type == "interrupt_request";
    let mut exchange = Exchange::begin(request, replies, &handlers.iopub);
    let handlers = handlers.clone();
    // A handler that panics drops the exchange, which then answers with an error.
    let answer = move || handler(&handlers, &mut exchange);
    if apart {
        // Stopping a cell takes as long as it takes; a shutdown must not wait behind it.
        tokio::task::spawn_blocking(answer);
    } else if slow {
        lanes.slow.run(answer);
    } else {
        lanes.quick.run(answer);
    }
}

fn history(handlers: &Handlers, exchange: &mut Exchange) {
    match exchange.content(super::history::defaults()) {
        Ok(request) => exchange.reply(&json!({ "status": "ok", "history": handlers.history.answer(&request) })),
        Err(error) => exchange.fail(&error),
    }
}

fn unknown(_: &Handlers, exchange: &mut Exchange) {
    let msg_type = exchange.request().msg_type.clone();
    tracing::warn!(msg_type, "a message type that this kernel does not know");
    if msg_type.ends_with("_request") {
        let error = format!("this kernel does not know `{msg_type}`");
        exchange.fail(&magics::error::MagicError::new("UnknownMessage", error));
    }
}
