"""Highlights a cell: magics as such, and below them the language that they are for."""

import re

from pygments.lexer import Lexer
from pygments.lexers import BashLexer, PythonLexer, RustLexer, SqlLexer, TextLexer
from pygments.token import Comment, Error, Keyword, Name

LANGUAGES = {"rust": RustLexer, "python": PythonLexer, "sql": SqlLexer, "bash": BashLexer, "text": TextLexer}

# Magics whose body is not Rust, and sections of a check that are not in its language.
MAGICS = {"python": "python", "bash": "bash", "sql": "sql", "chart": "sql", "parallel": "rust", "compare": "rust"}
SECTIONS = {"hint": "text"}


def language_of(header, default):
    """The language of what stands below a `%%magic` or a `%% section` line."""
    chosen = re.search(r"--lang[= ]+(\w+)|\blang=(\w+)", header)
    if chosen:
        return next(word for word in chosen.groups() if word)
    word = re.match(r"%%\s*(\w+)", header)
    word = word.group(1) if word else ""
    table = SECTIONS if header.startswith("%% ") else MAGICS
    return word if header.startswith("%% ") and word in LANGUAGES else table.get(word, default)


class BenchbookLexer(Lexer):
    name = "Benchbook"
    aliases = ["benchbook"]

    def get_tokens_unprocessed(self, text):
        cell, language, start, body = "rust", "rust", 0, []

        def flush():
            lexer = LANGUAGES.get(language, TextLexer)(stripnl=False, ensurenl=False)
            for at, token, value in lexer.get_tokens_unprocessed("".join(body)):
                # What a language does not know is ours: `{name}` in SQL, or a mistake that a cell makes on purpose.
                yield start + at, Name.Variable if token is Error else token, value

        at = 0
        for number, line in enumerate(text.splitlines(keepends=True)):
            header = line.startswith("%%")
            magic = re.match(r"([%!:][\w%]*)(.*)", line, re.DOTALL) if language != "python" or header or number == 0 else None
            if header or (magic and line[0] in "%!" and language == "rust") or (number == 0 and magic):
                yield from flush()
                word, rest = re.match(r"(%%\s*\w*|[%!:]\w*)(.*)", line, re.DOTALL).groups()
                yield at, Keyword.Namespace, word
                # Options are quieter than code.
                yield at + len(word), Name.Decorator if header else Comment.Preproc, rest
                if header:
                    section = line.startswith("%% ") and number > 0
                    language = language_of(line, cell)
                    cell = cell if section else language
                start, body = at + len(line), []
            else:
                body.append(line)
            at += len(line)
        yield from flush()
