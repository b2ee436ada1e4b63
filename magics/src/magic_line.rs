//! Recognises a line that is a magic: `%name`, `%%name`, `//%name`, `?%name`, `%name?`, `x << %name`.

use std::ops::Range;

use crate::registry;

/// A line that looks like a magic.
pub(crate) struct MagicLine<'a> {
    pub(crate) name: &'a str,
    pub(crate) is_cell: bool,
    pub(crate) help: bool,
    /// Written `//%name`, so that the notebook converts to Rust.
    pub(crate) comment: bool,
    pub(crate) assign: Option<&'a str>,
    pub(crate) name_span: Range<usize>,
    pub(crate) args_start: usize,
}

impl<'a> MagicLine<'a> {
    /// Looks for a magic on a line, in all its forms.
    pub(crate) fn find(line: &'a str) -> Option<Self> {
        let mut at = line.len() - line.trim_start().len();
        let comment = line[at..].starts_with("//%") || line[at..].starts_with("//?%");
        if comment {
            at += 2;
        }
        let asked = line[at..].starts_with('?');
        if asked {
            at += 1;
        }
        let mut assign = None;
        if !asked && let Some((name, after)) = registry::split_assignment(&line[at..]) {
            let text = line[at + after..].trim_start();
            if text.starts_with('%') {
                assign = Some(name);
                at = line.len() - text.len();
            }
        }
        let signs = line[at..].bytes().take_while(|b| *b == b'%').count().min(2);
        let name_start = at + signs;
        let name_len = line[name_start..].find(|c: char| !(c == '_' || c.is_alphanumeric())).unwrap_or(line.len() - name_start);
        let name = &line[name_start..name_start + name_len];
        let bare_help = asked && signs == 0 && registry::find(name).is_some();
        if signs == 0 && !bare_help {
            return None;
        }
        let args_start = name_start + name_len;
        let rest = line[args_start..].trim();
        let help = asked || (!name.is_empty() && matches!(rest, "?" | "??"));
        Some(Self { name, is_cell: signs == 2, help, comment, assign, name_span: at..args_start, args_start })
    }
}
