//! Paths as people write them, with `~` for their home folder: a published notebook says nothing of the machine it ran on.

fn home() -> Option<String> {
    let home = std::env::var("HOME").ok()?;
    let home = home.trim_end_matches('/');
    (!home.is_empty()).then(|| home.to_owned())
}

/// `~/` as the home folder.
pub(crate) fn expanded(text: &str) -> String {
    match (text.strip_prefix("~/"), home()) {
        (Some(rest), Some(home)) => format!("{home}/{rest}"),
        _ => text.to_owned(),
    }
}

/// The home folder as `~`, which DuckDB reads too.
pub(crate) fn shortened(path: &str) -> String {
    match home().and_then(|home| path.strip_prefix(&home)).filter(|rest| rest.starts_with('/')) {
        Some(rest) => format!("~{rest}"),
        None => path.to_owned(),
    }
}

/// As [`shortened`], for the paths in a drawn plan. Its boxes keep their width.
pub(crate) fn shortened_in_plan(text: &str) -> String {
    match home() {
        Some(home) => text.split('\n').map(|line| shortened_in_line(line, &home)).collect::<Vec<_>>().join("\n"),
        None => text.to_owned(),
    }
}

fn shortened_in_line(line: &str, home: &str) -> String {
    let home_folder = format!("{home}/");
    let mut parts = line.split(&home_folder);
    let mut shortened = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        shortened.push_str("~/");
        match part.find('│') {
            Some(border) => {
                let (inside, rest) = part.split_at(border);
                shortened.extend([inside, &" ".repeat(home.chars().count() - 1), rest]);
            }
            None => shortened.push_str(part),
        }
    }
    shortened
}

#[cfg(test)]
mod tests {
    use super::shortened_in_line;

    #[test]
    fn boxes_keep_their_width() {
        let short = |line: &str| shortened_in_line(line, "/home/eva");
        assert_eq!(short("│ /home/eva/data │ /home/eva/ │"), "│ ~/data         │ ~/         │");
        assert_eq!(short("FROM /home/eva/data"), "FROM ~/data");
        assert_eq!(short("│ /home/evan/data │"), "│ /home/evan/data │");
    }
}
