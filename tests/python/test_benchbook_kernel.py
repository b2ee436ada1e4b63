"""jupyter_kernel_test with everything it knows switched on.

Prints one JSON object on the last line: {"run": n, "failures": [...], "skipped": [...]}.
"""

import json
import sys
import unittest

import jupyter_kernel_test as jkt


class BenchbookTests(jkt.KernelTests):
    kernel_name = "benchbook"
    language_name = "rust"
    file_extension = ".rs"
    code_hello_world = 'println!("hello, world");'
    code_stderr = 'eprintln!("to stderr");'
    completion_samples = [
        {"text": "%%sq", "matches": {"%%sql"}},
        {"text": "%lsm", "matches": {"%lsmagic"}},
        {"text": "std::collections::BTreeM"},
    ]
    complete_code_samples = ["let x = 1;", "fn f() {}", "%%sql\nSELECT 1\n\n", "!echo hi", ""]
    incomplete_code_samples = ["fn f() {", "let x =", '"open', "/* open", "%%sql"]
    invalid_code_samples = [")", "(]"]
    code_page_something = "?%sql"
    # A cell that takes over a second says so, and that would be one message more: so an error that needs no compiler.
    code_generate_error = "%no_such_magic"
    code_execute_result = [
        {"code": "6 * 7", "result": "42"},
        {"code": 'format!("{}", 40 + 3)', "result": '"43"'},
        {"code": 'Html("<b>x</b>".to_owned())', "mime": "text/html", "result": "<b>x</b>"},
    ]
    code_display_data = [
        {"code": 'display(&Html("<i>y</i>".to_owned()));', "mime": "text/html"},
        {"code": "display_as(\"image/svg+xml\", \"<svg xmlns='http://www.w3.org/2000/svg'/>\", \"a chart\");", "mime": "image/svg+xml"},
        {"code": "%%sql\nSELECT 1 AS one", "mime": "text/html"},
    ]
    code_history_pattern = "6 ? 7"
    supported_history_operations = ("tail", "range", "search")
    code_inspect_sample = "%%sql"
    code_clear_output = "clear_output(false);"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        # The tests wait 15 seconds for a reply; on a busy machine the session may need longer to start.
        cls.kc.execute_interactive("0", timeout=180, output_hook=lambda message: None)


class BenchbookWelcomeTests(jkt.IopubWelcomeTests):
    kernel_name = "benchbook"
    support_iopub_welcome = True


def main():
    suite = unittest.TestSuite()
    for case in (BenchbookTests, BenchbookWelcomeTests):
        suite.addTests(unittest.defaultTestLoader.loadTestsFromTestCase(case))
    result = unittest.TextTestRunner(stream=sys.stderr, verbosity=2).run(suite)
    problems = result.failures + result.errors + [(case, "unexpected success") for case in result.unexpectedSuccesses]
    print()
    print(
        json.dumps(
            {
                "run": result.testsRun,
                "failures": [f"{case}\n{text}" for case, text in problems],
                "skipped": [f"{case}: {reason}" for case, reason in result.skipped],
                "known": sum(name.startswith("test_") for kind in (jkt.KernelTests, jkt.IopubWelcomeTests) for name in dir(kind)),
            }
        )
    )


if __name__ == "__main__":
    main()
