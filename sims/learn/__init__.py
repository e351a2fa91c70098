"""What runs teach: the model's own numbers, the torque that no model explains, the error that repeats.

    identify   payload, friction, inertias and delay of a model from logged motion, with confidence intervals
    learn      a small neural network of the torque that the model does not explain
    repeat     iterative learning: the same motion again, with what was missing added

Names load when first used.
"""

from importlib import import_module

EXPORTS = {
    "identify": "identification",
    "Identified": "findings",
    "learn": "residual_torque",
    "Taught": "residual_torque",
    "repeat": "ilc",
    "Repetitions": "ilc",
    "Recording": "recording",
    "from_run": "recording",
    "from_csv": "recording",
}
__all__ = list(EXPORTS)


def __getattr__(name):
    if name in EXPORTS:
        return getattr(import_module(f"sims.learn.{EXPORTS[name]}"), name)
    raise AttributeError(f"module 'sims.learn' has no attribute {name!r}")


def __dir__():
    return sorted({*globals(), *__all__})
