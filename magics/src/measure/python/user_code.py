"""The user's text as functions, and its errors as IPython shows them."""

import ast
import linecache
import platform
import sys

from IPython import get_ipython

from benchbook_events import event

_shell = get_ipython()
_names = set()


class Misuse(Exception):
    """The magic is used in a way that measures nothing; ``hint`` says what to do instead."""

    def __init__(self, message, hint):
        super().__init__(message)
        self.hint = hint


class Cell:
    """The text of a cell as tracebacks show it: lines are counted as in the notebook."""

    def __init__(self, magic, text):
        self.name = f"<{magic}>"
        self.lines = text.splitlines(keepends=True)
        linecache.cache[self.name] = (len(text), None, self.lines, self.name)
        _names.add(self.name)

    def parse(self, piece):
        """Statements of a piece of the cell, which begins at its ``line`` and ``column``."""
        text, line, column = piece["text"], piece["line"], piece["column"]
        # IPython's magics and `!` lines work; blank lines above the code are lost on the way.
        blank = len(text) - len(text.lstrip())
        line += text.count("\n", 0, blank)
        try:
            tree = ast.parse("\n" * (line - 1) + _shell.transform_cell(text), self.name)
            for node in ast.walk(tree):
                if getattr(node, "lineno", None) == line:
                    node.col_offset += column
                if getattr(node, "end_lineno", None) == line:
                    node.end_col_offset += column
            # Says what cannot stand outside of a function: once inside of one, nobody would.
            compile(tree, self.name, "exec")
        except SyntaxError as error:
            if error.lineno == line and error.offset is not None and error.text is not None:
                error.offset += column
                error.end_offset = None
            if error.lineno is not None and error.lineno <= len(self.lines):
                error.text = self.lines[error.lineno - 1]
            raise
        return tree.body

    def function(self, template, variables=None, **pieces):
        """The function that ``template`` defines, with statements in the place of the names that stand for them.

        Its globals are ``variables``, or the user's.
        """
        tree = ast.parse(template)
        for node in ast.walk(tree):
            # Of all lines, the first is there in any case.
            if hasattr(node, "lineno"):
                node.lineno = node.end_lineno = 1
        _Fill(pieces).visit(tree)
        ast.fix_missing_locations(tree)
        made = {}
        exec(compile(tree, self.name, "exec"), _shell.user_ns if variables is None else variables, made)
        (function,) = made.values()
        return nameless(function)


def nameless(function):
    """The function without a name: tracebacks show the user's lines only."""
    names = {"co_name": "<module>"}
    if sys.version_info >= (3, 11):
        names["co_qualname"] = "<module>"
    function.__code__ = function.__code__.replace(**names)
    return function


class _Fill(ast.NodeTransformer):
    def __init__(self, pieces):
        self.pieces = pieces

    def visit_Expr(self, node):
        name = node.value.id if isinstance(node.value, ast.Name) else None
        return self.pieces[name] or ast.Pass() if name in self.pieces else node


def failure(error):
    """What is told of an error: as IPython shows it, from the user's own code on."""
    told = {"ename": type(error).__name__, "evalue": str(error), "traceback": []}
    if isinstance(error, Misuse):
        return told | {"ename": "UsageError", "hint": error.hint}
    frames = error.__traceback__
    while frames is not None and frames.tb_frame.f_code.co_filename not in _names:
        frames = frames.tb_next
    if frames is None and isinstance(error, (KeyboardInterrupt, OSError)):
        return told
    if isinstance(error, SyntaxError) and frames is None:
        told["traceback"] = _shell.SyntaxTB.structured_traceback(type(error), error, [])
    else:
        frames = frames or error.__traceback__
        told["traceback"] = _shell.InteractiveTB.structured_traceback(type(error), error, frames, tb_offset=0)
    return told


class Failed(Exception):
    """A failure that was told by another process."""

    def __init__(self, told):
        super().__init__(told["evalue"])
        self.told = told


def measured(measure, arguments):
    """Runs ``measure``; how it fails is an event, so that the reply to the kernel is no traceback through our code."""
    event("python", about())
    try:
        measure(**arguments)
    except Failed as error:
        event("failed", error.told)
    except BaseException as error:
        event("failed", failure(error))


def about():
    """The interpreter that measures."""
    has_lock = getattr(sys, "_is_gil_enabled", lambda: True)
    return {
        "implementation": platform.python_implementation(),
        "version": platform.python_version(),
        "gil": has_lock(),
    }
