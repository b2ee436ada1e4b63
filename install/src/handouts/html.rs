//! Finds what a page would load from elsewhere. A handout must load nothing.

/// Elements whose text is not markup.
const RAW: [&str; 2] = ["script", "style"];

/// Attributes a browser loads by itself. `href` counts for the elements in [`LOADS_HREF`] only: a link that a reader
/// may follow is fine.
const LOADED: [&str; 6] = ["src", "srcset", "poster", "data", "background", "xlink:href"];
const LOADS_HREF: [&str; 4] = ["link", "image", "use", "feimage"];

/// Something that a page names by an address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// As it stands in the page, clipped.
    pub shown: String,
    /// The address alone.
    pub address: String,
}

/// Every reference outside the page, as `tag attribute=value`; empty for a self-contained page.
#[must_use]
pub fn external_references(html: &str) -> Vec<String> {
    loaded(html).into_iter().map(|reference| reference.shown).collect()
}

/// What a browser loads by itself to show a page, beyond the page.
#[must_use]
pub fn loaded(html: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    each_tag(html, |tag, attributes, raw| {
        for (name, value) in attributes {
            let loads = LOADED.contains(&name.as_str())
                && !(name == "data" && tag != "object") // `data` is a loading attribute of <object> only
                && !(name == "xlink:href" && tag == "a")
                || name == "href" && LOADS_HREF.contains(&tag);
            if loads && is_outside(value) {
                found.push(Reference { shown: shown(tag, name, value), address: value.trim().to_owned() });
            }
            if name == "style" {
                found.extend(loaded_by_css(value));
            }
        }
        match tag {
            "style" => found.extend(loaded_by_css(raw)),
            "script" => found.extend(script(raw)),
            _ => {}
        }
    });
    found
}

/// The links that a reader may follow.
#[must_use]
pub fn links(html: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    each_tag(html, |tag, attributes, _| {
        if tag == "a" {
            let links = attributes.iter().filter(|(name, _)| name == "href");
            found.extend(links.map(|(name, value)| Reference { shown: shown(tag, name, value), address: value.trim().to_owned() }));
        }
    });
    found
}

fn shown(tag: &str, name: &str, value: &str) -> String {
    format!("<{tag} {name}=\"{}\">", clip(value))
}

/// Hands over each opening tag: its name, its attributes, and the text up to its end when that is not markup.
fn each_tag(html: &str, mut take: impl FnMut(&str, &[(String, String)], &str)) {
    let mut rest = html;
    while let Some(start) = rest.find('<') {
        rest = &rest[start + 1..];
        if let Some(comment) = rest.strip_prefix("!--") {
            rest = comment.split_once("-->").map_or("", |(_, after)| after);
            continue;
        }
        if !rest.starts_with(|c: char| c.is_ascii_alphabetic()) {
            continue;
        }
        let (tag, attributes, after) = parse_tag(rest);
        rest = after;
        let mut raw = "";
        if RAW.contains(&tag.as_str()) {
            (raw, rest) = rest.split_at(find_ignoring_case(rest, &format!("</{tag}")).unwrap_or(rest.len()));
        }
        take(&tag, &attributes, raw);
    }
}

/// Name in lower case, attributes, and the text after `>`.
fn parse_tag(text: &str) -> (String, Vec<(String, String)>, &str) {
    let end = text.find(|c: char| c.is_whitespace() || c == '>' || c == '/').unwrap_or(text.len());
    let tag = text[..end].to_ascii_lowercase();
    let mut rest = &text[end..];
    let mut attributes = Vec::new();
    loop {
        rest = rest.trim_start_matches(|c: char| c.is_whitespace() || c == '/');
        if rest.is_empty() {
            return (tag, attributes, rest);
        }
        if let Some(after) = rest.strip_prefix('>') {
            return (tag, attributes, after);
        }
        let first = rest.chars().next().map_or(0, char::len_utf8);
        let end = rest[first..].find(|c: char| c.is_whitespace() || "=>/".contains(c)).map_or(rest.len(), |n| n + first);
        let name = rest[..end].to_ascii_lowercase();
        rest = rest[end..].trim_start();
        let mut value = "";
        if let Some(after) = rest.strip_prefix('=') {
            (value, rest) = parse_value(after.trim_start());
        }
        attributes.push((name, value.to_owned()));
    }
}

fn parse_value(text: &str) -> (&str, &str) {
    match text.chars().next() {
        Some(quote @ ('"' | '\'')) => text[1..].split_once(quote).unwrap_or((&text[1..], "")),
        _ => text.split_at(text.find(|c: char| c.is_whitespace() || c == '>').unwrap_or(text.len())),
    }
}

fn is_outside(value: &str) -> bool {
    let value = value.trim();
    !(value.is_empty() || value.starts_with('#') || value.starts_with("data:") || value.starts_with("about:"))
}

/// `url(...)` and `@import` in a style sheet.
#[must_use]
pub fn loaded_by_css(text: &str) -> Vec<Reference> {
    let mut found = Vec::new();
    for part in text.split("url(").skip(1) {
        // What stands in quotes may hold brackets: a drawing as `data:` address does.
        let part = part.trim_start();
        let quoted = ['"', '\''].into_iter().find_map(|quote| part.strip_prefix(quote)?.split(quote).next());
        let value = quoted.unwrap_or_else(|| part.split(')').next().unwrap_or_default()).trim();
        // In an attribute the quotes are entities.
        let value = value.trim_start_matches("&quot;").trim_start_matches("&#34;");
        if is_outside(value) {
            found.push(Reference { shown: format!("style url({})", clip(value)), address: value.to_owned() });
        }
    }
    if text.contains("@import") {
        found.push(Reference { shown: "style @import".to_owned(), address: "an address: @import".to_owned() });
    }
    found
}

/// Imports and addresses in a script.
fn script(text: &str) -> Vec<Reference> {
    let loads = ["http://", "https://", "import("].iter().find(|mark| text.contains(*mark));
    // The namespaces of SVG and the like are names, not addresses.
    let harmless = !text.contains("import(") && text.matches("://").count() == text.matches("://www.w3.org/").count();
    let found = loads.filter(|_| !harmless);
    found.map(|mark| Reference { shown: format!("<script> with {mark}"), address: format!("an address: {mark}") }).into_iter().collect()
}

fn find_ignoring_case(text: &str, needle: &str) -> Option<usize> {
    text.as_bytes().windows(needle.len()).position(|w| w.eq_ignore_ascii_case(needle.as_bytes()))
}

fn clip(value: &str) -> String {
    value.chars().take(80).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_self_contained_page_is_clean() {
        let page = r##"<!DOCTYPE html><html lang="en"><head><style>a { background: url(data:image/png;base64,AA==) }
            /* from https://example.org */</style><!-- <script src="https://cdn"> --></head>
            <body><a href="https://example.org">follow me</a><img alt="1 > 0" src="data:image/svg+xml;base64,PHN2Zz4=">
            <code>&lt;script src="https://x"&gt;</code> 1 < 2
            <svg xmlns="http://www.w3.org/2000/svg"><use href="#a"/></svg>
            <script>var ns = "http://www.w3.org/2000/svg";</script></body></html>"##;
        assert_eq!(external_references(page), Vec::<String>::new());
    }

    #[test]
    fn every_way_out_is_found() {
        for page in [
            r#"<script src="https://cdn/require.js"></script>"#,
            r#"<SCRIPT SRC='//cdn/x.js'></SCRIPT>"#,
            r#"<link rel="stylesheet" href="https://fonts/x.css">"#,
            r#"<img alt="a" src="chart.png">"#,
            r#"<img src=http://x/y.png>"#,
            r#"<style>@import "x.css";</style>"#,
            r#"<style>p { background: url("https://x/y.png") }</style>"#,
            r#"<p style="background: url(https://x/y.png)">"#,
            r#"<iframe src="https://x"></iframe>"#,
            r#"<svg><image href="https://x/y.png"/></svg>"#,
            r#"<script type="module">const m = await import("./m.mjs");</script>"#,
        ] {
            assert_eq!(external_references(page).len(), 1, "{page}: {:?}", external_references(page));
        }
    }

    #[test]
    fn odd_input_ends() {
        for page in ["<", "<a", "<a href", "<a href=", "<a é=\"1", "<script>", "<!--", "<p =x>", "<é>", "<a ä/>"] {
            assert_eq!(external_references(page), Vec::<String>::new(), "{page}");
        }
    }
}
