"""What carries a robot forward in time: one Plant each, and the closed loop around it.

twin      compiled, without contact
bullet    PyBullet: the same dynamics to rounding, and contacts
mujoco    MuJoCo, where it is installed: likewise, with other contacts
loop      simulate(plant, law, reference, effects) -> Simulated(log, outcome)
ENGINES   name -> where its Plant is; `engine(name)` loads it
"""

from importlib import import_module

from robocalc.errors import UnknownName

ENGINES = {
    "twin": ("sims.engines.twin", "Twin"),
    "bullet": ("sims.engines.bullet", "Bullet"),
    "mujoco": ("sims.engines.mujoco", "Mujoco"),
}


def engine(name) -> type:
    """The Plant class of that name, loaded when first asked for; raises UnknownName."""
    if name not in ENGINES:
        raise UnknownName("engine", name, ENGINES)
    module, plant = ENGINES[name]
    return getattr(import_module(module), plant)
