//! `kernel_info_request` and the older `connect_request`.

use jupyter_protocol::{CodeMirrorMode, HelpLink, KernelInfoReply, LanguageInfo, ReplyStatus};
use serde_json::json;

use super::exchange::Exchange;
use super::shell::Handlers;
use super::wire::PROTOCOL_VERSION;

/// Says what this kernel is.
pub fn answer(handlers: &Handlers, exchange: &mut Exchange) {
    let info = handlers.assist.info();
    exchange.reply(&KernelInfoReply {
        status: ReplyStatus::Ok,
        protocol_version: PROTOCOL_VERSION.to_owned(),
        implementation: info.implementation,
        implementation_version: info.implementation_version,
        language_info: LanguageInfo {
            name: info.language_name,
            version: info.language_version,
            mimetype: Some(info.mimetype),
            file_extension: Some(info.file_extension),
            pygments_lexer: Some(info.pygments_lexer),
            codemirror_mode: Some(CodeMirrorMode::Simple(info.codemirror_mode)),
            nbconvert_exporter: None,
        },
        banner: info.banner,
        help_links: info.help_links.into_iter().map(|(text, url)| HelpLink { text, url }).collect(),
        debugger: false,
        error: None,
    });
}

/// Says which ports this kernel listens on.
pub fn connect(handlers: &Handlers, exchange: &mut Exchange) {
    let info = &handlers.connection;
    exchange.reply(&json!({
        "status": "ok", "shell_port": info.shell_port, "iopub_port": info.iopub_port, "stdin_port": info.stdin_port,
        "hb_port": info.hb_port, "control_port": info.control_port
    }));
}
