"""Copies of users' compiled functions whose machine code can be cached: numba stores the name of a function's module
beside it and imports that module when it loads the code, so a cached script's function would need the script again.

    adopted   the njit function as one of ours, with all that it calls
"""

import types

from numba import njit as plain_njit

from robocalc.ode.native import BY_ADDRESS

HOME = "robocalc.ode.clones"
IMPORTABLE = ("robocalc", "sims", "numba")


def adopted(dispatcher, swap=None, options=None, seen=None):
    """A copy of an njit function and of the users' functions it calls.

    swap      value -> value: what to put in the place of a global or closed-over value
    options   of njit, instead of the function's own
    """
    seen = {} if seen is None else seen
    if dispatcher in seen:
        return seen[dispatcher]
    f = dispatcher.py_func
    if swap is None and str(f.__module__).split(".")[0] in IMPORTABLE:
        return dispatcher
    seen[dispatcher] = dispatcher  # a function that calls itself keeps itself

    def taken(value):
        value = value if swap is None else swap(value)
        return adopted(value, swap, options, seen) if hasattr(value, "py_func") else value

    names = set(f.__code__.co_names)
    scope = {name: taken(value) if name in names else value for name, value in f.__globals__.items()}
    cells = tuple(types.CellType(taken(cell.cell_contents)) for cell in f.__closure__ or ())
    copy = types.FunctionType(f.__code__, scope | {"__name__": HOME}, f.__name__, f.__defaults__, cells or None)
    copy.__module__, copy.__qualname__ = HOME, f.__qualname__
    own = {name: value for name, value in dispatcher.targetoptions.items() if name != "nopython"}
    seen[dispatcher] = plain_njit(**BY_ADDRESS, **(own if options is None else options))(copy)
    return seen[dispatcher]
