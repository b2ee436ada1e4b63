//! Help made from specs: `%name?`, `--help`, Shift-Tab.

use crate::bundle::Bundle;
use crate::html::{CELL, MUTED, TABLE, escape, inline, pre};
use crate::spec::{OptionSpec, Spec};

/// The whole help of a magic.
pub fn help(spec: &Spec) -> Bundle {
    Bundle::text(text(spec)).with("text/html", html(spec))
}

/// The help of one option.
pub fn option_help(spec: &Spec, option: &OptionSpec) -> Bundle {
    let text = format!("{}  ({})\n{}", option.written(), spec.written(), about(option));
    let html = format!(
        "<p><code>{}</code> of <code>{}</code></p><p>{}</p>",
        escape(&option.written()),
        escape(&spec.written()),
        inline(&about(option))
    );
    Bundle::text(text).with("text/html", html)
}

/// Help, default and repetition of an option in a line.
pub fn about(option: &OptionSpec) -> String {
    let mut text = option.help.to_owned();
    if let Some(default) = option.default {
        text.push_str(&format!(" (default `{default}`)"));
    }
    if option.repeat {
        text.push_str(" (may be repeated)");
    }
    text
}

/// Names and explanations of everything that may follow the name.
fn entries(spec: &Spec) -> Vec<(String, String)> {
    let positional = spec.positional.iter().map(|positional| {
        let optional = if positional.required { "" } else { " (optional)" };
        (positional.name.to_owned(), format!("{}{optional}", positional.help))
    });
    let options = spec.options.iter().map(|option| (option.written(), about(option)));
    let assign = spec.assigns().then(|| ("name << …".to_owned(), "same as `--out name`".to_owned()));
    positional.chain(options).chain(assign).chain([("--help".to_owned(), "this text".to_owned())]).collect()
}

fn text(spec: &Spec) -> String {
    let mut out = format!("{}: {}\n\nUsage: {}\n\n", spec.written(), spec.summary, spec.usage());
    let entries = entries(spec);
    let width = entries.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0);
    for (name, about) in &entries {
        out.push_str(&format!("  {name:width$}  {about}\n"));
    }
    if !spec.details.is_empty() {
        out.push_str(&format!("\n{}\n", spec.details));
    }
    for example in spec.examples {
        out.push_str(&format!("\n{}:\n{}\n", example.about, indented(example.code)));
    }
    out.truncate(out.trim_end().len());
    out
}

fn indented(code: &str) -> String {
    code.lines().map(|line| format!("    {line}")).collect::<Vec<_>>().join("\n")
}

fn html(spec: &Spec) -> String {
    let mut out = format!("<p><code>{}</code>: {}</p>{}", escape(&spec.written()), inline(spec.summary), pre(&spec.usage()));
    out.push_str(&format!("<table style=\"{TABLE}\"><tbody>"));
    for (name, about) in entries(spec) {
        let style = format!("{CELL};text-align:left");
        out.push_str(&format!(
            "<tr><td style=\"{style};white-space:nowrap\"><code>{}</code></td><td style=\"{style}\">{}</td></tr>",
            escape(&name),
            inline(&about)
        ));
    }
    out.push_str("</tbody></table>");
    for paragraph in spec.details.split("\n\n").filter(|paragraph| !paragraph.is_empty()) {
        out.push_str(&format!("<p>{}</p>", inline(paragraph)));
    }
    for example in spec.examples {
        out.push_str(&format!("<p style=\"{MUTED}\">{}</p>{}", inline(example.about), pre(example.code)));
    }
    out
}
