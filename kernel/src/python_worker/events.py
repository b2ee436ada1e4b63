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


def call(modules, function, arguments):
    """Calls a function of the last of these modules.

    ``modules`` is a JSON array of names and texts, ``arguments`` a JSON array of values.
    """
    made = [module(name, source) for name, source in json.loads(modules)]
    getattr(made[-1], function)(*json.loads(arguments))
