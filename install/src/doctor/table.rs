//! The doctor's table as text.

use super::{Check, Status};

/// Aligned columns, each remedy on a line of its own, and a closing sentence.
pub(super) fn render(checks: &[Check]) -> String {
    let width = checks.iter().map(|c| c.name.chars().count()).max().unwrap_or_default();
    let mut text = String::new();
    for check in checks {
        // Later lines of a long message stay in the last column.
        let detail = check.detail.trim().replace('\n', &format!("\n{:indent$}", "", indent = width + 13));
        text.push_str(&format!("{:8}  {:width$}   {detail}\n", check.status.word(), check.name));
        if !check.mend.is_empty() && check.status != Status::Ok {
            text.push_str(&format!("{:8}  {:width$}   -> {}\n", "", "", check.mend));
        }
    }
    let missing = checks.iter().filter(|c| c.status == Status::Missing).count();
    text.push_str(&match missing {
        0 => "\nAll that is required is there.\n".to_owned(),
        1 => "\nOne required part is missing.\n".to_owned(),
        n => format!("\n{n} required parts are missing.\n"),
    });
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_align_and_remedies_follow() {
        let text = render(&[
            Check::ok("Rust", "rustc 1.95.0"),
            Check::missing("C compiler", "not found", "apt-get install gcc"),
            Check::new("Java", Status::Optional, "not found", "apt-get install default-jre"),
        ]);
        let expected = "\
ok        Rust         rustc 1.95.0
missing   C compiler   not found
                       -> apt-get install gcc
optional  Java         not found
                       -> apt-get install default-jre

One required part is missing.
";
        assert_eq!(text, expected);
    }
}
