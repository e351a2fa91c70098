"""Symplectic methods as coefficients: palindromic compositions of drifts and kicks, and Gauss collocation.

    Splitting   q ← q + dᵢ h q̇(v), v ← v + kᵢ h v̇(q) in turn: drift d₀, kick k₀, drift d₁, ... (the last kick may be 0)
    Gauss       implicit Runge-Kutta at Gauss nodes: symplectic for any Hamiltonian, iterated to rounding

Sources: Yoshida, Phys. Lett. A 150 (1990); Kahan & Li, Math. Comp. 66 (1997), s9odr6a and s17odr8a; Hairer, Lubich &
Wanner, Geometric Numerical Integration (2006), chapters II and VI.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput


@dataclass(frozen=True)
class Splitting:
    """Both rows of coefficients sum to one, and those of a symmetric method read the same backwards."""

    name: str
    order: int
    drifts: np.ndarray
    kicks: np.ndarray

    def __post_init__(self):
        for key in ("drifts", "kicks"):
            values = np.array(getattr(self, key), dtype=float)
            if abs(values.sum() - 1) > 1e-14:
                raise InvalidInput(
                    f"splitting {self.name!r}: {key} must sum to 1, they miss it by {values.sum() - 1:.1e}"
                )
            values.flags.writeable = False
            object.__setattr__(self, key, values)


@dataclass(frozen=True)
class Gauss:
    """a (s, s), b (s,), c (s,): collocation at the zeros of the shifted Legendre polynomial; order 2 s."""

    name: str
    order: int
    a: np.ndarray
    b: np.ndarray
    c: np.ndarray

    def __post_init__(self):
        for key in ("a", "b", "c"):
            values = np.array(getattr(self, key), dtype=float)
            values.flags.writeable = False
            object.__setattr__(self, key, values)
        M = self.b[:, None] * self.a + (self.b[:, None] * self.a).T - np.outer(self.b, self.b)
        if np.abs(M).max() > 1e-15 or np.abs(self.a.sum(axis=1) - self.c).max() > 1e-15:
            raise InvalidInput(f"collocation {self.name!r}: bᵢ aᵢⱼ + bⱼ aⱼᵢ = bᵢ bⱼ fails, so it is not symplectic")


def composition(name, order, weights) -> Splitting:
    """Leapfrog steps (half drift, kick, half drift) of lengths `weights`, half drifts that meet joined."""
    w = np.array(weights, dtype=float)
    drifts = np.concatenate([[w[0] / 2], (w[:-1] + w[1:]) / 2, [w[-1] / 2]])
    return Splitting(name, order, drifts, np.append(w, 0.0))


def mirrored(half) -> list:
    """w₁ ... wₙ₋₁, the middle weight that makes the sum one, wₙ₋₁ ... w₁."""
    return [*half, 1 - 2 * sum(half), *half[::-1]]


W1 = 1 / (2 - 2 ** (1 / 3))
KL6 = [0.39216144400731413928, 0.33259913678935943860, -0.70624617255763935981, 0.08221359629355080023]
# fmt: off
KL8 = [
    0.13020248308889008088, 0.56116298177510838456, -0.38947496264484728641, 0.15884190655515560090,
    -0.39590389413323757734, 0.18453964097831570709, 0.25837438768632204729, 0.29501172360931029887,
]
# fmt: on
R3 = 3**0.5
SYMPLECTIC = {
    "symplectic_euler": Splitting("symplectic_euler", 1, [0, 1], [1, 0]),  # kick, then drift with the new v
    "leapfrog": composition("leapfrog", 2, [1.0]),
    "yoshida4": composition("yoshida4", 4, mirrored([W1])),
    "kahan_li6": composition("kahan_li6", 6, mirrored(KL6)),
    "kahan_li8": composition("kahan_li8", 8, mirrored(KL8)),
    "implicit_midpoint": Gauss("implicit_midpoint", 2, [[1 / 2]], [1], [1 / 2]),
    "gauss4": Gauss(
        "gauss4",
        4,
        [[1 / 4, 1 / 4 - R3 / 6], [1 / 4 + R3 / 6, 1 / 4]],
        [1 / 2, 1 / 2],
        [1 / 2 - R3 / 6, 1 / 2 + R3 / 6],
    ),
}
