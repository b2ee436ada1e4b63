//! The site and the PDFs, of a course of two small notebooks that were executed before.

use std::path::{Path, PathBuf};

use install::course::notebook::Notebook;
use install::{Layout, Progress, pdf, prepare_python, run, site};
use serde_json::{Value, json};
use tempfile::TempDir;

const SVG: &str = r##"<svg xmlns="http://www.w3.org/2000/svg" width="76" height="32" viewBox="0 0 76 32" role="img" aria-label="Two bars: A takes 3 ms, B 5 ms"><rect width="70" height="30" fill="#0072B2"/></svg>"##;
const PNG: &str = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==";

fn code(id: &str, source: &str, tags: Value, outputs: Value) -> Value {
    json!({ "cell_type": "code", "id": id, "metadata": { "tags": tags }, "source": source, "outputs": outputs, "execution_count": 1 })
}

fn markdown(id: &str, source: &str) -> Value {
    json!({ "cell_type": "markdown", "id": id, "metadata": {}, "source": source })
}

/// A course of two lessons, each in a module of its own.
fn course(folder: &Path) -> PathBuf {
    let notebooks = folder.join("course");
    std::fs::create_dir_all(notebooks.join("exercises/11_first")).expect("the temporary folder can be written");
    let machine = json!({ "benchbook": { "machine": { "cpu": "Imaginary 9000", "available_cpus": 2, "ram_bytes": 8589934592_u64 }, "utc": "2026-01-02T03:04:05Z" } });
    let chart = json!({ "output_type": "display_data", "metadata": machine,
        "data": { "image/svg+xml": SVG, "image/png": PNG, "text/plain": "A 3 ms, B 5 ms" } });
    let table = json!({ "output_type": "display_data", "metadata": {}, "data": { "text/html": "<table><tr><td>cell of a table</td></tr></table>", "text/plain": "x" } });
    let first = [
        markdown("c0", "# The first\n\n*5 minutes.* Half of $\\frac{x}{2}$, see [the second](21_second.ipynb)."),
        code("c1", "%%timeit\n(0..9).sum::<u64>()", json!([]), json!([chart, table])),
        markdown("c2", "## A section to find\n\nThe word xylophone."),
        code("exercise", "%%exercise e --lang python\ndef f(): ...", json!(["exercise"]), json!([])),
        code("check", "%%check e --lang python\n%% correct\nassert f() == 42", json!(["check", "raises-exception"]), json!([])),
    ];
    let second = [markdown("c0", "# The second"), code("c1", "%%sql\nSELECT {limit}", json!([]), json!([]))];
    for (name, minutes, cells) in [("11_first", 5, first.to_vec()), ("21_second", 6, second.to_vec())] {
        let metadata = json!({ "benchbook": { "minutes": minutes, "title": format!("Title of {name}") } });
        let notebook = Notebook { json: json!({ "nbformat": 4, "nbformat_minor": 5, "metadata": metadata, "cells": cells }) };
        notebook.write(&notebooks.join(format!("{name}.ipynb"))).expect("written");
    }
    std::fs::write(notebooks.join("exercises/11_first/solution.cell"), "%%exercise e --lang python\ndef f(): return 6 * 7\n")
        .expect("written");
    notebooks
}

fn layout() -> Layout {
    prepare_python(&Progress::silent()).expect("the Python environment")
}

#[test]
fn a_site_is_whole_without_a_network() {
    let folder = TempDir::new().expect("the temporary folder can be written");
    let (layout, notebooks, out) = (layout(), course(folder.path()), folder.path().join("site"));
    let built = site::build(&layout, &notebooks, &out, true, &Progress::silent()).unwrap_or_else(|error| panic!("{error:#}"));
    assert!(built.bytes < 3_000_000, "{} bytes", built.bytes);
    let read = |name: &str| std::fs::read_to_string(out.join(name)).expect("written");
    let front = read("index.html");
    for part in ["Module 1: Where Python hurts", "Module 2: Representations and formats", "Title of 11_first", "0:05"] {
        assert!(front.contains(part), "{part} is not on the front page");
    }
    let page = read("11_first.html");
    for part in
        ["<math", "Two bars: A takes 3 ms", "cell of a table", "Measured on Imaginary 9000", "21_second.html", "One solution", "<details"]
    {
        assert!(page.contains(part), "{part} is not on the page");
    }
    assert_eq!(page.matches("class=\"chart\"").count(), 1, "a chart is shown once");
    assert!(page.contains("<span class=\"kn\">%%check</span>"), "magics are highlighted");
    assert!(read("searchindex.js").contains("xylophon"), "what is on a page is found");

    let built = site::build(&layout, &notebooks, &out, false, &Progress::silent()).unwrap_or_else(|error| panic!("{error:#}"));
    let page = std::fs::read_to_string(built.index.with_file_name("11_first.html")).expect("written");
    assert!(!page.contains("One solution"), "no solutions were asked for");
}

#[test]
fn what_is_not_ours_is_not_replaced_by_a_site() {
    let folder = TempDir::new().expect("the temporary folder can be written");
    let (layout, notebooks, out) = (layout(), course(folder.path()), folder.path().join("mine"));
    std::fs::create_dir(&out).expect("the temporary folder can be written");
    std::fs::write(out.join("thesis.txt"), "years").expect("the temporary folder can be written");
    assert!(site::build(&layout, &notebooks, &out, true, &Progress::silent()).is_err());
    assert!(out.join("thesis.txt").exists());
}

#[test]
fn pdfs_have_numbered_pages_and_bookmarks() {
    if run::first_line("chromium", &["--version"]).is_none() {
        eprintln!("SKIPPED site::pdfs_have_numbered_pages_and_bookmarks: no chromium");
        return;
    }
    let folder = TempDir::new().expect("the temporary folder can be written");
    let (layout, notebooks, out) = (layout(), course(folder.path()), folder.path().join("pdf"));
    let files = pdf::print(&layout, &notebooks, &out, true, &Progress::silent()).unwrap_or_else(|error| panic!("{error:#}"));
    let names: Vec<String> = files.iter().map(|file| file.file_name().unwrap_or_default().to_string_lossy().into_owned()).collect();
    assert_eq!(names, ["module-1.pdf", "module-2.pdf", "course.pdf"]);
    let script = "import json, sys; from pypdf import PdfReader; r = PdfReader(sys.argv[1]); \
        flat = lambda items: [x for i in items for x in (flat(i) if isinstance(i, list) else [i.title])]; \
        print(json.dumps({'text': [p.extract_text() for p in r.pages], 'outline': flat(r.outline), 'labels': r.page_labels}))";
    let facts = |file: &Path| -> Value {
        let said = run::output(install::python::isolated(&layout.python()).args(["-c", script]).arg(file)).expect("pypdf reads it");
        serde_json::from_str(&said).expect("JSON")
    };
    let module = facts(&files[0]);
    assert_eq!(module["outline"], json!(["11 Title of 11_first", "A section to find"]));
    let text: Vec<&str> = module["text"].as_array().expect("pages").iter().filter_map(Value::as_str).collect();
    assert!(text.len() >= 3 && text[1].contains("Contents") && text[1].contains("1-3"), "{text:?}");
    assert!(text[2].contains("1-3") && text[2].contains("6 * 7") && text[2].contains("cell of a table"), "{text:?}");
    let whole = facts(&files[2]);
    let labels: Vec<&str> = whole["labels"].as_array().expect("labels").iter().filter_map(Value::as_str).collect();
    assert!(labels.contains(&"1-3") && labels.contains(&"2-3"), "{labels:?}");
}
