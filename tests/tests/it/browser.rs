//! JupyterLab in a real browser: a Rust cell, a `%%sql` cell and a `%%timeit` cell, run with Shift+Enter and seen.

use std::path::Path;
use std::time::Duration;

use serde_json::{Value, json};
use tests::browser::{Browser, Lab, is_skipped};
use tests::prepared::{Slot, artefacts};

const CELLS: [&str; 3] = [
    "let total: u64 = (1..=10).sum();\ntotal",
    "%%sql\nSELECT 'bolts' AS part, 1234 AS pieces UNION ALL SELECT '<i>nuts</i>', 99",
    "%%timeit --budget 1s\n(0..total * 1000).map(|x| x ^ 3).sum::<u64>()",
];

fn output(cell: usize, rest: &str) -> String {
    format!("const cell = document.querySelectorAll('.jp-Notebook .jp-CodeCell')[{cell}]; if (!cell) return null; {rest}")
}

#[test]
fn a_notebook_runs_in_jupyterlab() {
    if is_skipped() {
        return;
    }
    let _slot = Slot::take();
    let lab = Lab::start();
    let code = |(n, source): (usize, &&str)| json!({ "cell_type": "code", "id": format!("c{n}"), "metadata": {}, "source": source, "outputs": [], "execution_count": null });
    let notebook = json!({
        "cells": CELLS.iter().enumerate().map(code).collect::<Vec<_>>(), "nbformat": 4, "nbformat_minor": 5,
        "metadata": { "kernelspec": { "name": "benchbook", "display_name": "Rust (Benchbook)", "language": "rust" } }
    });
    std::fs::write(lab.folder().join("first.ipynb"), notebook.to_string()).expect("the temporary folder can be written");
    let browser = Browser::start(1400, 2000);
    browser.open(&lab.url(Path::new("first.ipynb")));
    let patience = Duration::from_secs(120);
    browser.wait("the notebook opens", patience, "return document.querySelectorAll('.jp-Notebook .jp-CodeCell .cm-content').length === 3");
    browser.wait("the kernel is ours and ready", patience, "return document.body.innerText.includes('Rust (Benchbook)') && !!document.querySelector('.jp-Notebook-ExecutionIndicator[data-status=\"idle\"]')");
    let screenshot = artefacts().join("jupyterlab.png");

    browser.click(".jp-Notebook .jp-CodeCell .cm-content");
    for _ in CELLS {
        browser.shift_enter();
    }
    let value = browser.wait(
        "the value of the Rust cell",
        patience,
        &output(
            0,
            "const out = cell.querySelector('.jp-OutputArea-executeResult .jp-OutputArea-output'); return out && out.innerText.trim()",
        ),
    );
    assert_eq!(value, "55");
    let table = browser.wait(
        "the table of the SQL cell",
        patience,
        &output(
            1,
            "const table = cell.querySelector('.jp-RenderedHTMLCommon table'); return table && table.offsetHeight > 0 && table.innerText",
        ),
    );
    let table = table.as_str().unwrap_or_default();
    assert!(table.contains("bolts") && table.contains("<i>nuts</i>") && table.contains("pieces"), "{table}");
    let size = browser.wait(
        "the chart of the %%timeit cell",
        patience,
        &output(2, "const image = cell.querySelector('.jp-OutputArea-output img'); return image && image.complete && image.naturalWidth > 0 && [image.naturalWidth, image.naturalHeight, image.offsetWidth]"),
    );
    let size: Vec<u64> = size.as_array().into_iter().flatten().filter_map(Value::as_u64).collect();
    assert!(size.len() == 3 && size.iter().all(|&pixels| pixels > 100), "the chart is drawn: {size:?}");
    browser.wait(
        "all cells are done",
        patience,
        "return [...document.querySelectorAll('.jp-CodeCell .jp-InputPrompt')].slice(0, 3).every(p => /\\[\\d+\\]/.test(p.innerText))",
    );
    let leftover = browser
        .script("return [...document.querySelectorAll('.jp-OutputArea-output')].filter(o => o.innerText.includes('\u{23f3}')).length");
    assert_eq!(leftover, 0, "no live line stays");
    browser.screenshot(&screenshot);
    assert!(std::fs::metadata(&screenshot).is_ok_and(|file| file.len() > 10_000));
}
