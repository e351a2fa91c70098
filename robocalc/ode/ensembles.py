"""`ensemble`: many initial states and parameters at once, each member with its own steps, across cores.

ensemble   all members -> Ensemble, or chunk by chunk through `reduce`, so that memory stays bounded
stream     the same as an iterator of (first member, Ensemble)
Ensemble   y_end (M, n), t_end (M,), y (M, E, n) at t_eval, status of each member, counters
"""

import os
from collections import Counter, deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field

import numpy as np

from robocalc.errors import InvalidInput
from robocalc.ode import layout as lay
from robocalc.ode.checks import positive, read_span, read_times, read_tolerances
from robocalc.ode.engine import NO_DENSE, NO_EVENTS, NO_HITS, NO_ROWS, NO_TIMES, plan
from robocalc.ode.events import event_field, read_events, table
from robocalc.ode.methods import METHODS, STIFF, SYMPLECTIC, find
from robocalc.ode.problem import make_field, unpack
from robocalc.ode.solution import IntegrationFailed, Status

CODES = {
    lay.DONE: Status.FINISHED,
    lay.STOPPED: Status.TERMINATED,
    lay.TOO_SMALL: Status.STEP_TOO_SMALL,
    lay.NONFINITE: Status.NON_FINITE,
    lay.TOO_MANY: Status.TOO_MANY_STEPS,
    lay.FULL: Status.EVENTS_PILE_UP,
}
CHUNK_BYTES = 8e6  # of results that one chunk holds
HITS = 4096  # of events that one member may have


@dataclass(frozen=True, eq=False)
class Ensemble:
    """t_end (M,), y_end (M, n); y (M, E, n) at t (E,): t_eval (nan after a member's end), or the end alone (E = 1).

    codes (M,) with status(k); rhs, accepted, rejected (M,); reduced: what `reduce` returned for each chunk, in order
    """

    t_end: np.ndarray
    y_end: np.ndarray
    codes: np.ndarray
    rhs: np.ndarray
    accepted: np.ndarray
    rejected: np.ndarray
    t: np.ndarray | None = None
    y: np.ndarray | None = None
    reduced: list = field(default_factory=list)

    def __len__(self):
        return len(self.t_end)

    def status(self, k) -> Status:
        return CODES[int(self.codes[k])]

    @property
    def success(self) -> np.ndarray:
        """(M,) whether each member reached the end or a terminal event."""
        return self.codes >= 0

    @property
    def message(self) -> str:
        """How many members ended how, and the first that failed."""
        counts = Counter(CODES[int(c)] for c in self.codes)
        words = "; ".join(f"{count} {status.value}" for status, count in counts.items())
        bad = np.flatnonzero(~self.success)
        return words + (f" (first: member {bad[0]} at t = {self.t_end[bad[0]]:.9g})" if bad.size else "")

    def raise_for_status(self):
        """Self, or IntegrationFailed with the message."""
        if not self.success.all():
            raise IntegrationFailed(self.message)
        return self


def ensemble(f, t_span, Y0, p=None, method="tsit5", rtol=1e-6, atol=1e-9, *, reduce=None, progress=None, **options):
    """Solve ẏ = f(t, y, p) for each row of Y0 (M, n), with p (m,) for all or (M, m).

    reduce     called with each chunk's Ensemble; what it returns is kept in `reduced`, the chunk itself is not
    progress   called as progress(members done, M)
    options    t_eval (E,); events (terminal ones stop their member); step, first_step, max_step, min_step, max_steps;
               jumps of f: breakpoints; workers: threads (default: all cores); chunk: members at once
    returns    Ensemble; a member that fails has its status, the others go on
    source     fixed steps of explicit methods run in SIMD lanes where f allows; a result depends neither on the
               number of workers nor on the chunks
    """
    parts, reduced, done, total = [], [], 0, len(np.atleast_2d(np.asarray(Y0)))
    for _, part in stream(f, t_span, Y0, p, method, rtol, atol, **options):
        done += len(part)
        if reduce is None:
            parts.append(part)
        else:
            reduced.append(reduce(part))
        if progress is not None:
            progress(done, total)
    return _joined(parts, reduced)


def _joined(parts, reduced) -> Ensemble:
    if not parts:
        none = np.zeros(0)
        return Ensemble(none, np.zeros((0, 0)), none.astype(int), none, none, none, reduced=reduced)
    names = ("t_end", "y_end", "codes", "rhs", "accepted", "rejected")
    joined = {name: np.concatenate([getattr(part, name) for part in parts]) for name in names}
    if parts[0].y is not None:
        joined |= {"t": parts[0].t, "y": np.concatenate([part.y for part in parts])}
    return Ensemble(**joined, reduced=reduced)


def stream(f, t_span, Y0, p=None, method="tsit5", rtol=1e-6, atol=1e-9, *, workers=None, chunk=None, **options):
    """Yields (first member, Ensemble of a chunk) in order; at most 2 `workers` chunks are held."""
    job = _Job(f, t_span, Y0, p, method, rtol, atol, **options)
    total = len(job.Y0)
    workers = 1 if not job.compiled else int(positive("workers", workers or os.cpu_count() or 1))
    row = job.Y0.shape[1] * 8 * (1 + len(job.times))
    chunk = (
        int(positive("chunk", chunk)) if chunk else int(max(64, min(CHUNK_BYTES // row, -(-total // (4 * workers)))))
    )
    starts = range(0, total, chunk)
    if workers == 1 or len(starts) <= 1:
        for start in starts:
            yield start, job.run(start, min(start + chunk, total))
        return
    with ThreadPoolExecutor(workers) as pool:
        waiting = deque()
        for start in starts:
            waiting.append((start, pool.submit(job.run, start, min(start + chunk, total))))
            if len(waiting) >= 2 * workers:
                first, future = waiting.popleft()
                yield first, future.result()
        for first, future in waiting:
            yield first, future.result()


class _Job:
    """What all chunks share; `run(first, last)` solves some members."""

    def __init__(
        self, f, t_span, Y0, p, method, rtol, atol, *, t_eval=None, events=None, step=None, first_step=None,
        max_step=np.inf, min_step=0.0, max_steps=1_000_000, compiled=None, breakpoints=(), lanes=True,
    ):  # fmt: skip
        self.name = find(method)
        if self.name in STIFF:
            raise InvalidInput(f"an ensemble needs an explicit or symplectic method, not {self.name!r}")
        if len(breakpoints):
            raise InvalidInput("breakpoints are not taken by ensembles: chain one ensemble for each piece")
        self.t0, self.t1 = read_span(t_span)
        f, p, _ = unpack(f, p, None, np.shape(Y0)[-1] if np.ndim(Y0) == 2 else None)
        self.Y0, self.P = _members(Y0, p)
        n = self.Y0.shape[1]
        if self.name in SYMPLECTIC and n % 2:
            raise InvalidInput(f"method {self.name!r} needs y = (q, v) with halves of equal length, got {n} components")
        self.tol = read_tolerances(rtol, atol, n)
        self.times = NO_TIMES if t_eval is None else read_times(t_eval, self.t0, self.t1)
        self.wants_times = t_eval is not None
        self.plan, self.step = plan(self.name), step
        made, _ = make_field(f, n, self.P[0], compiled)
        self.f, self.compiled = f, made.compiled
        self.made = made if made.address else made.as_callback(n)
        self.events = read_events(events)
        if any(e.reset is not None for e in self.events):
            raise InvalidInput("resets are not taken by ensembles: loop over solve for hybrid systems")
        self.g = event_field(self.events) if self.events else None
        self.compiled = self.compiled and (self.g is None or self.g.compiled)
        self.ctl, self.cnt = self.plan.ctl.copy(), self.plan.cnt.copy()
        self._settings(first_step, max_step, min_step, max_steps, n)
        self.lanes = lanes and self._whole_steps()

    def _settings(self, first_step, max_step, min_step, max_steps, n):
        ctl, cnt = self.ctl, self.cnt
        ctl[lay.T], ctl[lay.T_END], ctl[lay.T_START] = self.t0, self.t1, self.t0
        ctl[lay.LO], ctl[lay.HI] = min(self.t0, self.t1), max(self.t0, self.t1)
        ctl[lay.MAX_STEP], ctl[lay.MIN_STEP] = positive("max_step", max_step), positive("min_step", min_step, zero=True)
        ctl[lay.RTOL] = self.tol[0].min(initial=1.0)
        if self.step is not None:
            ctl[lay.FIXED] = positive("step", self.step)
        elif not self.plan.adaptive:
            raise InvalidInput(f"method {self.name!r} has no error estimate: give step=, or use an adaptive method")
        if first_step is not None:
            ctl[lay.H] = positive("first_step", first_step)
        cnt[lay.N], cnt[lay.CONTROLLED], cnt[lay.MAX_STEPS] = n, n, int(positive("max_steps", max_steps))
        cnt[lay.NEXT_EVAL] = bool(len(self.times) and self.times[0] == self.t0)

    def _whole_steps(self) -> bool:
        """Whether lanes apply: an explicit method with compiled f, steps that meet the end and all wanted times."""
        if self.step is None or self.events or not self.compiled or self.name not in METHODS or self.t0 == self.t1:
            return False
        marks = np.append(self.times, self.t1) - self.t0
        counts = np.round(np.abs(marks) / self.step)
        return bool(np.all(np.abs(np.abs(marks) - counts * self.step) <= 1e-9 * self.step))

    def run(self, first, last) -> Ensemble:
        Y = self.Y0[first:last].copy()
        P = np.ascontiguousarray(self.P[first:last]) if len(self.P) > 1 else self.P
        if self.lanes:
            from robocalc.ode.lanerun import run_lanes

            found = run_lanes(self, Y, P)
            if found is not None:
                return found
        return self._members(Y, P)

    def _members(self, Y, P) -> Ensemble:
        from robocalc.ode.ensemblekernels import members

        count, n = Y.shape
        events = table(self.events) if self.events else NO_EVENTS
        hits = np.empty((HITS, 2 + n)) if self.events else NO_HITS
        addr = np.array(
            (self.plan.step, self.plan.extra, self.made.address, self.g.address if self.g else 0), dtype=np.int64
        )
        EV = np.full((count, len(self.times), n), np.nan)
        work = np.empty(lay.work_size(n, self.plan.rows, self.plan.W.shape[1], len(events)))
        t_end, info, cnt = np.empty(count), np.zeros((count, 5), dtype=np.int64), self.cnt.copy()
        for part in (self.made, self.g):
            if part is not None and not part.compiled:
                part.abort = cnt[lay.ABORT : lay.ABORT + 1]
        members(
            addr, self.ctl, self.cnt, Y, P, self.tol, self.plan.W, self.plan.estimates, self.times, EV, events, hits,
            work, t_end, info, NO_TIMES, NO_ROWS, NO_TIMES, NO_DENSE, cnt,
        )  # fmt: skip
        for part in (self.made, self.g):
            if part is not None:
                part.raise_failure()
        times = (self.times, EV) if self.wants_times else (np.array([self.t1]), Y[:, None, :])
        return Ensemble(t_end, Y, info[:, 0].astype(np.int8), info[:, 1], info[:, 2], info[:, 3], *times)


def _members(Y0, p):
    """(Y0 (M, n), P (M or 1, m)), checked. Raises InvalidInput."""
    Y = np.array(Y0, dtype=np.float64, order="C")
    if Y.ndim != 2:
        raise InvalidInput(f"Y0 must have shape (members, n), got {Y.shape}")
    if not np.isfinite(Y).all():
        k, i = np.argwhere(~np.isfinite(Y))[0]
        raise InvalidInput(f"Y0 must be finite, got {Y[k, i]} in component {i} of member {k}")
    P = np.zeros((1, 0)) if p is None else np.array(p, dtype=np.float64, order="C")
    P = P.reshape(1, -1) if P.ndim < 2 else P
    if P.ndim != 2 or len(P) not in (1, len(Y)):
        raise InvalidInput(f"p must have shape (m,) or ({len(Y)}, m), got {np.shape(p)}")
    if not np.isfinite(P).all():
        raise InvalidInput("p must be finite")
    return Y, P
