"""What code of Benchbook in this interpreter tells the kernel while it runs."""

import json
import sys
import types

from IPython import get_ipython

_publisher = get_ipython().display_pub


def event(kind, data):
    """Sends one event; ``data`` is anything that JSON can express. Never shown in the notebook."""
    _publisher.session.send(
        _publisher.pub_socket,
        "benchbook_event",
        {"kind": kind, "data": data},
        parent=_publisher.parent_header,
    )


def module(name, source):
    """The module of this text, made at its first use and again when the text is another."""
    known = sys.modules.get(name)
    if known is None or getattr(known, "__source__", None) != source:
        known = types.ModuleType(name)
        known.__source__ = source
        known.__file__ = f"<{name}>"
        exec(compile(source, known.__file__, "exec"), known.__dict__)
        sys.modules[name] = known
    return known


def call(name, source, function, arguments):
    """Calls a function of the module of this text with the values of a JSON array."""
    getattr(module(name, source), function)(*json.loads(arguments))
