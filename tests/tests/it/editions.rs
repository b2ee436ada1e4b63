//! The course's three editions, as `cargo lab editions` writes them.

use install::course::{self, notebook::Notebook};
use install::editions::{leaks, solution};
use serde_json::{Value, json};
use tempfile::TempDir;
use tests::prepared::{Slot, command, installed, root};

#[test]
fn one_command_writes_all_editions_and_students_get_no_solution() {
    let folder = TempDir::new().expect("the temporary folder can be written");
    let out = folder.path().join("out");
    let program = installed().benchbook.with_file_name("install");
    let made = command(&program).current_dir(root()).arg("editions").arg("--out").arg(&out).output().expect("the program runs");
    assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
    let said = String::from_utf8_lossy(&made.stdout).into_owned();
    assert_eq!(said.lines().count(), 3, "{said}");

    let source = root().join("notebooks");
    let lessons = course::lessons(&source).expect("the course can be read");
    for lesson in &lessons {
        let file = format!("{}.ipynb", lesson.name);
        let read = |edition: &str| Notebook::read(&out.join(edition).join(&file)).expect("written");
        let (student, handout) = (read("student"), read("handout"));
        let code: Vec<&Value> = student.cells().iter().filter(|cell| cell["cell_type"] == "code").collect();
        assert!(code.iter().all(|cell| cell["outputs"] == json!([]) && cell["execution_count"].is_null()), "{file}: not cleared");
        assert!(handout.cells().iter().any(|cell| !cell["outputs"][0].is_null()), "{file}: the handout has no outputs");
        let answer = solution(&source, &lesson.name, &student).expect("a solution lies beside each exercise");
        if let Some(answer) = answer {
            assert_eq!(leaks(&student, &answer), Vec::<String>::new(), "{file}");
            let folded = handout.position("solution").map(|at| &handout.cells()[at]).expect("the handout has the solution");
            assert_eq!(folded["metadata"]["jupyter"]["source_hidden"], json!(true), "{file}");
        }
    }
    let note = std::fs::read_to_string(out.join("README.md")).expect("a note for the instructor");
    assert!(lessons.iter().all(|lesson| note.contains(&lesson.number)), "{note}");
}

#[test]
fn executing_runs_the_solution_and_keeps_what_it_says() {
    let _slot = Slot::take();
    let folder = TempDir::new().expect("the temporary folder can be written");
    let cell = |id: &str, source: &str, tags: Value| json!({ "cell_type": "code", "id": id, "metadata": { "tags": tags }, "source": source, "outputs": [], "execution_count": null });
    let notebook = Notebook {
        json: json!({
            "nbformat": 4, "nbformat_minor": 5,
            "metadata": { "kernelspec": { "name": "benchbook", "display_name": "Rust (Benchbook)", "language": "rust" } },
            "cells": [
                cell("exercise", "%%exercise double\nfn double(n: i32) -> i32 {\n    todo!()\n}", json!(["exercise"])),
                cell("check", "%%check double\n%% correct\nassert_eq!(double(21), 42);", json!(["check", "raises-exception"])),
            ],
        }),
    };
    let source = folder.path().join("course");
    std::fs::create_dir_all(source.join("exercises/11_double")).expect("the temporary folder can be written");
    notebook.write(&source.join("11_double.ipynb")).expect("written");
    let answer = "%%exercise double\nfn double(n: i32) -> i32 {\n    n + n\n}\n";
    std::fs::write(source.join("exercises/11_double/solution.cell"), answer).expect("written");
    let out = folder.path().join("out");
    let folders = install::editions::write_all(&source, &out).expect("written");
    let layout = install::Layout::discover().expect("a clone");
    let solved = folders[1].join("11_double.ipynb");
    install::execution::execute(&layout, installed(), &solved, &install::Progress::silent()).expect("the solution passes its check");
    let said = Notebook::read(&solved).expect("written").json.to_string();
    assert!(said.contains("PASSED"), "{said}");
}
