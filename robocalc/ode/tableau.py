"""An explicit Runge-Kutta method as a table that checks itself.

    Tableau   kᵢ = f(t + cᵢ h, y + h Σⱼ aᵢⱼ kⱼ),  y₊ = y + h Σ bᵢ kᵢ,  error = h Σ eᵢ kᵢ,  y(t + θ h) = y + h Σ bᵢ(θ) kᵢ
    rows      a sparse table {row: {column: value}} as an array

Stages are rows of one array k: s stages, then f at the new point, then the extra stages of the interpolant.
"""

from dataclasses import dataclass, field

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode.trees import elementary_weight, rooted_trees

Array = np.ndarray
TOLERANCE = (
    2e-12  # of an order condition; the largest coefficients of the tables are near 50, so rounding is near 1e-14
)


def rows(table: dict, height: int, width: int, first: int = 0) -> Array:
    """{row: {column: value}} as an array (height, width) whose row 0 is row `first` of the table."""
    out = np.zeros((height, width))
    for i, row in table.items():
        for j, value in row.items():
            if first <= i < first + height:
                out[i - first, j] = value
    return out


def _hermite(b: Array) -> Array:
    """Cubic Hermite weights (s + 1, 3) of θ, θ², θ³, for a method that has no interpolant of its own."""
    dense = np.zeros((len(b) + 1, 3))
    dense[:-1] = np.outer(b, [0, 3, -2])
    dense[0] += [1, -2, 1]
    dense[-1] += [0, -1, 1]
    return dense


@dataclass(frozen=True)
class Tableau:
    """One method; arrays are frozen, and the order conditions up to `order` hold, or it cannot be made.

    order         of y₊
    error_order   of the embedded solution: the step grows as error^(-1 / (error_order + 1)); 0: fixed step only
    a, b, c       (s, s) strictly lower triangular, (s,), (s,)
    e             (0, 1 or 2, s + 1) error weights; column s weighs f at the new point; two rows as in DOP853
    extra_a       (x, s + 1 + x) and extra_c (x,): stages that only the interpolant needs
    dense         (s + 1 + x, D) coefficients of θ, θ², ..., θᴰ; without any: cubic Hermite
    raises        InvalidInput   a condition fails: says which tree and by how much
    """

    name: str
    order: int
    a: Array
    b: Array
    c: Array
    error_order: int = 0
    e: Array = field(default_factory=lambda: np.zeros((0, 0)))
    extra_a: Array = field(default_factory=lambda: np.zeros((0, 0)))
    extra_c: Array = field(default_factory=lambda: np.zeros(0))
    dense: Array | None = None
    dense_order: int = 3

    def __post_init__(self):
        put = object.__setattr__
        for name in ("a", "b", "c", "e", "extra_a", "extra_c"):
            put(self, name, np.array(getattr(self, name), dtype=float))
        if self.e.size == 0:
            put(self, "e", np.zeros((0, self.stages + 1)))
        if self.dense is None:
            put(self, "dense_order", min(3, self.order))
        put(self, "dense", _hermite(self.b) if self.dense is None else np.array(self.dense, dtype=float))
        for name in ("a", "b", "c", "e", "extra_a", "extra_c", "dense"):
            getattr(self, name).flags.writeable = False  # frozen includes the arrays
        self._check()

    def _check(self):
        s = self.stages
        if self.a.shape != (s, s) or np.any(np.triu(self.a)) or self.c.shape != (s,):
            raise InvalidInput(f"tableau {self.name!r}: a must be ({s}, {s}) and strictly lower triangular, c ({s},)")
        miss = np.abs(self.full_a.sum(axis=1) - self.full_c).max()
        if miss > TOLERANCE:
            raise InvalidInput(f"tableau {self.name!r}: a row of a misses its node c by {miss:.2e}")
        for tree in rooted_trees(min(self.order, 4)):  # to the full order in the tests: 719 trees take a while
            amount = self.residual(tree)
            if abs(amount) > TOLERANCE:
                raise InvalidInput(f"tableau {self.name!r}: the order condition of tree {tree} fails by {amount:.2e}")

    def residual(self, tree, weights=None) -> float:
        """Σ bᵢ Φᵢ(τ) - 1 / γ(τ) for a rooted tree τ; zero up to the order. `weights`: others than b, over all rows."""
        if weights is None:
            phi, gamma = elementary_weight(tree, self.a)
            return float(self.b @ phi - 1 / gamma)
        phi, gamma = elementary_weight(tree, self.full_a)
        return float(weights @ phi - 1 / gamma)

    @property
    def stages(self) -> int:
        return len(self.b)

    @property
    def rows(self) -> int:
        """Stages, f at the new point, extra stages."""
        return self.stages + 1 + len(self.extra_c)

    @property
    def full_a(self) -> Array:
        """(rows, rows): all stages of a step as one table; row s is b."""
        s, full = self.stages, np.zeros((self.rows, self.rows))
        full[:s, :s], full[s, :s] = self.a, self.b
        full[s + 1 :] = self.extra_a.reshape(-1, self.rows)
        return full

    @property
    def full_c(self) -> Array:
        return np.concatenate([self.c, [1.0], self.extra_c])

    @property
    def adaptive(self) -> bool:
        return len(self.e) > 0

    @property
    def error_needs_new_rhs(self) -> bool:
        """Whether the error estimate weighs f at the new point (first same as last)."""
        return bool(np.any(self.e[:, -1]))

    @property
    def remainder(self) -> Array:
        """W (rows, D - 1): y(t + θ h) = (1 - θ) y + θ y₊ + θ (1 - θ) h Σ_d θᵈ Σᵢ W[i, d] kᵢ; exact at both ends."""
        linear = np.zeros_like(self.dense)
        linear[: self.stages, 0] = self.b
        return np.cumsum(self.dense - linear, axis=1)[:, :-1]
