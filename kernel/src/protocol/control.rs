//! `interrupt_request`, `shutdown_request` and `debug_request`.

use jupyter_protocol::{InterruptReply, ReplyStatus, ShutdownReply, ShutdownRequest};
use serde::Deserialize;
use serde_json::{Value, json};

use super::exchange::Exchange;
use super::shell::Handlers;

/// Stops the running cell.
pub fn interrupt(handlers: &Handlers, exchange: &mut Exchange) {
    handlers.interrupts.interrupt(handlers.assist.as_ref());
    exchange.reply(&InterruptReply::new());
}

/// Ends the kernel, after the reply has been sent to everyone.
pub fn shutdown(handlers: &Handlers, exchange: &mut Exchange) {
    match exchange.content::<ShutdownRequest>(json!({ "restart": false })) {
        Ok(request) => {
            let reply = ShutdownReply { restart: request.restart, status: ReplyStatus::Ok, error: None };
            handlers.iopub.send(Some(exchange.parent()), "shutdown_reply", &reply);
            exchange.reply(&reply);
            let _ = handlers.end.send(request.restart);
        }
        Err(error) => exchange.fail(&error),
    }
}

#[derive(Deserialize)]
struct DebugCall {
    seq: Value,
    command: Value,
}

/// There is no debugger: the debug adapter protocol's way to say so.
pub fn debug(_: &Handlers, exchange: &mut Exchange) {
    match exchange.content::<DebugCall>(json!({ "seq": 0, "command": "" })) {
        Ok(call) => exchange.reply(&json!({
            "type": "response", "seq": 0, "request_seq": call.seq, "command": call.command, "success": false,
            "message": "this kernel has no debugger", "body": {}
        })),
        Err(error) => exchange.fail(&error),
    }
}
