//! How wide text is, without a font at hand.
//!
//! Widths are DejaVu Sans's, in thousandths of the font size. It is wider than the Helvetica and Arial that browsers
//! usually choose, so text that fits by this table fits everywhere.

const REGULAR: [u16; 95] = [
    318, 401, 460, 838, 636, 950, 780, 275, 390, 390, 500, 838, 318, 361, 318, 337, 636, 636, 636, 636, 636, 636, 636, 636, 636, 636, 337,
    337, 838, 838, 838, 531, 1000, 684, 686, 698, 770, 632, 575, 775, 752, 295, 295, 656, 557, 863, 748, 787, 603, 787, 695, 635, 611, 732,
    684, 989, 685, 611, 685, 390, 337, 390, 838, 500, 500, 613, 635, 550, 635, 615, 352, 635, 634, 278, 278, 579, 278, 974, 634, 612, 635,
    635, 411, 521, 392, 634, 592, 818, 592, 592, 525, 636, 337, 636, 838,
];

const BOLD: [u16; 95] = [
    348, 456, 521, 838, 696, 1002, 872, 306, 457, 457, 523, 838, 380, 415, 380, 365, 696, 696, 696, 696, 696, 696, 696, 696, 696, 696, 400,
    400, 838, 838, 838, 580, 1000, 774, 762, 734, 830, 683, 683, 821, 837, 372, 372, 775, 637, 995, 837, 850, 733, 850, 770, 720, 682, 812,
    774, 1103, 771, 724, 725, 457, 365, 457, 838, 500, 500, 675, 716, 593, 716, 678, 435, 716, 712, 343, 343, 665, 343, 1042, 712, 687,
    716, 716, 493, 595, 478, 712, 652, 924, 645, 652, 582, 712, 365, 712, 838,
];

/// Width of `text` in pixels at font size `size`.
pub fn width(text: &str, size: f64, bold: bool) -> f64 {
    let table = if bold { &BOLD } else { &REGULAR };
    let thousandths: u32 = text.chars().map(|c| advance(c, table)).sum();
    f64::from(thousandths) / 1000.0 * size
}

fn advance(c: char, table: &[u16; 95]) -> u32 {
    match c {
        ' '..='~' => u32::from(table[c as usize - 32]),
        '\u{202f}' => 200,
        '\u{a0}' | '·' => 380,
        'µ' => 736,
        '–' => 500,
        '×' | '±' | '≥' | '≤' | '→' => 838,
        c if c.is_alphanumeric() && (c as u32) < 0x250 => 720,
        _ => 1000,
    }
}

/// `text`, or as much of its beginning as fits into `room` pixels with `…`; empty when not even that fits.
pub fn fit(text: &str, size: f64, bold: bool, room: f64) -> String {
    if width(text, size, bold) <= room {
        return text.to_owned();
    }
    let mut kept = String::new();
    let mut used = width("…", size, bold);
    for c in text.chars() {
        used += width(c.encode_utf8(&mut [0; 4]), size, bold);
        if used > room {
            break;
        }
        kept.push(c);
    }
    if kept.trim().is_empty() { String::new() } else { format!("{}…", kept.trim_end()) }
}

/// Breaks `text` at spaces into lines of at most `room` pixels; a longer word gets a line of its own.
pub fn wrap(text: &str, size: f64, room: f64) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split(' ') {
        match lines.last_mut() {
            Some(line) if width(&format!("{line} {word}"), size, false) <= room => {
                line.push(' ');
                line.push_str(word);
            }
            _ => lines.push(word.to_owned()),
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fitting_text_stays_and_long_text_is_cut() {
        assert_eq!(fit("short", 12.0, false, 200.0), "short");
        let cut = fit("a rather long label that cannot fit", 12.0, false, 80.0);
        assert!(cut.ends_with('…') && width(&cut, 12.0, false) <= 80.0, "{cut}");
        assert_eq!(fit("wide", 12.0, false, 5.0), "");
    }

    #[test]
    fn wrapped_lines_fit() {
        let lines = wrap("one two three four five six seven", 12.0, 90.0);
        assert!(lines.len() > 1 && lines.iter().all(|l| width(l, 12.0, false) <= 90.0), "{lines:?}");
        assert_eq!(lines.join(" "), "one two three four five six seven");
    }
}
