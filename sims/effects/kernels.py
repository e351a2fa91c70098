"""The effects, compiled; importing this loads numba. k counts physics steps, t = k dt.

    begin     clears what the effects remember
    sense     what the sensors tell the law, and the reference at the same instant
    drive     the torque that reaches the joints: wanted, within limits, after a lag and through an elastic gear;
              of a robot with thrusters, what these can give
    resist    friction of joints and tyres, ripple, pushes, air and loads on ropes

A measurement is the true state of the stamp t - latency (between steps, linear), plus noise, rounded to the sensor's
resolution; the velocity then passes the filter. The law's reference of the stamp takes the same way but for noise and
rounding, so that latency and filter cost an exact model nothing.
"""

from math import floor, sqrt

from robocalc.control.friction import friction
from robocalc.dynamics.kernels_actuation import actuation, allocate, tyre_force
from robocalc.dynamics.kernels_frames import P, frames, point_jacobian
from robocalc.jit import njit
from sims.effects.arrays import (
    AIR,
    BEGIN,
    COULOMB,
    DAMPING,
    DELAY,
    DOWN,
    DT,
    END,
    FORCE,
    GAP,
    LAG,
    LAG_INPUTS,
    LAGGED,
    LENGTH,
    LOAD,
    PLACE,
    POINT,
    PULL,
    Q_MOTOR,
    Q_NOISE,
    Q_STEP,
    R_LAST,
    RIPPLE,
    ROPE_DAMPING,
    ROTOR,
    SMOOTH,
    SPEED,
    STIFFNESS,
    STOP,
    TAU_MAX,
    TAU_MIN,
    TINY,
    V_LAST,
    V_MOTOR,
    V_NOISE,
    V_REF_SMOOTH,
    V_SMOOTH,
    V_STEP,
    VISCOUS,
    WHOLE,
)
from sims.log import CHANNEL_INDEX

TAU, TAU_WORLD = CHANNEL_INDEX["tau"], CHANNEL_INDEX["tau_world"]


@njit
def begin(effects, log, reference):
    """At step 0: nothing resisted yet, and the filters are settled."""
    for i in range(log.shape[2]):
        effects.memory[V_LAST, i] = log[0, 1, i]
        effects.memory[R_LAST, i] = 0.0
        effects.memory[V_SMOOTH, i] = log[0, 1, i]
        effects.memory[V_REF_SMOOTH, i] = reference[0, 1, i]


@njit
def settled(x):
    """x, or 0 where x is so small that its square would be no normal number: those cost a hundred times as much."""
    return 0.0 if abs(x) < TINY else x


@njit
def nearest(x, step):
    """x rounded to a multiple of step; step 0: x."""
    return step * floor(x / step + 0.5) if step > 0.0 else x


@njit
def sense(k, effects, log, reference, q, v, ref):
    """Measurement of step k into q, v (n,), reference at its stamp into ref[0], ref[1]; the log has the true q, v."""
    joint, memory, noise = effects.joint, effects.memory, effects.noise
    stamp = max(k - effects.timing[DELAY], 0.0)
    j = int(stamp)
    f = stamp - j
    j_next = j + 1 if f > 0.0 else j
    for i in range(len(q)):
        q[i] = log[j, 0, i] + f * (log[j_next, 0, i] - log[j, 0, i])
        v[i] = log[j, 1, i] + f * (log[j_next, 1, i] - log[j, 1, i])
        ref[0, i] = reference[j, 0, i] + f * (reference[j_next, 0, i] - reference[j, 0, i])
        ref[1, i] = reference[j, 1, i] + f * (reference[j_next, 1, i] - reference[j, 1, i])
        if len(noise) > 0:
            q[i] += noise[k, Q_NOISE, i]
            v[i] += noise[k, V_NOISE, i]
        q[i] = nearest(q[i], joint[Q_STEP, i])
        v[i] = nearest(v[i], joint[V_STEP, i])
        if joint[SMOOTH, i] < 1.0:
            memory[V_SMOOTH, i] += joint[SMOOTH, i] * (v[i] - memory[V_SMOOTH, i])
            memory[V_REF_SMOOTH, i] += joint[SMOOTH, i] * (ref[1, i] - memory[V_REF_SMOOTH, i])
            v[i], ref[1, i] = settled(memory[V_SMOOTH, i]), settled(memory[V_REF_SMOOTH, i])
            memory[V_SMOOTH, i], memory[V_REF_SMOOTH, i] = v[i], ref[1, i]


@njit
def drive(k, effects, model, q, wanted, J, log):
    """Row TAU of the log: wanted within the drives' limits; a NaN stays one. J (6, n) scratch."""
    if len(effects.inputs) > 0:
        thrust(effects, model, q, wanted, J, log[k, TAU])
        if effects.timing[LAG_INPUTS] < 1.0:
            lag_inputs(k, effects, log[k, TAU])
        return
    joint, memory = effects.joint, effects.memory
    for i in range(len(wanted)):
        low, high = joint[TAU_MIN, i], joint[TAU_MAX, i]
        tau = high if wanted[i] > high else low if wanted[i] < low else wanted[i]
        if joint[LAG, i] < 1.0:
            memory[LAGGED, i] = (
                tau if k == 0 else settled(memory[LAGGED, i] + joint[LAG, i] * (tau - memory[LAGGED, i]))
            )
            tau = memory[LAGGED, i]
        log[k, TAU, i] = through_gear(k, i, effects, q[i], log[k, 1, i], tau) if joint[STIFFNESS, i] > 0.0 else tau


@njit
def through_gear(k, i, effects, q, v, tau):
    """The torque that joint i gets where tau turns its motor, which is moved on by a step:

        x = θ - q,  τ = K (x - clip(x, ±gap/2)) + D (θ̇ - v), never pulling back across a gap;  J θ̈ = tau - τ

    At step 0 the gear is wound up by what the motor gives then, and the motor as fast as the joint.
    Source: Spong (1987), Modeling and control of elastic joint robots; the gap: Nordin & Gutman (2002), section 2.
    """
    joint, memory = effects.joint, effects.memory
    stiffness, half = joint[STIFFNESS, i], 0.5 * joint[GAP, i]
    if k == 0:
        side = half if tau > 0.0 else -half if tau < 0.0 else 0.0
        memory[Q_MOTOR, i], memory[V_MOTOR, i] = q + side + tau / stiffness, v
    x = memory[Q_MOTOR, i] - q
    wound = x - half if x > half else x + half if x < -half else 0.0
    given = 0.0
    if wound != 0.0 or half == 0.0:
        given = stiffness * wound + joint[DAMPING, i] * (memory[V_MOTOR, i] - v)
        if half > 0.0 and given * wound < 0.0:
            given = 0.0
    memory[V_MOTOR, i] += effects.timing[DT] * (tau - given) / joint[ROTOR, i]
    memory[Q_MOTOR, i] += effects.timing[DT] * memory[V_MOTOR, i]
    return given


@njit
def lag_inputs(k, effects, tau):
    """tau = B u, u after the lag of rotors and wheels; after `thrust`, which leaves B and what is asked of them."""
    n, m, mix = len(tau), len(effects.inputs), effects.mix
    asked, given = mix[n + m + 2], mix[n + m + 3]
    for j in range(m):
        given[j] = asked[j] if k == 0 else given[j] + effects.timing[LAG_INPUTS] * (asked[j] - given[j])
    for i in range(n):
        tau[i] = 0.0
        for j in range(m):
            tau[i] += mix[i, j] * given[j]


@njit
def thrust(effects, model, q, wanted, J, tau):
    """tau = B(q) u, u the inputs within their limits that come nearest to wanted."""
    n, m, mix = len(q), len(effects.inputs), effects.mix
    B, work, u = mix[:n, :m], mix[n : n + m + 2], mix[n + m + 2, :m]
    actuation(model, q, effects.inputs, J, B)
    for i in range(n):
        tau[i] = wanted[i]
    allocate(B, effects.inputs, tau, work, u)


@njit
def resist(k, effects, model, q, v, J, log):
    """Row TAU_WORLD of the log: friction at the true v, ripple, tyres, pushes and air as Jᵀ f; J (6, n) scratch."""
    joint, memory = effects.joint, effects.memory
    for i in range(len(q)):
        r = friction(joint[VISCOUS, i], joint[COULOMB, i], joint[STOP, i], v[i], memory[V_LAST, i], memory[R_LAST, i])
        memory[V_LAST, i], memory[R_LAST, i] = v[i], r
        log[k, TAU_WORLD, i] = -r
        if len(effects.noise) > 0:
            log[k, TAU_WORLD, i] += effects.noise[k, RIPPLE, i]
    if len(effects.tyres) > 0:
        frames(model, q)
        for w in range(len(effects.tyres)):
            tyre_force(model, q, v, effects.tyres[w], J, log[k, TAU_WORLD])
    dt = effects.timing[DT]
    for p in range(len(effects.push)):
        share = (min(effects.push[p, END], (k + 1) * dt) - max(effects.push[p, BEGIN], k * dt)) / dt
        if share > WHOLE:
            add_push(share, effects, p, model, q, J, log[k, TAU_WORLD])
    for r in range(len(effects.rope)):
        add_rope(k, dt, effects.rope_body[r], effects.rope[r], model, q, v, J, log[k, TAU_WORLD])
    for d in range(len(effects.drag)):
        add_air(k, d, effects, model, q, v, J, log[k, TAU_WORLD])


@njit
def add_air(k, d, effects, model, q, v, J, tau):
    """τ += Jᵀ f of drag d, f = ½ ρ c A |w - u| (w - u), w the wind and u = J v the velocity of its point."""
    point_jacobian(model, q, effects.drag_body[d], effects.drag[d, POINT : POINT + 3], J)
    x, y, z = (effects.wind[k, 0], effects.wind[k, 1], effects.wind[k, 2]) if len(effects.wind) > 0 else (0.0, 0.0, 0.0)
    for i in range(len(q)):
        x, y, z = x - J[0, i] * v[i], y - J[1, i] * v[i], z - J[2, i] * v[i]
    size = effects.drag[d, AIR] * sqrt(x * x + y * y + z * z)
    for i in range(len(q)):
        tau[i] += size * (J[0, i] * x + J[1, i] * y + J[2, i] * z)


@njit
def add_rope(k, dt, body, rope, model, q, v, J, tau):
    """τ += Jᵀ f of a rope (16,), whose load is moved on by a step; at step 0 it hangs below its point and goes with it.

    d = load - point, f = max(0, K (|d| - L) + D d·ḋ/|d|) d/|d| where |d| > L, else 0;   m ẍ = m g - f
    """
    point_jacobian(model, q, body, rope[POINT : POINT + 3], J)
    turn, length = model.work[body + 1], rope[LENGTH]
    if k == 0:
        weight = sqrt(rope[DOWN] ** 2 + rope[DOWN + 1] ** 2 + rope[DOWN + 2] ** 2)
        hangs = (length + rope[LOAD] * weight / rope[PULL]) / weight if weight > 0.0 else 0.0
        for a in range(3):
            at = turn[P + a] + turn[3 * a] * rope[0] + turn[3 * a + 1] * rope[1] + turn[3 * a + 2] * rope[2]
            rope[PLACE + a], rope[SPEED + a] = at + hangs * rope[DOWN + a], 0.0
            for i in range(len(q)):
                rope[SPEED + a] += J[a, i] * v[i]
    size = along = 0.0
    for a in range(3):
        at = turn[P + a] + turn[3 * a] * rope[0] + turn[3 * a + 1] * rope[1] + turn[3 * a + 2] * rope[2]
        d, rate = rope[PLACE + a] - at, rope[SPEED + a]
        for i in range(len(q)):
            rate -= J[a, i] * v[i]
        size += d * d
        along += d * rate
    size = sqrt(size)
    pull = max(0.0, rope[PULL] * (size - length) + rope[ROPE_DAMPING] * along / size) if size > length else 0.0
    for a in range(3):
        at = turn[P + a] + turn[3 * a] * rope[0] + turn[3 * a + 1] * rope[1] + turn[3 * a + 2] * rope[2]
        f = pull * (rope[PLACE + a] - at) / size if pull > 0.0 else 0.0
        for i in range(len(q)):
            tau[i] += J[a, i] * f
        rope[SPEED + a] += dt * (rope[DOWN + a] - f / rope[LOAD])
        rope[PLACE + a] += dt * rope[SPEED + a]


@njit
def add_push(share, effects, p, model, q, J, tau):
    """τ += Jᵀ f of push p, times the share of the step that it lasts."""
    point_jacobian(model, q, effects.push_body[p], effects.push[p, POINT : POINT + 3], J)
    for i in range(len(q)):
        for axis in range(3):
            tau[i] += share * J[axis, i] * effects.push[p, FORCE + axis]
