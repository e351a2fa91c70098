"""Functions that workers are sent in the tests of the pool."""

import os
import signal
import time
from pathlib import Path


def square(x):
    return x * x


def sum_of_draws(seed):
    import numpy as np

    return np.random.default_rng(seed).standard_normal(1000).sum()


def backwards(x):
    """The later, the sooner."""
    time.sleep(0.4 - 0.1 * x)
    return x


def fragile(x):
    """Raises, dies, hangs, or returns what cannot be sent, by its item."""
    if x == "raise":
        raise ValueError("no such thing")
    if x == "die":
        os.kill(os.getpid(), signal.SIGKILL)
    if x == "exit":
        raise SystemExit(3)
    if x == "hang":
        time.sleep(60)
    if x == "unsent":
        return (i for i in range(3))
    return x


def dies_once(marker):
    """Dies unless its marker file is there; leaves it."""
    path = Path(marker)
    if not path.exists():
        path.write_text("")
        os._exit(9)
    return "second"


def slowly(x):
    time.sleep(0.05)
    return os.getpid(), x


def broken_setup():
    raise RuntimeError("no licence")


def cannot_start():
    os._exit(5)
