"""Inverse kinematics, compiled: Levenberg-Marquardt steps with joint limits as an active set, seeded restarts.

    descend     one descent from one start
    refine      along the redundancy towards a posture, at the pose
    search      descents from the start, from near it, from anywhere
    follow      one descent a pose, each from the last

The residual is e = (p* - p, ℓ log(R* Rᵀ)) with a length ℓ that makes a radian comparable to a metre.
"""

import numpy as np

from robocalc.dynamics.kernels_frames import chain_jacobian, frame_pose, frames
from robocalc.dynamics.kernels_ldl import factor, substitute
from robocalc.jit import njit

LENGTH = 0.3  # ℓ [m/rad]
STEP = 0.6  # largest joint step [rad | m]: beyond, the linearisation means nothing
DAMPING = 1e-3  # first damping per squared residual
PULL = 1e-7  # weight of the posture: small, so that it acts in the null space alone
AT_BOUND = 1e-12
STALLED = 1e-9  # relative fall of the cost that no longer counts
# columns of `state`: the outcome of a descent or a search
POSITION, ROTATION, ITERATIONS, DESCENTS, STUCK = 0, 1, 2, 3, 4


@njit
def rotation_log(R, S, e):
    """log(R Sᵀ) [rad] into e (3,), for rotations R, S as nine numbers row by row."""
    q = np.empty(9)
    for i in range(3):
        for j in range(3):
            q[3 * i + j] = R[3 * i] * S[3 * j] + R[3 * i + 1] * S[3 * j + 1] + R[3 * i + 2] * S[3 * j + 2]
    x, y, z = (q[7] - q[5]) / 2, (q[2] - q[6]) / 2, (q[3] - q[1]) / 2
    s, c = np.sqrt(x * x + y * y + z * z), (q[0] + q[4] + q[8] - 1) / 2
    angle = np.arctan2(s, c)
    if s > 1e-6 or c > 0:
        k = angle / s if s > 1e-12 else 1.0
        e[0], e[1], e[2] = k * x, k * y, k * z
        return
    m = 0  # half a turn: the axis is in the symmetric part, its sign does not matter
    for k in range(1, 3):
        if q[4 * k] > q[4 * m]:
            m = k
    for k in range(3):
        e[k] = q[3 * m + k] + (1.0 if k == m else 0.0)
    k = angle / np.sqrt(e[0] * e[0] + e[1] * e[1] + e[2] * e[2])
    e[0], e[1], e[2] = k * e[0], k * e[1], k * e[2]


@njit
def residual(model, goal, body, offset, rows, q, e, state):
    """e (6,) at q, its errors [m], [rad] into `state`; returns half its square over the first `rows`."""
    X = np.empty(12)
    frames(model, q)
    frame_pose(model, body, offset, X)
    cost = 0.0
    for k in range(3):
        e[k] = goal[9 + k] - X[9 + k]
        cost += e[k] * e[k]
    state[POSITION], state[ROTATION] = np.sqrt(cost), 0.0
    if rows == 6:
        rotation_log(goal, X, e[3:])
        turn = e[3] * e[3] + e[4] * e[4] + e[5] * e[5]
        state[ROTATION] = np.sqrt(turn)
        cost += LENGTH * LENGTH * turn
        for k in range(3, 6):
            e[k] *= LENGTH
    return 0.5 * cost


@njit
def normal(model, body, offset, rows, q, e, J, A, g):
    """A = JᵀJ and g = Jᵀe of the residual, from the frames of the last q."""
    n = len(q)
    chain_jacobian(model, body, offset[9:], J)
    for k in range(3, 6):
        for i in range(n):
            J[k, i] *= LENGTH
    for i in range(n):
        s = 0.0
        for k in range(rows):
            s += J[k, i] * e[k]
        g[i] = s
        for j in range(i + 1):
            s = 0.0
            for k in range(rows):
                s += J[k, i] * J[k, j]
            A[i, j] = A[j, i] = s


@njit
def free_step(A, g, damping, q, lower, upper, L, step):
    """Minimise ½ dᵀ(A + λ 1)d - gᵀd over the joints that their limits leave free; returns whether any is."""
    n = len(q)
    held = np.zeros(n, np.bool_)
    for _ in range(n + 1):
        for i in range(n):
            step[i] = 0.0 if held[i] else g[i]
            for j in range(i + 1):
                L[i, j] = 0.0 if held[i] or held[j] else A[i, j]
            L[i, i] = 1.0 if held[i] else A[i, i] + damping
        factor(L)
        substitute(L, step)
        again = False
        for i in range(n):
            out = (q[i] <= lower[i] + AT_BOUND and step[i] < 0) or (q[i] >= upper[i] - AT_BOUND and step[i] > 0)
            if out and not held[i]:
                held[i] = again = True
        if not again:
            break
    return not held.all()


@njit
def move(q, step, lower, upper, to):
    """to = q + step, shortened to STEP and kept within limits; returns the largest joint change."""
    largest = 0.0
    for i in range(len(q)):
        largest = max(largest, abs(step[i]))
    scale = 1.0 if largest <= STEP else STEP / largest
    largest = 0.0
    for i in range(len(q)):
        to[i] = min(max(q[i] + scale * step[i], lower[i]), upper[i])
        largest = max(largest, abs(to[i] - q[i]))
    return largest


@njit
def descend(model, goal, body, offset, rows, lower, upper, tolerance, iterations, q, J, A, L, state):
    """Levenberg-Marquardt from q, in place; True where both errors end within tolerance (2,).

    After the tolerance is met one more step is taken: it costs a microsecond and squares the error.
    state[STUCK] says whether it ended in a place from where no step helps.
    """
    n = len(q)
    e, g, step, to = np.empty(6), np.empty(n), np.empty(n), np.empty(n)
    cost, scale = residual(model, goal, body, offset, rows, q, e, state), DAMPING
    position, turn = state[POSITION], state[ROTATION]
    met = position <= tolerance[0] and turn <= tolerance[1]
    state[STUCK] = 0.0
    for _ in range(iterations):
        state[ITERATIONS] += 1
        normal(model, body, offset, rows, q, e, J, A, g)
        better = False
        for _ in range(12):
            if not free_step(A, g, scale * cost + 1e-14, q, lower, upper, L, step):
                break
            if move(q, step, lower, upper, to) == 0.0:
                break
            new = residual(model, goal, body, offset, rows, to, e, state)
            if new < cost:
                better = True
                break
            scale *= 8.0
        if not better:
            residual(model, goal, body, offset, rows, q, e, state)
            state[STUCK] = 1.0
            return met
        fall = (cost - new) / cost
        cost = new
        q[:] = to
        position, turn = state[POSITION], state[ROTATION]
        if met:
            return True
        met = position <= tolerance[0] and turn <= tolerance[1]
        if not met and fall < STALLED:
            state[STUCK] = 1.0
            return False
        scale = max(scale / 6.0, 1e-4)
    return met


@njit
def refine(model, goal, body, offset, rows, lower, upper, tolerance, iterations, posture, q, J, A, L, state):
    """Move q along the redundancy as near to `posture` as pose and limits allow."""
    n = len(q)
    if n <= rows:
        return
    e, g, step, to, pull = np.empty(6), np.empty(n), np.empty(n), np.empty(n), np.empty(n)
    best = distance(q, posture)
    stride = 1.0
    residual(model, goal, body, offset, rows, q, e, state)
    for _ in range(iterations):
        normal(model, body, offset, rows, q, e, J, A, g)
        for i in range(n):
            pull[i] = g[i] + PULL * stride * (posture[i] - q[i])
        if not free_step(A, pull, PULL, q, lower, upper, L, step):
            break
        if move(q, step, lower, upper, to) < 1e-7:
            break
        state[ITERATIONS] += 1
        found = descend(model, goal, body, offset, rows, lower, upper, tolerance, 8, to, J, A, L, state)
        if not found or distance(to, posture) >= best * (1 - 1e-9):
            stride *= 0.3
        else:
            best = distance(to, posture)
            q[:] = to
        if stride < 0.02:
            break
        residual(model, goal, body, offset, rows, q, e, state)
    residual(model, goal, body, offset, rows, q, e, state)


@njit
def distance(q, posture):
    """Σ (q - posture)²."""
    s = 0.0
    for i in range(len(q)):
        s += (q[i] - posture[i]) ** 2
    return s


@njit
def draw(seed):
    """(next state, uniform number in [0, 1)) of a splitmix64 generator."""
    seed = np.uint64(seed + np.uint64(0x9E3779B97F4A7C15))
    z = seed
    z = np.uint64((z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9))
    z = np.uint64((z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB))
    z = z ^ (z >> np.uint64(31))
    return seed, np.float64(z >> np.uint64(11)) * 2.0**-53


@njit
def search(
    model, goal, body, offset, rows, lower, upper, tolerance, iterations, restarts, seed, posture, pull, q, state
):
    """Best configuration found, into q (which holds the start); True where the pose is reached.

    Descents start at q, then in a growing neighbourhood of it, then anywhere within limits (within ±π where a joint
    has none). pull: move along the redundancy towards `posture` (n,) afterwards.
    """
    n = len(q)
    J, A, L, x, start = np.empty((6, n)), np.empty((n, n)), np.empty((n, n)), q.copy(), q.copy()
    one = np.zeros(5)
    least = np.inf
    near = min(8, restarts // 4)
    for trial in range(restarts + 1):
        if trial > 0:
            for i in range(n):
                seed, u = draw(seed)
                low, high = max(lower[i], -np.pi), min(upper[i], np.pi)
                if low > high:
                    low, high = lower[i], upper[i]
                if trial <= near:
                    x[i] = min(max(start[i] + (u - 0.5) * 0.4 * trial, lower[i]), upper[i])
                else:
                    x[i] = low + u * (high - low)
        state[DESCENTS] += 1
        found = descend(model, goal, body, offset, rows, lower, upper, tolerance, iterations, x, J, A, L, one)
        miss = one[POSITION] ** 2 + (LENGTH * one[ROTATION]) ** 2
        if found or miss < least:
            least = miss
            q[:] = x
            state[POSITION], state[ROTATION], state[STUCK] = one[POSITION], one[ROTATION], one[STUCK]
        if found:
            if pull:
                refine(
                    model, goal, body, offset, rows, lower, upper, tolerance, 60, posture, q, J, A, L, one
                )  # fmt: skip
                state[POSITION], state[ROTATION] = one[POSITION], one[ROTATION]
            state[ITERATIONS] += one[ITERATIONS]
            return True
    state[ITERATIONS] += one[ITERATIONS]
    return False


@njit
def follow(model, goals, body, offset, rows, lower, upper, tolerance, iterations, jump, Q, errors):
    """Configurations Q (N, n) for goals (N, 12), each from the last; Q[0] holds the start.

    Returns the number of poses reached before one is missed, or is reached only by a jump of a joint beyond `jump`.
    errors (N, 2): [m], [rad].
    """
    n = Q.shape[1]
    J, A, L, state = np.empty((6, n)), np.empty((n, n)), np.empty((n, n)), np.zeros(5)
    for k in range(len(goals)):
        if k > 0:
            Q[k] = Q[k - 1]
        found = descend(model, goals[k], body, offset, rows, lower, upper, tolerance, iterations, Q[k], J, A, L, state)
        errors[k, 0], errors[k, 1] = state[POSITION], state[ROTATION]
        if not found:
            return k
        for i in range(n):
            if k > 0 and abs(Q[k, i] - Q[k - 1, i]) > jump:
                return k
    return len(goals)
