"""A spline problem as arrays: checks what was asked, chooses the solver, finds the times.

Problem   waypoints, prescribed and free derivatives, and what decides the times: times, duration or limits
"""

import numpy as np

from robocalc.errors import Infeasible, InvalidInput
from robocalc.trajectory.arguments import as_array, as_limits, as_mask, as_times, as_waypoints, end_state, positive
from robocalc.trajectory.hermite import ENERGY
from robocalc.trajectory.limits import ORDERS, Limits
from robocalc.trajectory.scaling import certificate, certificate_order, check_inside, time_scale
from robocalc.trajectory.solver import MOST, alike, pieces, solve, spread
from robocalc.trajectory.trajectory import Trajectory

SEARCH = 1.25  # step of the search for a duration when states at the ends are prescribed
WAYS_OUT = "give times, a duration or limits (with a velocity, acceleration or jerk bound)"


class Problem:
    """Minimum order-s motion; arguments of `minimum.minimum_jerk`."""

    def __init__(
        self,
        s,
        waypoints,
        times=None,
        duration=None,
        limits=None,
        start=None,
        end=None,
        stop=False,
        derivatives=None,
        periodic=False,
    ):
        self.s, self.q = s, as_waypoints(waypoints)
        self.W, self.n = self.q.shape
        self.limits = as_limits(limits, self.n)
        self.times = None if times is None else as_times(times, self.W)
        self.duration = None if duration is None else positive("duration", duration, "s")
        if self.times is not None and self.duration is not None:
            raise InvalidInput("times and duration are both given; give one of them")
        self.periodic = bool(periodic)
        self.asked = self._prescribed(start, end, stop, derivatives)  # (W, s - 1, n), NaN where free
        self.given = self.asked  # ... and what we add
        known = self.W + (~np.isnan(self.asked)).sum(axis=(0, 1))
        if not self.periodic and known.min() < s:
            i = int(np.argmin(known))
            raise InvalidInput(
                f"joint {i} has {known[i]} positions and derivatives prescribed, and many motions that cost nothing;"
                f" {s} would decide: add a waypoint, or prescribe a state at an end"
            )
        if self.limits is not None:
            check_inside(self.q, self.limits, self.n)
            self._check_prescribed()

    # ---- what is prescribed

    def _prescribed(self, start, end, stop, derivatives):
        given = np.full((self.W, self.s - 1, self.n), np.nan)
        given[as_mask(stop, self.W)] = 0.0
        if self.periodic:
            if start is not None or end is not None:
                raise InvalidInput("a periodic motion has no start and end state of its own: leave start and end out")
            gap = np.abs(self.q[0] - self.q[-1])
            if gap.max() > 1e-9 * max(1.0, np.abs(self.q).max()):
                i = int(np.argmax(gap))
                raise InvalidInput(
                    f"a periodic motion ends where it starts: joint {i} starts at {self.q[0, i]:.6g}"
                    f" and ends at {self.q[-1, i]:.6g}"
                )
        else:
            given[0] = end_state("start", start, self.s, self.n)
            given[-1] = end_state("end", end, self.s, self.n)
        if derivatives is not None:
            d = as_array("derivatives", derivatives)
            if d.shape != given.shape:
                raise InvalidInput(f"derivatives must have shape {given.shape}, NaN where free, got {d.shape}")
            if np.isinf(d).any():
                raise InvalidInput("derivatives must be finite, or NaN where free")
            given = np.where(np.isnan(d), given, d)
        return given

    def _check_prescribed(self):
        for r in range(min(self.s - 1, 3)):
            low, high = self.limits.bounds(r + 1, self.n)
            x = np.nan_to_num(self.given[:, r])
            bad = np.argwhere((x < low) | (x > high))
            if bad.size:
                w, i = bad[0]
                where = {0: "start", self.W - 1: "end"}.get(int(w), f"waypoint {w}")
                raise InvalidInput(
                    f"{where}: {ORDERS[r + 1]} {x[w, i]:.6g} of joint {i} is outside of its limits"
                    f" [{low[i]:.6g}, {high[i]:.6g}]"
                )

    @property
    def at_rest(self):
        """True if all that is prescribed is 0: then stretching time stretches the solution."""
        return not np.nan_to_num(self.given).any()

    # ---- solving

    def solve(self) -> Trajectory:
        if self.times is not None:
            return self._checked(self._turned(lambda: self.through(np.diff(self.times), self.times)))
        if self.duration is not None:
            return self._lasting()
        if self.limits is None or all(getattr(self.limits, name) is None for name in ORDERS[1:]):
            raise InvalidInput(f"nothing decides the times: {WAYS_OUT}")
        h = self.natural_times()
        return self._stretched(h) if self.at_rest else self._searched(h)

    def through(self, h, knots=None) -> Trajectory:
        """The motion for segment times h (K,)."""
        knots = np.concatenate([[0.0], np.cumsum(h)]) if knots is None else knots
        self._knots = knots
        if h.max() > MOST[self.s] * h.min():
            i, j = int(np.argmin(h)), int(np.argmax(h))
            raise InvalidInput(
                f"segment {i} takes {h[i]:.3g} s and segment {j} {h[j]:.3g} s: a ratio above {MOST[self.s]:.0e}"
                " would lose digits; join short segments, or stop at both ends of the long one"
            )
        x, low = self.states(h)
        c = pieces(self.s, h, x, low)
        if not np.isfinite(c).all():
            raise InvalidInput(
                f"segment times from {h.min():g} to {h.max():g} s are beyond floating point; rescale time"
            )
        return Trajectory.trusted(knots, c)

    def states(self, h):
        """States (W, s, n) at the knots, least cost in what is free; and what rounding took from them, or None."""
        x = np.concatenate([self.q[:, None], np.nan_to_num(self.given)], axis=1)
        free = np.isnan(self.given)
        if self.periodic:
            free[[0, -1]] = False
            x = self._periodic(h, x, free)
        low = np.zeros_like(x) if spread(self.s, h) else None
        for joints in alike(free):
            solve(self.s, h, np.ascontiguousarray(free[:, :, joints[0]]), x, low, joints)
        return x, low

    def _periodic(self, h, x, free):
        """Prescribes at both ends the state for which derivatives s to 2s - 2 go over into each other there.

        The motion is linear in that state: jumps are measured on the motion with rest ends and on s - 1 unit motions.
        """
        s, m = self.s, self.s - 1
        free = free.all(
            axis=2
        )  # stops bind all joints alike; a single joint's own derivative is not for periodic motions
        if (free.any(axis=1) != np.isnan(self.given).any(axis=(1, 2)))[1:-1].any():
            raise InvalidInput("a periodic motion takes derivatives for all joints of a waypoint, or for none")
        unit = np.zeros((self.W, s, m))
        unit[0, 1:], unit[-1, 1:] = np.eye(m), np.eye(m)
        y = np.ascontiguousarray(np.concatenate([x, unit], axis=2))
        y[[0, -1], 1:, : self.n] = 0.0
        solve(s, h, free, y, np.zeros_like(y) if spread(s, h) else None, np.arange(self.n + m))
        E = np.asarray(ENERGY[s])
        order = np.arange(2 * s) % s

        def wrap(y):  # derivative of the cost to the shared state (s - 1, columns)
            total = 0.0
            for k, rows in ((0, slice(1, s)), (self.W - 2, slice(s + 1, None))):
                scaled = E * h[k] ** (order[:, None] + order - 2.0 * s + 1)
                ends = np.concatenate([y[k], y[k + 1]])
                ends[s] -= ends[0]
                ends[0] = 0.0
                total = total + scaled[rows] @ ends
            return total

        g = wrap(y)
        shared = np.linalg.solve(g[:, self.n :], -g[:, : self.n])
        fixed = ~np.isnan(self.given[0]) | ~np.isnan(self.given[-1])
        x[0, 1:] = x[-1, 1:] = np.where(fixed, np.nan_to_num(self.given[0]), shared)
        return x

    # ---- times

    def natural_times(self):
        """Segment times (K,) from distances and limits, up to a common factor."""
        from robocalc.trajectory.allocation import natural_times

        rest = ~np.isnan(self.given).any(axis=(1, 2))
        if self.periodic:
            rest[[0, -1]] = False
        return natural_times(self.q, self.limits, rest, alone=self.duration is not None)

    def _lasting(self):
        """The motion of the given duration: times of least cost, or of the distances where only those keep limits."""
        natural = self.natural_times()
        best = self._best_times(natural)
        traj = self._turned(lambda: self._of_duration(best))
        if self.limits is not None and not certificate(traj, self.limits).kept:
            traj = self._turned(lambda: self._of_duration(natural))
        return self._checked(traj)

    def _turned(self, build):
        """What `build` gives, inside of the position range: where a joint would leave it, it turns at a waypoint.

        Velocity 0 is prescribed for that joint at an end of the segment, then acceleration 0. With both at both ends
        the joint moves from one waypoint to the next without leaving the range between them: this comes to an end.
        """
        if self.limits is None or self.limits.position is None:
            return build()
        self.given = self.asked.copy()
        traj = build()
        only = Limits(position=self.limits.position)
        for _ in range(4 * self.W):
            told = certificate(traj, only)
            beyond = np.flatnonzero(told.usage[0] > 1)
            if told.kept or not any([self._turn(told, i) for i in beyond]):
                break
            traj = build()
        return traj

    def _turn(self, told, i) -> bool:
        """Prescribe one more 0 for joint i near its worst excess; False where all is prescribed."""
        low, high = self.limits.bounds("position", self.n)[:, i]
        side = int(told.value[0, 1, i] - high > low - told.value[0, 0, i])
        k = self._segment_at(told.time[0, side, i])
        near = sorted((k, k + 1), key=lambda w: -self.q[w, i] if side else self.q[w, i])
        for r in range(self.s - 1):
            for w in near:
                if np.isnan(self.given[w, r, i]):
                    self.given[w, r, i] = 0.0
                    return True
        return False

    def _segment_at(self, t):
        return int(np.clip(np.searchsorted(self._knots, t, side="right") - 1, 0, self.W - 2))

    def _best_times(self, h):
        free = np.isnan(self.given)
        if self.W == 2 or self.periodic or (free != free[:, :, :1]).any():
            return h
        from robocalc.trajectory.optimal import best_times

        return best_times(self, h, None, self.duration, np.ones(self.n))

    def _of_duration(self, h):
        knots = np.concatenate([[0.0], np.cumsum(h * (self.duration / h.sum()))])
        knots[-1] = self.duration
        return self.through(np.diff(knots), knots)

    def _checked(self, traj):
        """`traj`, if it keeps the limits; otherwise Infeasible, which says by what time it would."""
        if self.limits is None:
            return traj
        told = certificate(traj, self.limits)
        if told.kept:
            return traj
        needed = max(certificate_order(traj, self.limits, r) ** (1 / r) for r in (1, 2, 3))
        fits = needed > 1 and self.at_rest and not (told.usage[0] > 1).any()
        advice = (f"{traj.duration * needed:.6g} s would be enough for this shape",) if fits else ()
        raise Infeasible(told.broken + advice)

    def _stretched(self, h):
        traj = self._turned(lambda: self.through(h))
        traj = traj.scale_time(time_scale(traj, self.limits))
        certificate(traj, Limits(position=self.limits.position)).raise_for_status()
        return traj

    def _searched(self, h):
        """Shortest time found at which the limits are kept, where prescribed states do not stretch with time."""

        def excess(k):
            traj = self._turned(lambda: self.through(h * k))
            return max(certificate(traj, self.limits).worst - 1.0, -0.5), traj

        k = time_scale(self.through(h), self.limits) / SEARCH**8
        for _ in range(60):
            over, traj = excess(k)
            if over <= 0:
                break
            k *= SEARCH
        else:
            raise Infeasible(
                (*certificate(traj, self.limits).broken, "no duration keeps the limits with these end states")
            )
        low, high = k / SEARCH, k
        for _ in range(60):
            mid = 0.5 * (low + high)
            if excess(mid)[0] <= 0:
                high = mid
            else:
                low = mid
        return excess(high)[1]
