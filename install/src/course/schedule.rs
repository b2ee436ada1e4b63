//! The schedule of the course's two programmes, as Markdown, from the minutes in the notebooks.

use std::fmt::Write as _;

use super::{Lesson, MINUTES, MODULES, Module};

/// The two parts of programme B: the numbers of their notebooks, in the order in which they are taught.
const PARTS: [(&str, &[&str]); 2] = [("Part one", &["42", "43", "44", "4A", "41"]), ("Part two", &["48", "45", "49", "57", "4B"])];

/// What programme A practises, and in which notebook.
const PRACTICE: [(&str, &str); 3] = [
    ("25", "practice: one task several ways, compare"),
    ("33", "practice: move part of the computation into an SQL engine, assess the gain"),
    ("47", "practice: parallelise a task, record the effect"),
];

/// Programme A, a table per day, and programme B, a table per part.
#[must_use]
pub fn markdown(lessons: &[Lesson]) -> String {
    let mut text = format!("### Programme A: five days of {MINUTES} minutes\n");
    for module in MODULES {
        text.push_str(&day(module, lessons));
    }
    text.push_str("\n### Programme B: two parts\n");
    for (part, numbers) in PARTS {
        let _ = write!(text, "\n**{part}**\n\n");
        text.push_str(&table(numbers, lessons));
    }
    let rest: Vec<&Lesson> = lessons.iter().filter(|lesson| !lesson.is_core()).collect();
    if !rest.is_empty() {
        text.push_str("\n### Labs and appendix\n\nFor self-study; their minutes count for no day of programme A.\n\n");
        text.push_str("| minutes | notebook |\n|---:|---|\n");
    }
    for lesson in rest {
        let minutes = lesson.minutes.map_or("–".to_owned(), |minutes| minutes.to_string());
        let _ = writeln!(text, "| {minutes} | {} |", link(lesson));
    }
    text
}

fn day(module: Module, lessons: &[Lesson]) -> String {
    let mut text = format!("\n**Day {0}, module {0}: {1}**\n\n", module.number, module.title);
    if lessons.iter().any(|lesson| module.core.contains(&lesson.number.as_str())) {
        text.push_str(&table(module.core, lessons));
    } else {
        let _ = writeln!(text, "The notebooks of this module do not exist yet: {}.", module.core.join(", "));
    }
    text
}

/// When each notebook begins, counted from the beginning without breaks. What is missing has a row without a time.
fn table(numbers: &[&str], lessons: &[Lesson]) -> String {
    let mut text = "| begins at | minutes | notebook |\n|---:|---:|---|\n".to_owned();
    let mut minutes = 0;
    let mut missing = Vec::new();
    for number in numbers {
        let Some(lesson) = lessons.iter().find(|lesson| lesson.number == *number) else {
            missing.push(*number);
            let _ = writeln!(text, "| – | – | {number}: does not exist yet |");
            continue;
        };
        let practice = PRACTICE.iter().find(|(of, _)| of == number).map_or(String::new(), |(_, what)| format!(" ({what})"));
        let takes = lesson.minutes.unwrap_or(0);
        let _ = writeln!(text, "| {}:{:02} | {takes} | {}{practice} |", minutes / 60, minutes % 60, link(lesson));
        minutes += takes;
    }
    let without = if missing.is_empty() { String::new() } else { format!(", without {}", missing.join(", ")) };
    let _ = writeln!(text, "| {}:{:02} | **{minutes}** | end{without} |", minutes / 60, minutes % 60);
    text
}

fn link(lesson: &Lesson) -> String {
    format!("[{}]({}.ipynb)", lesson.label(), lesson.name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::course::tests::lesson;

    #[test]
    fn times_add_up_and_what_is_missing_is_said() {
        let lessons = [lesson("31", Some(50)), lesson("32", Some(70)), lesson("34", Some(66)), lesson("35", Some(40)), lesson("99", None)];
        let text = markdown(&lessons);
        for row in [
            "| 0:00 | 50 | [31 X](31_x.ipynb) |",
            "| 0:50 | 70 | [32 X](32_x.ipynb) |",
            "| – | – | 33: does not exist yet |",
            "| 2:00 | 66 | [34 X](34_x.ipynb) |",
            "| 3:06 | **186** | end, without 33 |",
            "The notebooks of this module do not exist yet: 51,",
            "| 40 | [35 X](35_x.ipynb) |",
            "| – | [99 X](99_x.ipynb) |",
        ] {
            assert!(text.contains(row), "{row} is missing in\n{text}");
        }
    }
}
