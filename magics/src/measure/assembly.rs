//! The compiler's assembly, read as text: functions, the lines their instructions come from, vector instructions.

use super::{stacks, symbols};

/// One machine instruction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Instruction {
    /// For example `vaddpd ymm0, ymm0, ymmword ptr [rdi]`.
    pub text: String,
    /// Line of the generated file, where it is known to be from there.
    pub line: Option<usize>,
    /// Bits of the vector it works on; none for a scalar instruction.
    pub vector_bits: Option<u32>,
    /// Labels before it.
    pub labels: Vec<String>,
}

/// One function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    pub symbol: String,
    pub instructions: Vec<Instruction>,
}

impl Function {
    /// The short name, as in the table of hot functions.
    pub fn name(&self) -> String {
        if stacks::is_measured(&self.symbol) { stacks::body_name().to_owned() } else { symbols::short(&self.symbol) }
    }

    /// How many instructions come from one of `lines`.
    pub fn at_lines(&self, lines: &[usize]) -> usize {
        self.instructions.iter().filter(|one| one.line.is_some_and(|line| lines.contains(&line))).count()
    }

    /// For example `12 of 40 instructions are vector instructions, widest 256 bits`.
    pub fn summary(&self) -> String {
        let widths: Vec<u32> = self.instructions.iter().filter_map(|one| one.vector_bits).collect();
        let all = self.instructions.len();
        match widths.iter().max() {
            None => format!("none of {all} instructions is a vector instruction"),
            Some(widest) => format!("{} of {all} instructions are vector instructions, widest {widest} bits", widths.len()),
        }
    }
}

/// Reads what `rustc --emit=asm` has written; `file` is the name of the generated source.
pub fn functions(assembly: &str, file: &str) -> Vec<Function> {
    let (mut functions, mut symbols): (Vec<Function>, Vec<&str>) = (Vec::new(), Vec::new());
    let mut ours: Vec<&str> = Vec::new();
    let mut open: Option<Function> = None;
    let (mut line, mut labels) = (None, Vec::new());
    // Code of the library, inlined, belongs to the line of ours that came before; but not beyond a label.
    let (mut foreign, mut stale) = (false, false);
    for raw in assembly.lines() {
        let text = raw.split('#').next().unwrap_or_default().trim_end();
        let trimmed = text.trim();
        if let Some(rest) = trimmed.strip_prefix(".type") {
            // `.type name,@function`, on ARM `%function`.
            if let Some((name, kind)) = rest.trim().split_once(',')
                && kind.trim().ends_with("function")
            {
                symbols.push(name.trim_matches('"'));
            }
        } else if let Some(rest) = trimmed.strip_prefix(".file") {
            // `.file 1 "folder" "name"`.
            if rest.contains(file) {
                ours.extend(rest.split_whitespace().next());
            }
        } else if let Some(rest) = trimmed.strip_prefix(".loc") {
            let mut words = rest.split_whitespace();
            let number = words.next();
            let at = words.next().and_then(|word| word.parse().ok());
            foreign = !number.is_some_and(|number| ours.contains(&number));
            // Line 0 is nobody's.
            if !foreign && at != Some(0) {
                (line, stale) = (at, false);
            }
        } else if let Some(label) = text.strip_suffix(':').filter(|_| !text.starts_with(char::is_whitespace)) {
            let label = label.trim_matches('"');
            if symbols.contains(&label) {
                functions.extend(open.take());
                open = Some(Function { symbol: label.to_owned(), instructions: Vec::new() });
                (line, labels, stale) = (None, Vec::new(), false);
            } else if label.starts_with(".Lfunc_end") {
                functions.extend(open.take());
            } else if label.starts_with(".LBB") {
                labels.push(label.to_owned());
                stale = true;
            }
        } else if let Some(function) = &mut open
            && text.starts_with(char::is_whitespace)
            && !trimmed.is_empty()
            && !trimmed.starts_with('.')
            && !trimmed.starts_with("//")
        {
            let text = trimmed.split_whitespace().collect::<Vec<_>>().join(" ");
            let vector_bits = vector_bits(&text);
            let line = line.filter(|_| !(foreign && stale));
            function.instructions.push(Instruction { text, line, vector_bits, labels: std::mem::take(&mut labels) });
        }
    }
    functions.extend(open.take());
    functions.retain(|function| !function.instructions.is_empty());
    functions
}

/// Bits of the vector that an instruction computes on or moves; none for scalar ones.
///
/// x86-64: packed instructions on xmm, ymm or zmm registers; a register that is cleared or copied is not counted, nor are the
/// scalar ones that use one lane (`addsd`, `movq`). AArch64: registers with an arrangement, as `v0.2d`.
pub fn vector_bits(instruction: &str) -> Option<u32> {
    let (name, operands) = instruction.split_once(' ')?;
    let operands = operands.split("//").next().unwrap_or_default();
    let list: Vec<&str> = operands.split(',').map(str::trim).collect();
    let arranged = |operand: &str| {
        let arrangement = operand.trim_matches(['{', '}', ' ']).strip_prefix('v')?.split_once('.')?.1;
        match arrangement.trim_end_matches(['}', ' ']) {
            "16b" | "8h" | "4s" | "2d" => Some(128),
            "8b" | "4h" | "2s" | "1d" => Some(64),
            _ => None,
        }
    };
    if let Some(bits) = list.iter().filter_map(|operand| arranged(operand)).max() {
        return Some(bits);
    }
    let register = |operand: &str| {
        let prefixes = [("zmm", 512), ("ymm", 256), ("xmm", 128)];
        prefixes
            .into_iter()
            .find(|(prefix, _)| operand.strip_prefix(prefix).is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_digit())))
    };
    let bits = list.iter().filter_map(|operand| register(operand)).map(|(_, bits)| bits).max()?;
    let plain = name.strip_prefix('v').unwrap_or(name);
    let moved = plain.starts_with("mov");
    let only_registers = list.iter().all(|operand| register(operand).is_some());
    let cleared = plain.contains("xor") && list.windows(2).any(|pair| pair[0] == pair[1]);
    if cleared || moved && only_registers || bits == 128 && ["movh", "movl"].iter().any(|half| plain.starts_with(half)) {
        return None;
    }
    let packed = plain.ends_with("ps")
        || plain.ends_with("pd")
        || plain.starts_with('p') && !["push", "pop", "prefetch", "pause", "pinsr", "pextr"].iter().any(|other| plain.starts_with(other))
        || ["movdq", "lddqu", "broadcast", "perm", "insertf", "extractf", "inserti", "extracti"]
            .iter()
            .any(|start| plain.starts_with(start));
    packed.then_some(bits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packed_instructions_are_vector_instructions() {
        for (text, bits) in [
            ("addpd xmm0, xmm1", Some(128)),
            ("vaddpd ymm0, ymm0, ymmword ptr [rdi + 32]", Some(256)),
            ("vfmadd231ps zmm1, zmm2, zmm3", Some(512)),
            ("paddq xmm2, xmm0", Some(128)),
            ("vpmuludq ymm4, ymm1, ymm2", Some(256)),
            ("movdqu xmm0, xmmword ptr [rdi]", Some(128)),
            ("movups xmmword ptr [rsp], xmm0", Some(128)),
            ("pshufd xmm1, xmm0, 238", Some(128)),
            ("addsd xmm0, qword ptr [rdi]", None),
            ("xorps xmm0, xmm0", None),
            ("vpxor xmm0, xmm0, xmm0", None),
            ("movaps xmm1, xmm0", None),
            ("movq rax, xmm0", None),
            ("push rbp", None),
            ("prefetcht0 byte ptr [rdi]", None),
            ("ret", None),
            ("fadd v0.2d, v0.2d, v1.2d", Some(128)),
            ("ld1 { v1.8b }, [x0]", Some(64)),
            ("fadd d0, d0, d1", None),
        ] {
            assert_eq!(vector_bits(text), bits, "{text}");
        }
    }

    const ASM: &str = "\t.file\t\"cell\"\n\t.type\t_RNvCs1_4cell3sum,@function\n_RNvCs1_4cell3sum:\n.Lfunc_begin0:\n\t.file\t1 \"/tmp\" \"cell_ab.rs\"\n\
        \t.file\t2 \"/rustc/x\" \"iter.rs\"\n\t.loc\t1 12 5 prologue_end\n\ttest\trsi, rsi\n\tje\t.LBB0_1\n.LBB0_2:\n\t.loc\t2 90 1\n\tpaddq\txmm0, xmm1 # add\n\
        \t.loc\t1 13 0\n\tret\n.Lfunc_end0:\n\t.size\t_RNvCs1_4cell3sum, .Lfunc_end0-_RNvCs1_4cell3sum\nnot_code:\n\t.quad\t1\n";

    #[test]
    fn functions_have_lines_and_labels() {
        let functions = functions(ASM, "cell_ab.rs");
        assert_eq!(functions.len(), 1);
        let sum = &functions[0];
        assert_eq!(sum.name(), "sum");
        assert_eq!(sum.summary(), "1 of 4 instructions are vector instructions, widest 128 bits");
        let paddq = &sum.instructions[2];
        assert_eq!(
            (paddq.text.as_str(), paddq.line, paddq.labels.as_slice()),
            ("paddq xmm0, xmm1", None, [".LBB0_2".to_owned()].as_slice())
        );
        assert_eq!((sum.at_lines(&[12]), sum.at_lines(&[13])), (2, 1));
    }

    #[test]
    fn no_vector_is_said() {
        let scalar =
            Function { symbol: "f".into(), instructions: functions("\t.type f,@function\nf:\n\tret\n", "x")[0].instructions.clone() };
        assert_eq!(scalar.summary(), "none of 1 instructions is a vector instruction");
    }
}
