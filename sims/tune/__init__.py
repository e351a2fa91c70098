"""Controller tuning over randomised scenarios: exact gradients of the closed loop, an honest held-out check, a journal.

tune        scenario or study file -> Study; `from sims import tune` is this room, which can be called as that function
Study       `.best`, `.scenario`, `.table()`, `.front`, `.history`, `.verdict`, `.explain()`
METHODS     name -> method of search
StudyFile   the schema of `format: robocalc-study/1`
Case        one scenario made ready to be run many times, with derivatives by the gains
"""

import sys
from importlib import import_module
from types import ModuleType

_HOME = {
    "Study": "study",
    "METHODS": "methods",
    "choose": "methods",
    "StudyFile": "schema",
    "load": "schema",
    "Case": "case",
    "FIGURES": "figures",
    "run_study": "tuning",
}
__all__ = ["tune", *_HOME]


def tune(*args, **options):
    """See sims.tune.tuning.tune."""
    return import_module("sims.tune.tuning").tune(*args, **options)


def __getattr__(name):
    if name in _HOME:
        return getattr(import_module(f"sims.tune.{_HOME[name]}"), name)
    raise AttributeError(f"module 'sims.tune' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *_HOME})


class _Callable(ModuleType):
    """`from sims import tune` is this package: named as its function, it can be called and pickled as that."""

    def __call__(self, *args, **options):
        return tune(*args, **options)

    def __reduce__(self):
        return import_module, (__name__,)


sys.modules[__name__].__class__ = _Callable
