//! `--asm`: the assembly of the hot function, vector instructions marked, the cell's lines beside it.

use std::collections::HashMap;

use serde_json::Value;

use super::cpu::Sampled;
use super::sent;
use crate::bundle::Bundle;
use crate::error::MagicError;
use crate::host::Host;
use crate::html;
use crate::measure::assembly::{self, Function};
use crate::nearest;

/// Longer functions are cut to the surroundings of their hot lines.
const MOST: usize = 160;
/// Instructions kept around those of a hot line.
const AROUND: usize = 4;
/// A line is hot from this share of the hottest one's on.
const HOT_PART: f64 = 0.1;

pub fn show(wanted: &str, code: &str, sampled: &Sampled, host: &mut dyn Host) -> Result<(), MagicError> {
    host.status("compiling to assembly");
    let assembly = host.assembly(code)?;
    let functions = assembly::functions(&assembly.text, &assembly.file);
    let hot = hot_lines(sent(&sampled.collected)?, &assembly.file);
    let function = choose(&functions, wanted, &hot, sampled)?;
    let mut lines: HashMap<usize, (usize, String)> = HashMap::new();
    for line in function.instructions.iter().filter_map(|one| one.line) {
        if let Some(at) = host.source_line(&assembly.file, line) {
            let text = at.source.lines().nth(at.line - 1).unwrap_or_default().trim().to_owned();
            lines.insert(line, (at.line, text));
        }
    }
    host.display(&listing(function, &hot, &lines));
    Ok(())
}

/// Lines of the generated file with many samples of their own.
fn hot_lines(told: &Value, file: &str) -> Vec<usize> {
    let of_file = || told["lines"].as_array().into_iter().flatten().filter(|line| line["file"] == file);
    let own = |line: &Value| line["self"].as_f64().unwrap_or(0.0);
    let most = of_file().map(own).fold(0.0, f64::max);
    let hot = of_file().filter(|line| own(line) > 0.0 && own(line) >= HOT_PART * most);
    hot.filter_map(|line| usize::try_from(line["line"].as_u64()?).ok()).collect()
}

fn choose<'a>(functions: &'a [Function], wanted: &str, hot: &[usize], sampled: &Sampled) -> Result<&'a Function, MagicError> {
    let hottest = sampled.stacks.hot(1).into_iter().next().map(|hot| hot.symbol).unwrap_or_default();
    let among: Vec<&Function> = if wanted == "hot" {
        functions.iter().collect()
    } else {
        functions.iter().filter(|function| function.name().contains(wanted) || function.symbol.contains(wanted)).collect()
    };
    let best = among.iter().max_by_key(|function| (function.at_lines(hot), function.name() == hottest, function.instructions.len()));
    best.copied().ok_or_else(|| {
        let mut names: Vec<String> = functions.iter().map(Function::name).collect();
        names.sort();
        names.dedup();
        let near = nearest::nearest(wanted, names.iter().map(String::as_str));
        let hint = match near {
            Some(near) => format!("did you mean `{near}`?"),
            None => format!("a function that was inlined is in the one that calls it; there are {}", names.join(", ")),
        };
        MagicError::usage(format!("the compiled cell has no function with `{wanted}` in its name")).hint(format!("{hint} Or `--asm hot`"))
    })
}

/// One line of the listing: mark, line of the cell, instruction.
fn listing(function: &Function, hot: &[usize], lines: &HashMap<usize, (usize, String)>) -> Bundle {
    let is_hot = |at: usize| function.instructions[at].line.is_some_and(|line| hot.contains(&line));
    let all = function.instructions.len();
    let shown =
        |at: usize| all <= MOST || (at.saturating_sub(AROUND)..=(at + AROUND).min(all - 1)).any(is_hot) || hot.is_empty() && at < MOST;
    let (mut text, mut html_lines) = (String::new(), String::new());
    let mut push = |line: String, strong: bool| {
        let escaped = html::escape(&line);
        html_lines.push_str(&if strong { format!("<b>{escaped}</b>\n") } else { format!("{escaped}\n") });
        text.push_str(&line);
        text.push('\n');
    };
    let (mut source, mut left_out) = (None, 0);
    for (at, one) in function.instructions.iter().enumerate() {
        if !shown(at) {
            left_out += 1;
            continue;
        }
        if left_out > 0 {
            push(format!("         … {left_out} instructions"), false);
            left_out = 0;
        }
        for label in &one.labels {
            push(format!("{label}:"), false);
        }
        let place = one.line.and_then(|line| lines.get(&line));
        if let Some((line, text)) = place
            && source != Some(*line)
        {
            push(format!("         ; {line}: {text}"), false);
            source = Some(*line);
        }
        let mark = one.vector_bits.map_or_else(String::new, |bits| format!("V{bits}"));
        let heat = if is_hot(at) { "▌" } else { " " };
        push(format!("{mark:>5} {heat}  {}", one.text), one.vector_bits.is_some());
    }
    if left_out > 0 {
        push(format!("         … {left_out} instructions"), false);
    }
    let summary = function.summary();
    let legend = "V and bold: vector instruction and its width in bits; ▌: from a hot line";
    let head = format!("{}: {summary}", function.name());
    let plain = format!("{head}\n{legend}\n{text}");
    let page = format!(
        "<div><b>{}</b>: {}</div><div style=\"font-size:.9em;opacity:.8\">{legend}</div>\n<pre style=\"line-height:1.25\">{html_lines}</pre>",
        html::escape(&function.name()),
        html::escape(&summary),
    );
    Bundle::text(plain).with("text/html", page)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::measure::assembly::Instruction;

    fn function(n: usize) -> Function {
        let one = |at: usize| Instruction {
            text: if at == 50 { "paddq xmm0, xmm1".into() } else { format!("add rax, {at}") },
            line: Some(10 + at / 50),
            vector_bits: (at == 50).then_some(128),
            labels: Vec::new(),
        };
        Function { symbol: "_RNvCs1_4cell3sum".into(), instructions: (0..n).map(one).collect() }
    }

    #[test]
    fn vector_instructions_are_marked_in_text_too() {
        let lines = HashMap::from([(11, (3, "a < b".to_owned()))]);
        let bundle = listing(&function(60), &[11], &lines);
        let text = bundle.data["text/plain"].as_str().unwrap();
        assert!(text.starts_with("sum: 1 of 60 instructions are vector instructions, widest 128 bits\n"), "{text}");
        assert!(text.contains(" V128 ▌  paddq xmm0, xmm1\n") && text.contains("; 3: a < b\n"), "{text}");
        let page = bundle.data["text/html"].as_str().unwrap();
        assert!(page.contains("<b> V128 ▌  paddq xmm0, xmm1</b>") && page.contains("a &lt; b"), "{page}");
    }

    #[test]
    fn a_long_function_is_cut_to_what_is_hot() {
        let bundle = listing(&function(1000), &[15], &HashMap::new());
        let text = bundle.data["text/plain"].as_str().unwrap();
        assert!(text.contains("… 246 instructions") && text.contains("add rax, 250") && !text.contains("add rax, 400"), "{text}");
    }
}
