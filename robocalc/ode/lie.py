"""`solve_lie`: states on SO(3), SE(3) and mixed with vectors stay on their manifold to rounding.

    solve_lie(f, t_span, y0, space)   Ṙ = R ω^ (body) or ω^ R (world); f returns ω, twists and derivatives of vectors
    LieSolution                       t (N,), y (N, size), blocks: (N, 3, 3), (N, 4, 4) or (N, k) each

Every explicit method becomes its Runge-Kutta-Munthe-Kaas form: it runs in canonical coordinates around the last point.
"""

from dataclasses import dataclass

import numpy as np

from robocalc.errors import InvalidInput, UnknownName
from robocalc.ode import layout as lay
from robocalc.ode.checks import positive, read_parameters, read_span, read_times, read_tolerances
from robocalc.ode.engine import plan
from robocalc.ode.methods import METHODS, find
from robocalc.ode.problem import make_field
from robocalc.ode.solution import Counters, IntegrationFailed, Status

SPACES = {"SO3": (1, 3, (3, 3)), "SE3": (2, 6, (4, 4))}  # kind, numbers of the velocity, shape of the state
ON_GROUP = 1e-6  # how far a given rotation may be from one; it is then projected
SIDES = {"body": 0, "world": 1}
ENDED = {lay.TOO_SMALL: Status.STEP_TOO_SMALL, lay.NONFINITE: Status.NON_FINITE, lay.TOO_MANY: Status.TOO_MANY_STEPS}


@dataclass(frozen=True, eq=False)
class LieSolution:
    """blocks[i] (N, ...) is the i-th part of the state at t (N,); y (N, size) is all of it, flat."""

    t: np.ndarray
    y: np.ndarray
    blocks: tuple
    status: Status
    message: str
    counters: Counters
    method: str

    @property
    def success(self) -> bool:
        return self.status.success

    def raise_for_status(self):
        """Self, or IntegrationFailed with the message."""
        if not self.success:
            raise IntegrationFailed(self.message)
        return self


def solve_lie(
    f, t_span, y0, space="SO3", p=None, method="rk4", rtol=1e-6, atol=1e-9, t_eval=None, *, step=None, frame="body",
    first_step=None, max_step=np.inf, min_step=0.0, max_steps=1_000_000, save="steps", compiled=None,
) -> LieSolution:  # fmt: skip
    """Integrate on a product of SO(3), SE(3) and vector spaces.

    f        as in `solve`: f(t, y, p) of the flat state y (rotations 9 numbers row by row, poses 16, vectors k),
             returning the flat velocity: 3 (angular), 6 (linear, angular), k
    y0       one array (3, 3), (4, 4) or (k,), or a sequence of them, or flat
    space    "SO3", "SE3", a number k, or a sequence of them, e.g. ("SO3", 3) for attitude and angular velocity
    frame    "body": Ṙ = R ω^, Ṫ = T ξ^;  "world": Ṙ = ω^ R, Ṫ = ξ^ T
    method   explicit; those without error estimate need step. rtol, atol: of rotations in rad, else as in `solve`
    returns  LieSolution
    raises   InvalidInput (also: y0 is no rotation), UnknownName
    source   H. Munthe-Kaas, High order Runge-Kutta methods on manifolds, Appl. Numer. Math. 29 (1999)
    """
    name = find(method)
    if name not in METHODS:
        raise InvalidInput(f"solve_lie needs an explicit method ({', '.join(METHODS)}), not {name!r}")
    t0, t1 = read_span(t_span)
    spaces = read_space(space)
    base = read_point(y0, spaces)
    params, size = read_parameters(p), sum(s.size for s in spaces)
    n, side = sum(s.speed for s in spaces), _side(frame)
    times = None if t_eval is None else read_times(t_eval, t0, t1)
    from robocalc.ode.rhs import compiled_field, form_of, is_compiled, python_field

    if is_compiled(f) and compiled is not False:
        field = compiled_field(f, form_of(f), str(n))
    else:
        made, _ = make_field(f, size, params, compiled)
        field = made if made.address else python_field(made.python, n, "velocity")
    run = _LieRun(
        name, field, t0, t1, base, spaces, side, params, read_tolerances(rtol, atol, n), times, save == "steps"
    )
    run.bounds(step, first_step, max_step, min_step, max_steps)
    return run.solve()


def _side(frame) -> int:
    if frame not in SIDES:
        raise UnknownName("frame", frame, SIDES)
    return SIDES[frame]


@dataclass(frozen=True)
class Block:
    """One factor: kind for kernels, numbers of its velocity, shape of its state."""

    kind: int
    speed: int
    shape: tuple

    @property
    def size(self) -> int:
        return int(np.prod(self.shape))


def read_space(space) -> list:
    """Blocks of a name, a number of components, or a sequence of them. Raises InvalidInput, UnknownName."""
    parts = [space] if isinstance(space, (str, int, np.integer)) else list(space)
    blocks = []
    for part in parts:
        if isinstance(part, str):
            key = part.upper().replace("(", "").replace(")", "")
            if key not in SPACES:
                raise UnknownName("space", part, SPACES)
            blocks.append(Block(*SPACES[key]))
        elif isinstance(part, (int, np.integer)) and part > 0:
            blocks.append(Block(0, int(part), (int(part),)))
        else:
            raise InvalidInput(f'a space is "SO3", "SE3" or a positive number of components, got {part!r}')
    return blocks


def read_point(y0, spaces) -> np.ndarray:
    """The flat state; rotations must be rotations to 1e-6 and are then projected. Raises InvalidInput."""
    size = sum(s.size for s in spaces)
    whole = np.asarray(y0, dtype=float) if not isinstance(y0, (tuple, list)) else None
    if whole is None:
        try:
            parts = [np.asarray(part, dtype=float) for part in y0]
        except (TypeError, ValueError):
            raise InvalidInput("y0 must be an array, or one array for each block") from None
        matches = len(parts) == len(spaces) and all(a.size == s.size for a, s in zip(parts, spaces))
        whole = np.concatenate([a.reshape(-1) for a in parts]) if matches else np.asarray(y0, dtype=float)
    if whole.size != size:
        shapes = ", ".join(str(s.shape) for s in spaces)
        raise InvalidInput(f"y0 must hold {size} numbers for blocks {shapes}, got shape {whole.shape}")
    flat = whole.reshape(-1).copy()
    if not np.isfinite(flat).all():
        raise InvalidInput("y0 must be finite")
    at = 0
    for s in spaces:
        if s.kind:
            _settle_rotation(flat[at : at + s.size].reshape(s.shape))
        at += s.size
    return flat


def _settle_rotation(M):
    """Project the rotation of a (3, 3) or (4, 4) in place. Raises InvalidInput if it is none."""
    R = M[:3, :3]
    error = np.abs(R.T @ R - np.eye(3)).max()
    if error > ON_GROUP or np.linalg.det(R) < 0:
        raise InvalidInput(f"y0 holds no rotation matrix: RᵀR misses 1 by {error:.1e}, det R = {np.linalg.det(R):.3g}")
    if len(M) == 4 and not np.array_equal(M[3], [0, 0, 0, 1]):
        raise InvalidInput(f"y0 holds no pose: its last row must be 0 0 0 1, got {M[3]}")
    U, _, V = np.linalg.svd(R)
    M[:3, :3] = U @ V


class _LieRun:
    """Arrays for `liekernels.march`, grown as needed."""

    def __init__(self, name, field, t0, t1, base, spaces, side, params, tol, times, save):
        from robocalc.ode.groups import ROOM
        from robocalc.ode.liekernels import chart
        from robocalc.ode.native import address

        ready = plan(name)
        n, size = sum(s.speed for s in spaces), len(base)
        self.plan, self.field, self.spaces, self.times, self.t1, self.save = ready, field, spaces, times, t1, save
        self.scratch = np.zeros(size + n + ROOM)
        blocks = [v for s in spaces for v in (s.kind, s.speed)]
        end = [len(params), size, field.address, self.scratch.ctypes.data, len(spaces), side]
        self.p, self.m = np.concatenate([params, base, blocks, end]), len(params)
        self.base = self.p[self.m : self.m + size]
        self.addr = np.array([ready.step, ready.extra, address(chart), 0], dtype=np.int64)
        self.ctl, self.cnt, self.tol = ready.ctl.copy(), ready.cnt.copy(), tol
        self.ctl[lay.T], self.ctl[lay.T_END], self.ctl[lay.T_START] = t0, t1, t0
        self.ctl[lay.LO], self.ctl[lay.HI] = min(t0, t1), max(t0, t1)
        self.cnt[lay.N], self.cnt[lay.CONTROLLED], self.cnt[lay.SAVE] = n, n, save and times is None
        self.work = np.empty(n * (7 + ready.rows + ready.W.shape[1]) + size + ROOM)
        rows = 256 if self.cnt[lay.SAVE] else 0
        self.TS, self.YS = np.empty(rows), np.empty((rows, size))
        self.t_eval = np.zeros(0) if times is None else times
        self.EV = np.empty((len(self.t_eval), size))
        if rows:
            self.TS[0], self.YS[0], self.cnt[lay.ROW] = t0, base, 1
        if len(self.t_eval) and self.t_eval[0] == t0:
            self.EV[0], self.cnt[lay.NEXT_EVAL] = base, 1
        if not field.compiled:
            field.abort = self.cnt[lay.ABORT : lay.ABORT + 1]

    def bounds(self, step, first_step, max_step, min_step, max_steps):
        if step is not None:
            self.ctl[lay.FIXED] = positive("step", step)
        elif not self.plan.adaptive:
            raise InvalidInput(
                f"method {self.plan.name!r} has no error estimate: give step=, or use an adaptive method"
            )
        if first_step is not None:
            self.ctl[lay.H] = positive("first_step", first_step)
        self.ctl[lay.MAX_STEP], self.ctl[lay.MIN_STEP] = (
            positive("max_step", max_step),
            positive("min_step", min_step, True),
        )
        self.cnt[lay.MAX_STEPS] = int(positive("max_steps", max_steps))

    def solve(self) -> LieSolution:
        from robocalc.ode.liekernels import march

        while True:
            code = march(
                self.addr, self.ctl, self.cnt, self.work, self.p, self.tol, self.plan.W, self.plan.estimates,
                self.TS, self.YS, self.t_eval, self.EV,
            )  # fmt: skip
            self.field.raise_failure()
            if code != lay.FULL:
                break
            self.TS = np.concatenate([self.TS, np.empty_like(self.TS)])
            self.YS = np.concatenate([self.YS, np.empty_like(self.YS)])
        status = Status.FINISHED if code == lay.DONE else ENDED[code]
        if self.times is not None:
            count = self.cnt[lay.NEXT_EVAL]
            t, y = self.t_eval[:count], self.EV[:count]
        elif self.save:
            t, y = self.TS[: self.cnt[lay.ROW]].copy(), self.YS[: self.cnt[lay.ROW]].copy()
        else:
            t, y = self.ctl[lay.T : lay.T + 1].copy(), self.base.reshape(1, -1).copy()
        counters = Counters(int(self.cnt[lay.NFEV]), int(self.cnt[lay.ACCEPTED]), int(self.cnt[lay.REJECTED]))
        return LieSolution(t, y, self._blocks(y), status, self._message(status), counters, self.plan.name)

    def _blocks(self, y) -> tuple:
        edges = np.cumsum([0, *(s.size for s in self.spaces)])
        return tuple(y[:, a:b].reshape(-1, *s.shape) for s, a, b in zip(self.spaces, edges, edges[1:]))

    def _message(self, status) -> str:
        from types import SimpleNamespace

        from robocalc.ode.solving import explain

        if status.success:
            return status.value
        seen = SimpleNamespace(ctl=self.ctl, cnt=self.cnt, plan=self.plan, work=self.work, n=0)
        return explain(seen, status)
