"""Python's side of the compiled loop: buffers that grow, segments between breakpoints, resets, the failure in words.

Plan      a method made ready for kernels, once
Run       one solve: arrays of robocalc.ode.layout, driven until the end
"""

from dataclasses import dataclass
from functools import cache

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode import layout as lay
from robocalc.ode.methods import METHODS, SYMPLECTIC
from robocalc.ode.solution import Counters, Status

FIRST_ROWS = 256  # of saved steps; doubled when full
CHUNK = 200_000  # steps between looks at Ctrl-C and progress
BETA = 0.04  # of PI control, for pairs of order 5(4)
COUNTS_ITSELF = -1  # error estimates: none, and the step reports its calls of f
PILE_UP = 1e-10  # relative distance in time of two resets that ends the solve


@dataclass(frozen=True)
class Plan:
    """What a method gives to kernels."""

    name: str
    step: int
    extra: int
    keep: tuple
    W: np.ndarray
    estimates: int
    ctl: np.ndarray
    cnt: np.ndarray
    adaptive: bool
    rows: int


@cache
def plan(name: str) -> Plan:
    from robocalc.ode.stepcode import extra_address, step_address

    if name in SYMPLECTIC:
        return _symplectic_plan(name)
    tab = METHODS[name]
    step, keep = step_address(name)
    extra, keep_extra = extra_address(name)
    ctl, cnt = np.zeros(lay.CTL_SIZE), np.zeros(lay.CNT_SIZE, dtype=np.int64)
    beta = BETA if tab.error_order == 4 else 0.0
    ctl[lay.BETA], ctl[lay.EXPO] = beta, 1 / (tab.error_order + 1) - 0.75 * beta
    ctl[lay.ERR_OLD], ctl[lay.MAX_STEP] = np.log(1e-4), np.inf
    cnt[lay.STAGES], cnt[lay.ROWS], cnt[lay.NEW_RHS_IN_STEP] = tab.stages, tab.rows, tab.error_needs_new_rhs
    cnt[lay.AT_START] = 1
    W = np.ascontiguousarray(tab.remainder)
    return Plan(name, step, extra, (keep, keep_extra), W, len(tab.e), ctl, cnt, tab.adaptive, tab.rows)


def _symplectic_plan(name) -> Plan:
    from robocalc.ode.symplectic import HERMITE, rows_of, symplectic_address

    step, keep = symplectic_address(name)
    ctl, cnt = np.zeros(lay.CTL_SIZE), np.zeros(lay.CNT_SIZE, dtype=np.int64)
    ctl[lay.MAX_STEP] = np.inf
    cnt[lay.STAGES], cnt[lay.ROWS], cnt[lay.AT_START] = 1, rows_of(name), 1
    W = np.zeros((rows_of(name), 2))
    W[:3] = HERMITE
    return Plan(name, step, 0, keep, W, COUNTS_ITSELF, ctl, cnt, False, rows_of(name))


NO_TIMES, NO_ROWS, NO_DENSE = np.zeros(0), np.zeros((0, 0)), np.zeros((0, 0, 0))
NO_EVENTS, NO_HITS = np.zeros((0, 4)), np.zeros((0, 2))


class Run:
    """One solve of a Field; `drive` fills TS, YS, HS, D (saved steps), EV (wanted times), hits (events)."""

    def __init__(self, ready: Plan, field, t0, y0, p, tol, *, save=True, dense=False, t_eval=None, controlled=0):
        from robocalc.ode.kernels import advance

        n = len(y0)
        self.advance, self.plan, self.field, self.p, self.tol, self.n = advance, ready, field, p, tol, n
        self.ctl, self.cnt = ready.ctl.copy(), ready.cnt.copy()
        self.ctl[lay.T] = t0
        self.cnt[lay.N], self.cnt[lay.CONTROLLED] = n, controlled or n
        self.cnt[lay.SAVE], self.cnt[lay.DENSE] = save or dense, dense
        self.addr = np.array((ready.step, ready.extra, field.address, 0), dtype=np.int64)
        self.events, self.hits, self.event_list, self.event_field = NO_EVENTS, NO_HITS, (), None
        self.t_eval = NO_TIMES if t_eval is None else t_eval
        self.EV = np.empty((len(self.t_eval), n))
        self.TS = self.YS = self.HS = self.D = None
        size = FIRST_ROWS if self.cnt[lay.SAVE] else 0
        self.TS, self.YS = np.empty(size), np.empty((size, n))
        degree = ready.W.shape[1]
        self.HS = np.empty(size if dense else 0)
        self.D = np.empty((size, degree + 2, n)) if dense else NO_DENSE
        self.jumps = []  # (row of the state before, event indices) of each reset
        self.last_stop = None
        if size:
            self.TS[0], self.YS[0] = t0, y0
            self.cnt[lay.ROW] = 1
        self.y0 = y0
        if not field.compiled:
            field.abort = self.cnt[lay.ABORT : lay.ABORT + 1]
        self.work = None

    def watch(self, events, field, rtol):
        """Look for these events; before `drive`."""
        from robocalc.ode.events import table

        self.event_list, self.event_field = events, field
        self.addr[lay.A_EVENT] = field.address
        self.events, self.hits = table(events), np.empty((2 * lay.MOST_HITS, 2 + self.n))
        self.ctl[lay.RTOL] = rtol
        if not field.compiled:
            field.abort = self.cnt[lay.ABORT : lay.ABORT + 1]

    def drive(self, stops, progress=None) -> Status:
        """On to stops[-1], landing on each; a stop before the last is a breakpoint: f is only taken inside segments."""
        self.work = np.empty(lay.work_size(self.n, self.plan.rows, self.plan.W.shape[1], len(self.events)))
        self.work[: self.n] = self.y0
        ctl, cnt = self.ctl, self.cnt
        broken = len(stops) > 1
        self._wanted_at_start()
        for k, stop in enumerate(stops):
            start = ctl[lay.T]
            ctl[lay.T_END] = stop
            low, high = (start, stop) if stop >= start else (stop, start)
            if broken:
                first, last = k == 0, k == len(stops) - 1
                low_free, high_free = (first, last) if stop >= start else (last, first)
                low = low if low_free else np.nextafter(low, np.inf)
                high = high if high_free else np.nextafter(high, -np.inf)
            ctl[lay.LO], ctl[lay.HI] = low, high
            ctl[lay.T_START], cnt[lay.FIXED_INDEX], cnt[lay.KNOWN] = start, 0, 0
            status = self._segment(progress)
            if status is not Status.FINISHED:
                return status
        return Status.FINISHED

    def _wanted_at_start(self):
        if len(self.t_eval) and self.t_eval[0] == self.ctl[lay.T]:
            self.EV[0] = self.y0
            self.cnt[lay.NEXT_EVAL] = 1

    def _segment(self, progress) -> Status:
        while True:
            self.cnt[lay.BUDGET] = CHUNK
            try:
                code = self.call()
            except ValueError as error:  # of `spread`: what a compiled function returned does not fit
                if not str(error).startswith("the function returned"):
                    raise
                raise InvalidInput(str(error).replace("the function", "the right-hand side", 1)) from None
            if progress is not None:
                progress(self.ctl[lay.T])
            if code == lay.DONE:
                return Status.FINISHED
            if code == lay.FULL:
                self._grow()
            elif code == lay.STOPPED:
                ended = self._stopped()
                if ended is not None:
                    return ended
            else:
                self.field.raise_failure()
                if self.event_field is not None:
                    self.event_field.raise_failure()
                if code == lay.TOO_SMALL:
                    return Status.STEP_TOO_SMALL
                return Status.TOO_MANY_STEPS if code == lay.TOO_MANY else Status.NON_FINITE

    def call(self):
        return self.advance(
            self.addr,
            self.ctl,
            self.cnt,
            self.work,
            self.p,
            self.tol,
            self.plan.W,
            self.plan.estimates,
            self.TS,
            self.YS,
            self.HS,
            self.D,
            self.t_eval,
            self.EV,
            self.events,
            self.hits,
        )

    def _grow(self):
        def doubled(array):
            out = np.empty((2 * len(array), *array.shape[1:]))
            out[: len(array)] = array
            return out

        if self.cnt[lay.ROW] >= len(self.TS) > 0:
            self.TS, self.YS = doubled(self.TS), doubled(self.YS)
            if self.cnt[lay.DENSE]:
                self.HS, self.D = doubled(self.HS), doubled(self.D)
        if len(self.hits) and self.cnt[lay.HITS] + lay.MOST_HITS > len(self.hits):
            self.hits = doubled(self.hits)

    def _stopped(self) -> Status | None:
        """After an event that stops the kernel: the status if the solve ends there, else None and a new state."""
        t, count = self.ctl[lay.T], self.cnt[lay.HITS]
        here = [int(e) for s, e in self.hits[:count, :2] if s == t]
        resets = [e for e in here if self.event_list[e].reset is not None]
        for e in here:
            limit = self.event_list[e].terminal
            if limit and self.events[e, lay.E_COUNT] >= limit and e not in resets:
                return Status.TERMINATED
        y = self.work[: self.n].copy()
        row = int(self.cnt[lay.ROW]) - 1
        for e in resets:
            y = self._reset(self.event_list[e], t, y)
        for e in resets:
            limit = self.event_list[e].terminal
            if limit and self.events[e, lay.E_COUNT] >= limit:
                self._jump(t, y, row, resets)
                return Status.TERMINATED
        self._jump(t, y, row, resets)
        if self.last_stop is not None:
            gap = abs(t - self.last_stop)
            if gap <= PILE_UP * max(abs(t), abs(self.ctl[lay.T_END] - t), 1e-300):
                return Status.EVENTS_PILE_UP
            self.ctl[lay.H_CAP] = gap
        self.last_stop = t
        return None

    def _reset(self, event, t, y):
        from robocalc.ode.rhs import form_of

        form = form_of(event.reset, "reset")
        after = np.array(event.reset(t, y.copy(), self.p) if form == "typ" else event.reset(t, y.copy()), dtype=float)
        if after.shape != y.shape or not np.isfinite(after).all():
            raise InvalidInput(f"a reset must return {self.n} finite numbers, got {after!r} at t = {t:.9g}")
        return after

    def _jump(self, t, y, row, which):
        self.work[: self.n] = y
        if not self.cnt[lay.SAVE]:
            return
        self.jumps.append((row, tuple(which)))
        if self.cnt[lay.ROW] >= len(self.TS):
            self._grow()
        row = self.cnt[lay.ROW]
        self.TS[row], self.YS[row] = t, y
        if self.cnt[lay.DENSE]:
            self.HS[row - 1] = 0.0
            self.D[row - 1, 0], self.D[row - 1, 1], self.D[row - 1, 2:] = self.YS[row - 1], y, 0.0
        self.cnt[lay.ROW] += 1

    @property
    def state(self):
        return self.work[: self.n].copy()

    def counters(self) -> Counters:
        return Counters(int(self.cnt[lay.NFEV]), int(self.cnt[lay.ACCEPTED]), int(self.cnt[lay.REJECTED]))

    def event_lists(self):
        """(times (k,) of each event, states (k, n) of each event)."""
        hits = self.hits[: self.cnt[lay.HITS]]
        each = [hits[hits[:, 1] == e] for e in range(len(self.event_list))]
        return tuple(h[:, 0].copy() for h in each), tuple(h[:, 2:].copy() for h in each)
