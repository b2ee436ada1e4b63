//! `complete_request`, `inspect_request` and `is_complete_request`: answered while a cell runs.

use jupyter_protocol::{CompleteReply, CompleteRequest, InspectRequest, IsCompleteReply, IsCompleteRequest, ReplyStatus};
use serde_json::{Map, Value, json};

use crate::engine::{Completeness, Completions};

use super::exchange::Exchange;
use super::shell::Handlers;
use super::text::{byte_offset, code_points};

/// Completions at the cursor.
pub fn complete(handlers: &Handlers, exchange: &mut Exchange) {
    match exchange.content::<CompleteRequest>(json!({ "cursor_pos": usize::MAX })) {
        Ok(request) => {
            let completions = handlers.assist.complete(&request.code, byte_offset(&request.code, request.cursor_pos));
            exchange.reply(&complete_reply(&request.code, completions));
        }
        Err(error) => exchange.fail(&error),
    }
}

fn complete_reply(code: &str, completions: Completions) -> CompleteReply {
    let end = code_points(code, completions.end);
    let start = code_points(code, completions.start).min(end);
    let typed: Vec<Value> = completions
        .matches
        .iter()
        .map(|m| json!({ "text": m.text, "type": m.kind, "signature": m.signature, "start": start, "end": end }))
        .collect();
    let mut metadata = Map::new();
    metadata.insert("_jupyter_types_experimental".into(), typed.into());
    CompleteReply {
        matches: completions.matches.into_iter().map(|m| m.text).collect(),
        cursor_start: start,
        cursor_end: end,
        metadata,
        status: ReplyStatus::Ok,
        error: None,
    }
}

/// What is known about the name at the cursor.
pub fn inspect(handlers: &Handlers, exchange: &mut Exchange) {
    match exchange.content::<InspectRequest>(json!({ "cursor_pos": usize::MAX, "detail_level": 0 })) {
        Ok(request) => {
            let detail = u8::from(request.detail_level.unwrap_or_default() > 0);
            let position = byte_offset(&request.code, request.cursor_pos);
            let found = handlers.assist.inspect(&request.code, position, detail);
            let is_found = found.is_some();
            let bundle = found.unwrap_or_default();
            exchange.reply(&json!({
                "status": "ok", "found": is_found, "data": bundle.data, "metadata": bundle.metadata
            }));
        }
        Err(error) => exchange.fail(&error),
    }
}

/// Whether Enter in a console should run the code.
pub fn is_complete(handlers: &Handlers, exchange: &mut Exchange) {
    match exchange.content::<IsCompleteRequest>(json!({})) {
        Ok(request) => exchange.reply(&match handlers.assist.is_complete(&request.code) {
            Completeness::Complete => IsCompleteReply::complete(),
            Completeness::Incomplete { indent } => IsCompleteReply::incomplete(indent),
            Completeness::Invalid => IsCompleteReply::invalid(),
            Completeness::Unknown => IsCompleteReply::unknown(),
        }),
        Err(error) => exchange.fail(&error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Completion;

    #[test]
    fn offsets_become_code_points_and_stay_in_order() {
        let code = "\u{1f980}.le";
        let one = Completion { text: "len".into(), kind: "method".into(), signature: "fn len()".into() };
        let reply = complete_reply(code, Completions { matches: vec![one.clone()], start: 5, end: 7 });
        assert_eq!((reply.cursor_start, reply.cursor_end), (2, 4));
        let typed = &reply.metadata["_jupyter_types_experimental"][0];
        assert_eq!((typed["text"].as_str(), typed["type"].as_str(), typed["start"].as_u64()), (Some("len"), Some("method"), Some(2)));
        let reply = complete_reply(code, Completions { matches: vec![one], start: 99, end: 4 });
        assert_eq!((reply.cursor_start, reply.cursor_end), (1, 1));
    }
}
