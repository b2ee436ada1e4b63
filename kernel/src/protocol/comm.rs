//! Comms. This kernel offers no comm target, so none is ever open; frontends are told so in the protocol's way.

use jupyter_protocol::{CommClose, CommId, CommInfoReply};
use serde::Deserialize;
use serde_json::json;

use super::exchange::Exchange;
use super::shell::Handlers;

#[derive(Deserialize)]
struct Opened {
    comm_id: String,
    target_name: String,
}

/// The open comms: none.
pub fn info(_: &Handlers, exchange: &mut Exchange) {
    exchange.reply(&CommInfoReply::default());
}

/// A frontend opens a comm: it is closed again at once, as the protocol asks for an unknown target.
pub fn open(handlers: &Handlers, exchange: &mut Exchange) {
    match exchange.content::<Opened>(json!({ "target_name": "" })) {
        Ok(opened) => {
            tracing::debug!(target = opened.target_name, "a comm to an unknown target is closed");
            let close = CommClose { comm_id: CommId(opened.comm_id), ..CommClose::default() };
            handlers.iopub.send(Some(exchange.parent()), "comm_close", &close);
        }
        Err(error) => tracing::warn!(%error, "a comm_open that cannot be read"),
    }
}

/// A message to a comm that is not open, or its closing: nothing to do.
pub fn ignore(_: &Handlers, exchange: &mut Exchange) {
    tracing::debug!(msg_type = exchange.request().msg_type, "for a comm that is not open");
}
