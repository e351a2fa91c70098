"""Registries: which methods there are, and under which other names they are known.

METHODS      explicit Runge-Kutta tables; those with error weights adapt their steps, the others take `step=`
SYMPLECTIC   splittings and Gauss collocation for ẏ = (q̇, v̇), fixed steps (robocalc.ode.symplectic)
STIFF        scipy's implicit solvers behind the same call
"""

from robocalc.errors import UnknownName
from robocalc.ode.tables.classic import BS3, DOPRI5, EULER, HEUN, MIDPOINT, RALSTON, RK3, RK4, RK38
from robocalc.ode.tables.dop853 import DOP853
from robocalc.ode.tables.splitting import SYMPLECTIC
from robocalc.ode.tables.tsit5 import TSIT5
from robocalc.ode.tables.vern7 import VERN7
from robocalc.ode.tables.vern9 import VERN9

METHODS = {
    "euler": EULER,
    "midpoint": MIDPOINT,
    "heun": HEUN,
    "ralston": RALSTON,
    "rk3": RK3,
    "rk4": RK4,
    "rk38": RK38,
    "bs3": BS3,
    "dopri5": DOPRI5,
    "tsit5": TSIT5,
    "vern7": VERN7,
    "dop853": DOP853,
    "vern9": VERN9,
}
STIFF = {"radau": "Radau", "bdf": "BDF", "lsoda": "LSODA"}
ALIASES = {"rk23": "bs3", "rk45": "dopri5", "semi_implicit_euler": "symplectic_euler", "verlet": "leapfrog"}


def find(name: str) -> str:
    """The registry's key for a name in any case. Raises UnknownName."""
    key = str(name).lower()
    key = ALIASES.get(key, key)
    if key not in METHODS and key not in SYMPLECTIC and key not in STIFF:
        raise UnknownName("method", name, [*METHODS, *SYMPLECTIC, *STIFF])
    return key
