"""Error against work: which method is cheapest for an accuracy.

work_precision   a Study: for each method and tolerance the error, rhs calls and CPU seconds; .plot() draws it
"""

from dataclasses import dataclass
from time import process_time

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.methods import METHODS
from robocalc.ode.solving import solve

DEFAULT_METHODS = ("dopri5", "tsit5", "vern7", "dop853", "vern9")
DEFAULT_TOLERANCES = tuple(10.0 ** -np.arange(3, 13))
REPEATS = 5


@dataclass(frozen=True, eq=False)
class Study:
    """methods, tolerances (K,), and arrays (methods, K): error (largest relative), calls of f, CPU seconds."""

    methods: tuple
    tolerances: np.ndarray
    error: np.ndarray
    calls: np.ndarray
    seconds: np.ndarray

    def plot(self, work="calls", ax=None):
        """A log-log plot of error against work ("calls" or "seconds"); returns matplotlib's axes."""
        import matplotlib.pyplot as plt

        if work not in ("calls", "seconds"):
            raise InvalidInput(f'work must be "calls" or "seconds", got {work!r}')
        ax = ax or plt.subplots(figsize=(6, 4.5))[1]
        for name, error, cost in zip(self.methods, self.error, getattr(self, work)):
            ax.loglog(error, cost, "o-", label=name, markersize=4)
        ax.invert_xaxis()
        ax.set_xlabel("largest relative error at the end")
        ax.set_ylabel("calls of the right-hand side" if work == "calls" else "CPU time [s]")
        ax.grid(True, which="both", alpha=0.3)
        ax.legend()
        return ax


def work_precision(
    f, t_span, y0, methods=DEFAULT_METHODS, tolerances=DEFAULT_TOLERANCES, reference=None, **options
) -> Study:
    """Solve with each method at each tolerance (rtol = atol) and compare the end with a reference.

    reference   (n,) the true end state; else vern9 at rtol 3e-14
    options     of `solve`
    """
    unknown = [m for m in methods if m not in METHODS or not METHODS[m].adaptive]
    if unknown:
        raise InvalidInput(f"work_precision compares adaptive explicit methods, not {unknown[0]!r}")
    tight = {"rtol": 3e-14, "atol": 1e-15}
    exact = (
        solve(f, t_span, y0, "vern9", **tight, **options).raise_for_status().y[-1] if reference is None else reference
    )
    exact = np.asarray(exact, dtype=float)
    shape = (len(methods), len(tolerances))
    error, calls, seconds = np.full(shape, np.nan), np.zeros(shape), np.full(shape, np.inf)
    for i, method in enumerate(methods):
        for j, tol in enumerate(tolerances):
            for _ in range(REPEATS):
                start = process_time()
                found = solve(f, t_span, y0, method, rtol=tol, atol=tol, save="end", **options)
                seconds[i, j] = min(seconds[i, j], process_time() - start)
            calls[i, j] = found.counters.rhs
            if found.success:
                error[i, j] = np.max(np.abs(found.y[-1] - exact) / np.maximum(1e-300, np.maximum(np.abs(exact), 1e-3)))
    return Study(tuple(methods), np.asarray(tolerances, dtype=float), error, calls, seconds)
