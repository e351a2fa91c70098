"""Ctrl-C while IPOPT runs: it ends after its iteration, and what it has is kept.

    stopper         a callback of CasADi for a program, with `wanted`: whether to stop
    interruptible   inside, Ctrl-C sets `wanted` (in the main thread; elsewhere nothing changes)

Without it CasADi takes the signal for a failed evaluation, and IPOPT goes on from a shorter step.
"""

import signal
from contextlib import contextmanager
from threading import current_thread, main_thread

from robocalc.optimize.symbols import casadi


def stopper(nz, ng, n_data):
    """The callback for nlpsol's `iteration_callback`; keep a reference to it."""
    ca = casadi()
    sizes = {"f": 1, "x": nz, "lam_x": nz, "g": ng, "lam_g": ng, "p": n_data, "lam_p": n_data}

    class Stopper(ca.Callback):
        def __init__(self):
            ca.Callback.__init__(self)
            self.wanted = False
            self.construct("stopper", {})

        def get_n_in(self):
            return ca.nlpsol_n_out()

        def get_n_out(self):
            return 1

        def get_name_in(self, i):
            return ca.nlpsol_out(i)

        def get_name_out(self, i):
            return "stop"

        def get_sparsity_in(self, i):
            return ca.Sparsity.dense(sizes[ca.nlpsol_out(i)], 1)

        def eval(self, _):
            return [float(self.wanted)]

    return Stopper()


@contextmanager
def interruptible(stop):
    """Ctrl-C asks `stop` to end the solve."""
    stop.wanted = False
    if current_thread() is not main_thread():
        yield
        return

    def ask(*_):
        stop.wanted = True

    before = signal.signal(signal.SIGINT, ask)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)
        stop.wanted = False
