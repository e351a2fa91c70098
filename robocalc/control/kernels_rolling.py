"""Laws of a wheeled base whose joints are x, y and yaw, compiled; importing this loads numba.

Both turn the error into a speed and a turn rate that the base can roll with, and track these by force and moment:

    F = m (v̇_ref + kv (v_c - v)),  M = I (ω̇_ref + kω (ω_c - ω)),  τ = (F cos ψ, F sin ψ, M)

An old measurement is carried to now at the speed it was taken with.
gains   row 0, columns below; of pure pursuit then points of the path, POINTS a row, each PERIOD seconds
"""

from math import atan2, cos, sin, sqrt

from robocalc.jit import njit

MASS, INERTIA, SPEED_RATE, TURN_RATE, LATE, LATERAL, ZETA, REST = range(8)
AHEAD, ALONG, PERIOD, LAST = LATERAL, ZETA, 8, 9  # of pure pursuit
WIDTH, POINTS = 10, 5


@njit
def rolled(gains, v_c, turn_c, yaw, v, ref, tau):
    """Torques that bring speed and turn rate to v_c and turn_c; ref holds what they do anyway."""
    g, c, s = gains[0], cos(yaw), sin(yaw)
    forward = cos(ref[2, 2]) * ref[4, 0] + sin(ref[2, 2]) * ref[4, 1]
    F = g[MASS] * (forward + g[SPEED_RATE] * (v_c - (c * v[0] + s * v[1])))
    tau[0], tau[1] = F * c + ref[5, 0], F * s + ref[5, 1]
    tau[2] = g[INERTIA] * (ref[4, 2] + g[TURN_RATE] * (turn_c - v[2])) + ref[5, 2]


@njit
def flatness(model, gains, memory, t, q, v, ref, tau):
    """v_c = v_r cos e_ψ + k e_x,  ω_c = ω_r + b v_r e_y sin(e_ψ)/e_ψ + k e_ψ,  k = 2 ζ √(ω_r² + b v_r² + k₀²)."""
    g, late = gains[0], gains[0, LATE]
    yaw = q[2] + late * v[2]
    dx, dy = ref[2, 0] - q[0] - late * v[0], ref[2, 1] - q[1] - late * v[1]
    ahead, left = cos(yaw) * dx + sin(yaw) * dy, cos(yaw) * dy - sin(yaw) * dx
    off = atan2(sin(ref[2, 2] - yaw), cos(ref[2, 2] - yaw))
    speed = cos(ref[2, 2]) * ref[3, 0] + sin(ref[2, 2]) * ref[3, 1]
    k = 2.0 * g[ZETA] * sqrt(ref[3, 2] ** 2 + g[LATERAL] * speed * speed + g[REST] ** 2)
    share = sin(off) / off if abs(off) > 1e-6 else 1.0
    turn_c = ref[3, 2] + g[LATERAL] * speed * left * share + k * off
    rolled(gains, speed * cos(off) + k * ahead, turn_c, yaw, v, ref, tau)


@njit
def pure_pursuit(model, gains, memory, t, q, v, ref, tau):
    """ω_c = v_c 2 y / L², y how far to the left the point of the path is that is L away; v_c = v_r + k e_x."""
    g, late, last = gains[0], gains[0, LATE], int(gains[0, LAST])
    yaw, x, y = q[2] + late * v[2], q[0] + late * v[0], q[1] + late * v[1]
    c, s, far = cos(yaw), sin(yaw), g[AHEAD] * g[AHEAD]
    i = min(int(t / g[PERIOD]), last)
    dx, dy = ref[2, 0] - x, ref[2, 1] - y
    along = c * dx + s * dy
    while dx * dx + dy * dy < far and i < last:
        i += 1
        row, column = 1 + i // POINTS, 2 * (i % POINTS)
        dx, dy = gains[row, column] - x, gains[row, column + 1] - y
    speed = cos(ref[2, 2]) * ref[3, 0] + sin(ref[2, 2]) * ref[3, 1] + g[ALONG] * along
    rolled(gains, speed, speed * 2.0 * (c * dy - s * dx) / max(far, dx * dx + dy * dy), yaw, v, ref, tau)
