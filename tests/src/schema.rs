//! What the Jupyter protocol demands of the messages a kernel sends.
//! <https://jupyter-client.readthedocs.io/en/stable/messaging.html>

use serde_json::{Map, Value};

use crate::message::{Channel, Message};

/// The shape of a field.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Flag,
    Count,
    Object,
    List,
    Texts,
    /// MIME type to content.
    Bundle,
    OneOf(&'static [&'static str]),
}

use Shape::{Bundle, Count, Flag, List, Object, OneOf, Text, Texts};

type Fields = &'static [(&'static str, Shape)];

const ERROR: Fields = &[("ename", Text), ("evalue", Text), ("traceback", Texts)];

/// Required fields of what a kernel broadcasts.
fn broadcast(kind: &str) -> Option<Fields> {
    Some(match kind {
        "status" => &[("execution_state", OneOf(&["busy", "idle", "starting"]))],
        "execute_input" => &[("code", Text), ("execution_count", Count)],
        "stream" => &[("name", OneOf(&["stdout", "stderr"])), ("text", Text)],
        "display_data" | "update_display_data" => &[("data", Bundle), ("metadata", Object), ("transient", Object)],
        "execute_result" => &[("data", Bundle), ("metadata", Object), ("execution_count", Count)],
        "clear_output" => &[("wait", Flag)],
        "error" => ERROR,
        "iopub_welcome" => &[("subscription", Text)],
        "comm_open" => &[("comm_id", Text), ("target_name", Text), ("data", Object)],
        "comm_msg" | "comm_close" => &[("comm_id", Text), ("data", Object)],
        "shutdown_reply" => &[("restart", Flag), ("status", OneOf(&["ok"]))],
        _ => return None,
    })
}

/// Required fields of replies whose status is `ok`.
fn reply(kind: &str) -> Option<Fields> {
    Some(match kind {
        "execute_reply" => &[("execution_count", Count), ("user_expressions", Object), ("payload", List)],
        "complete_reply" => &[("matches", Texts), ("cursor_start", Count), ("cursor_end", Count), ("metadata", Object)],
        "inspect_reply" => &[("found", Flag), ("data", Object), ("metadata", Object)],
        "history_reply" => &[("history", List)],
        "comm_info_reply" => &[("comms", Object)],
        "kernel_info_reply" => &[
            ("protocol_version", Text),
            ("implementation", Text),
            ("implementation_version", Text),
            ("language_info", Object),
            ("banner", Text),
            ("help_links", List),
        ],
        "shutdown_reply" => &[("restart", Flag)],
        "interrupt_reply" => &[],
        "connect_reply" => {
            &[("shell_port", Count), ("iopub_port", Count), ("stdin_port", Count), ("hb_port", Count), ("control_port", Count)]
        }
        _ => return None,
    })
}

/// Checks a message against the protocol.
///
/// # Errors
/// What is wrong, with the message.
pub fn check(message: &Message) -> Result<(), String> {
    envelope(message).and_then(|()| content(message)).map_err(|wrong| {
        let text: String = message.content.to_string().chars().take(2000).collect();
        format!("{} on {:?}: {wrong}\n  content: {text}", message.kind(), message.channel)
    })
}

fn envelope(message: &Message) -> Result<(), String> {
    fields(
        &message.header,
        &[("msg_id", Text), ("session", Text), ("username", Text), ("date", Text), ("msg_type", Text), ("version", Text)],
    )?;
    let version = message.header["version"].as_str().unwrap_or_default();
    if !version.starts_with("5.") {
        return Err(format!("protocol version {version}"));
    }
    for (name, value) in [("parent_header", &message.parent), ("metadata", &message.metadata), ("content", &message.content)] {
        if !value.is_object() {
            return Err(format!("{name} is no object"));
        }
    }
    if message.channel == Channel::Iopub && message.topic.len() != 1 {
        return Err(format!("an IOPub message has one topic frame, not {}", message.topic.len()));
    }
    Ok(())
}

fn content(message: &Message) -> Result<(), String> {
    let (kind, content) = (message.kind(), &message.content);
    match message.channel {
        Channel::Stdin if kind == "input_request" => fields(content, &[("prompt", Text), ("password", Flag)]),
        Channel::Stdin => Err("only input_request comes on stdin".into()),
        Channel::Iopub => {
            fields(content, broadcast(kind).ok_or("not a message that a kernel broadcasts")?)?;
            match kind {
                "display_data" | "execute_result" | "update_display_data" => bundle(&content["data"]),
                "error" => not_empty(content),
                _ => Ok(()),
            }?;
            if kind == "update_display_data" && content["transient"]["display_id"].as_str().is_none_or(str::is_empty) {
                return Err("an update without a display_id".into());
            }
            Ok(())
        }
        Channel::Shell | Channel::Control => answer(kind, content),
    }
}

fn answer(kind: &str, content: &Value) -> Result<(), String> {
    match kind {
        // The debug adapter protocol has its own shape.
        "debug_reply" => return fields(content, &[("type", Text), ("success", Flag), ("command", Text)]),
        "is_complete_reply" if content["status"] != "error" => {
            fields(content, &[("status", OneOf(&["complete", "incomplete", "invalid", "unknown"]))])?;
            return if content["status"] == "incomplete" { fields(content, &[("indent", Text)]) } else { Ok(()) };
        }
        _ => {}
    }
    match content["status"].as_str() {
        Some("ok") => fields(content, reply(kind).ok_or("not a reply that the protocol knows")?),
        Some("error") => {
            fields(content, ERROR)?;
            not_empty(content)?;
            if kind == "execute_reply" { fields(content, &[("execution_count", Count)]) } else { Ok(()) }
        }
        Some("aborted") if kind == "execute_reply" => Ok(()),
        other => Err(format!("status {other:?}")),
    }
}

/// An error that says nothing helps nobody.
fn not_empty(content: &Value) -> Result<(), String> {
    let empty = content["ename"].as_str().is_none_or(str::is_empty) || content["traceback"].as_array().is_none_or(Vec::is_empty);
    if empty { Err("an error without name or text".into()) } else { Ok(()) }
}

/// Every rich output carries plain text; JSON types apart, content is text.
fn bundle(data: &Value) -> Result<(), String> {
    let empty = Map::new();
    let data = data.as_object().unwrap_or(&empty);
    if !data.contains_key("text/plain") {
        return Err("a rich output without text/plain".into());
    }
    for (mime, value) in data {
        if mime == "application/javascript" {
            return Err("JavaScript in an output".into());
        }
        if !mime.ends_with("json") && !value.is_string() {
            return Err(format!("{mime} is no text"));
        }
    }
    Ok(())
}

fn fields(object: &Value, wanted: Fields) -> Result<(), String> {
    wanted.iter().try_for_each(|(name, shape)| {
        let value = object.get(name).ok_or_else(|| format!("`{name}` is missing"))?;
        let right = match shape {
            Text => value.is_string(),
            Flag => value.is_boolean(),
            Count => value.is_u64(),
            Object | Bundle => value.is_object(),
            List => value.is_array(),
            Texts => value.as_array().is_some_and(|list| list.iter().all(Value::is_string)),
            OneOf(words) => value.as_str().is_some_and(|word| words.contains(&word)),
        };
        if right { Ok(()) } else { Err(format!("`{name}` is not {shape:?}: {value}")) }
    })
}
