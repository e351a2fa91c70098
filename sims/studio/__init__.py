"""The studio: a local page on which a scenario is changed and seen at once.

Studio     the server: `with Studio(scenario) as studio: ... studio.url`
Session    what one page has changed, with undo; `.do({"do": "set", "changes": {...}})`
controls   what may be changed, from the schema
"""

from importlib import import_module

_HOME = {"Studio": "server", "Session": "session", "controls": "controls"}
__all__ = list(_HOME)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"sims.studio.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sims.studio' has no attribute {name!r}")


def __dir__():
    return [*globals(), *_HOME]
