"""Which values a sweep tries: grids, random and quasi-random samples over keys of a scenario.

Range        an interval; `parse_axis("300..600:7")` reads one as the command line writes it
DESIGNS      name -> how its points fill the unit cube
Design       axes, kind, samples, seed: `len(design)` points, which iterate as {key: value}

    key=a,b,c           these values                     key=[1, 2],[3, 4]   lists, mappings: as in YAML
    key=lo..hi:n        n values from lo to hi           key=0..99           whole numbers, both ends included
    key=lo..hi:n:log    evenly by their logarithm        key=x0.5..x2:5      times the scenario's own value
"""

import itertools
import math
import re
from dataclasses import dataclass
from typing import Any

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from sims.scenario.yaml_file import Unreadable, parse

_NUMBER = r"[-+]?(?:\.\d+|\d+(?:\.\d*)?)(?:[eE][-+]?\d+)?"
_RANGE = re.compile(rf"(x?)({_NUMBER})\s*([A-Za-z%/^\d ]*?)\s*\.\.\s*(x?)({_NUMBER})\s*([A-Za-z%/^\d ]*?)((?::\w*)*)")
LARGEST = 2**53  # more points cannot be counted in a table


@dataclass(frozen=True)
class Range:
    """Values from lo to hi, both included.

    n       how many in a grid; None: one by one from whole number to whole number
    log     evenly by their logarithm, lo above 0
    scale   times the value that the scenario has
    whole   whole numbers only; None: if the scenario's own value is one, and the ends are
    unit    of both ends, as in scenario files
    """

    lo: float
    hi: float
    n: int | None = None
    log: bool = False
    scale: bool = False
    whole: bool | None = None
    unit: str = ""

    def __post_init__(self):
        for name in ("lo", "hi"):
            x = getattr(self, name)
            if isinstance(x, bool) or not isinstance(x, int | float | np.number) or not math.isfinite(x):
                raise InvalidInput(f"the end of a range must be a finite number, got {x!r}")
        if self.lo > self.hi:
            raise InvalidInput(f"the range {self.lo:g}..{self.hi:g} is empty: it must go up")
        if self.log and self.lo <= 0:
            raise InvalidInput(f"a logarithmic range must begin above 0, got {self.lo:g}")
        if self.n is not None and (isinstance(self.n, bool) or not isinstance(self.n, int) or self.n < 1):
            raise InvalidInput(f"a range needs a whole number of values from 1, got {self.n!r}")

    def at(self, u) -> float:
        """The value at u of [0, 1): evenly over the range, or over its whole numbers."""
        if self.whole:
            return int(self.lo) + min(int(u * (int(self.hi) - int(self.lo) + 1)), int(self.hi) - int(self.lo))
        if self.log:
            return float(min(self.hi, max(self.lo, math.exp(math.log(self.lo) * (1 - u) + math.log(self.hi) * u))))
        return float(min(self.hi, self.lo + u * (self.hi - self.lo)))

    def __len__(self):
        """Values in a grid; raises InvalidInput where it does not say how many."""
        if self.n is not None:
            return self.n
        if self.whole is False or not all(float(x).is_integer() for x in (self.lo, self.hi)):
            a, b = f"{self.lo:g}", f"{self.hi:g}"
            raise InvalidInput(f"a grid needs the number of values: {a}..{b}:7, say (or sample: --design sobol)")
        return int(self.hi) - int(self.lo) + 1

    def __getitem__(self, i):
        """Value i of a grid."""
        if not 0 <= i < len(self):
            raise IndexError(i)
        if self.n is None:
            return self.lo + i
        x = Range(self.lo, self.hi, log=self.log).at(i / (self.n - 1)) if self.n > 1 else float(self.lo)
        return round(x) if self.whole else x


def parse_axis(text: str):
    """A Range, or the tuple of values, of the text after `key=`; raises InvalidInput."""
    if match := _RANGE.fullmatch(text.strip()):
        return _range(text, *match.groups())
    try:
        source = parse(f"[{text}]")
    except Unreadable as error:
        raise InvalidInput(f"{text!r} is no list of values: {error.args[0]}") from None
    if source.problems:
        raise InvalidInput(f"{text!r}: {source.problems[0][1]}")
    values = tuple(source.data)
    if not values or None in values:
        raise InvalidInput("no value given" if not text.strip() else f"{text!r} has an empty value")
    return values


def _range(text, scale, lo, unit_lo, scale_hi, hi, unit_hi, options):
    options = [word for word in options.split(":")[1:]]
    counts = [word for word in options if word.isdecimal()]
    wrong = [word for word in options if word != "log" and not word.isdecimal()]
    if wrong or len(counts) > 1 or (scale and scale != scale_hi) or (unit_lo and unit_lo != unit_hi):
        raise InvalidInput(f"{text!r} is no range; write lo..hi:n or lo..hi:n:log")
    whole = False if scale or unit_hi or not (_whole(lo) and _whole(hi)) else None
    ends = (int(lo), int(hi)) if whole is None else (float(lo), float(hi))
    n = int(counts[0]) if counts else None
    return Range(*ends, n=n, log="log" in options, scale=bool(scale_hi), whole=whole, unit=unit_hi)


def _whole(text) -> bool:
    return re.fullmatch(r"[-+]?\d+", text) is not None


# designs --------------------------------------------------------------------------------------------------------------


def _random(d, n, seed):
    return np.random.default_rng(seed).random((n, d))


def _quasi(name):
    def points(d, n, seed):
        import warnings

        from scipy.stats import qmc

        kind = getattr(qmc, name)
        with warnings.catch_warnings():  # Sobol's balance at powers of two is not asked for
            warnings.simplefilter("ignore", UserWarning)
            return kind(d, rng=np.random.default_rng(seed)).random(n)

    return points


# name: (dimensions, samples, seed) -> (samples, dimensions) in [0, 1); the grid has its own points
DESIGNS = {
    "grid": None,
    "random": _random,
    "sobol": _quasi("Sobol"),
    "halton": _quasi("Halton"),
    "lhs": _quasi("LatinHypercube"),
}


@dataclass(frozen=True)
class Design:
    """Points {key: value}, the last key fastest in a grid; each is repeated with `repeat` seeds from `first_seed` on.

    axes      key -> Range or tuple of values, resolved (sims.batch.axes)
    samples   of all designs but the grid
    """

    axes: dict[str, Any]
    kind: str = "grid"
    samples: int | None = None
    seed: int = 0
    repeat: int = 1
    first_seed: int = 0

    def __post_init__(self):
        if self.kind not in DESIGNS:
            raise UnknownName("design", self.kind, DESIGNS)
        if self.kind == "grid" and self.samples is not None:
            raise InvalidInput("samples are for random, sobol, halton and lhs; a grid has as many as its values make")
        if self.kind != "grid" and self.samples is None:
            raise InvalidInput(f"a {self.kind} design needs the number of samples: --samples 64, say")
        for key, axis in self.axes.items() if self.kind == "grid" else ():
            try:
                len(axis)
            except InvalidInput as error:
                raise InvalidInput(f"{key}: {error}") from None
        if len(self) > LARGEST:
            raise InvalidInput(f"{len(self):.3g} runs are more than anyone can wait for; take a sample of them")

    def __len__(self):
        points = math.prod(map(len, self.axes.values())) if self.kind == "grid" else self.samples
        return points * self.repeat

    def __iter__(self):
        for point in self._grid() if self.kind == "grid" else self._sampled():
            if self.repeat == 1:
                yield point
            else:
                yield from (point | {"seed": self.first_seed + r} for r in range(self.repeat))

    def _grid(self):
        sizes = [range(len(axis)) for axis in self.axes.values()]
        for places in itertools.product(*sizes):
            yield {key: axis[i] for (key, axis), i in zip(self.axes.items(), places, strict=True)}

    def _sampled(self):
        for u in DESIGNS[self.kind](len(self.axes), self.samples, self.seed):
            yield {key: _at(axis, x) for (key, axis), x in zip(self.axes.items(), u, strict=True)}


def _at(axis, u):
    return axis.at(u) if hasattr(axis, "at") else axis[min(int(u * len(axis)), len(axis) - 1)]
