"""Names of the figures of a run, with unit and meaning: what `accept:` may bound.

METRIC_NAMES     name -> (unit, one line)
OBJECT_METRICS   object.<name>.SUFFIX -> (unit, one line), for each thing with mass
TEAM_METRICS     likewise of scenarios with partners
OF_ROBOTS        beginnings of the figures that each partner has for itself, as <partner>.NAME
"""

METRIC_NAMES = {
    "tracking.joint_rms_deg": ("deg", "joint error, root mean square over time and joints"),
    "tracking.joint_rms_rad": ("rad", "the same in rad"),
    "tracking.joint_max_deg": ("deg", "largest joint error of any joint at any time"),
    "tracking.joint_final_deg": ("deg", "largest joint error at the end"),
    "tracking.tcp_rms_mm": ("mm", "distance of tool point to its reference, root mean square over time"),
    "tracking.tcp_max_mm": ("mm", "largest distance of tool point to its reference"),
    "tracking.tcp_final_mm": ("mm", "distance of tool point to its reference at the end"),
    "tracking.tcp_rotation_max_deg": ("deg", "largest angle between tool frame and its reference"),
    "settling.time_s": (
        "s",
        "time after the end of the last move until all joints stay within 2 % of their range of motion",
    ),
    "overshoot.max_percent": ("%", "largest overshoot of a joint beyond a move's reference, of that joint's travel"),
    "effort.integral": ("N^2 m^2 s", "integral of the squared torques, summed over joints"),
    "torque.rate_rms": ("N m/s", "rate of the applied torque, root mean square over time and joints"),
    "torque.max": ("N m", "largest applied torque of any joint"),
    "torque.saturated_fraction": ("-", "share of time in which any joint's applied torque is not the wanted one"),
    "smoothness.jerk_squared": (
        "rad^2/s^5",
        "integral of the squared joint jerk of the executed motion, summed over joints",
    ),
    "smoothness.planned_jerk_squared": ("rad^2/s^5", "the same of the planned motion"),
    "clearance.planned_min_mm": ("mm", "smallest distance between robot and world on the planned motion"),
    "clearance.min_mm": ("mm", "smallest distance between robot and world as executed, intended contacts left out"),
    "contact.max_force_n": ("N", "largest sum of normal forces on the robot"),
    "contact.unintended_force_n": ("N", "largest sum of normal forces from what the robot should not touch"),
    "energy.mechanical_j": ("J", "work that the joints do and absorb: integral of the absolute mechanical power"),
    "energy.electrical_j": ("J", "drawn by the drives, copper losses and idle power included: see robot.motors"),
    "power.peak_w": ("W", "largest electrical power of all drives together"),
    "wear.full_load_rad": ("rad", "travel weighted with the cube of the load: as much at full torque wears the same"),
    "wear.reversals": ("-", "changes of sign of the joint torques, all joints together"),
    "cost.per_cycle": ("prices.currency", "energy, machine time and wear at the scenario's prices"),
    "payload.mass_kg": ("kg", "payload beyond the model's that controller `adaptive` has found"),
    "payload.mass_std_kg": ("kg", "its standard deviation, as the controller has it"),
    "load.swing_max_deg": ("deg", "largest angle of a rope, on which a load hangs, from the vertical"),
    "load.swing_deg": ("deg", "the same after the end of the last move: what it leaves behind"),
    "estimate.position_rms_rad": (
        "rad",
        "error of the estimated positions, root mean square over control instants and joints",
    ),
    "estimate.velocity_rms": ("rad/s", "the same of the estimated velocities"),
    "estimate.inside_95_fraction": (
        "-",
        "share of these errors inside the 95 % band that the estimator believes: 0.95 where it is honest",
    ),
    "estimate.nees": ("-", "mean of these errors squared in units of the variance believed: 1 where it is honest"),
    "grasp.slip_mm": ("mm", "largest shift of a held object in the hand"),
    "limits.violations": (
        "-",
        "joints whose position or velocity leaves its limits anywhere, each counted once; fingers have stops",
    ),
    "wrench.force_max_n": ("N", "largest force that sensors.force_torque read"),
    "wrench.force_rms_n": ("N", "the same, root mean square over time"),
    "wrench.torque_max_nm": ("N m", "largest torque that sensors.force_torque read"),
    "wrench.torque_rms_nm": ("N m", "the same, root mean square over time"),
    "replanning.count": ("-", "how often the motion was planned again during the run"),
    "replanning.reaction_max_s": (
        "s",
        "longest time from a joint beyond sim.planner_tolerance to the motion planned anew, simulated time",
    ),
    "state.final_max_deg": ("deg", "largest distance of any joint from home at the end"),
    "time.total_s": ("s", "simulated time"),
    "time.planned_s": ("s", "duration of the planned motion"),
    "time.real_time_factor": ("-", "simulated time by time that the simulation took"),
}

OBJECT_METRICS = {
    "final_error_mm": ("mm", "distance of the object to where the last release meant to leave it, at the end"),
    "moved_mm": ("mm", "distance of the object to where it was at the start, at the end"),
}


TEAM_METRICS = {
    "clearance.robots_min_mm": ("mm", "smallest distance between two robots as executed"),
    "clearance.robots_planned_min_mm": ("mm", "the same on the planned motions"),
}
OF_ROBOTS = ("tracking.", "settling.", "overshoot.", "effort.", "torque.", "energy.mechanical", "smoothness.jerk")


def metric_names(objects=(), partners=()) -> dict:
    """METRIC_NAMES with those of each object and of each partner, by its name."""
    partners = tuple(partners)
    of_objects = {f"object.{name}.{suffix}": about for name in objects for suffix, about in OBJECT_METRICS.items()}
    own = {name: about for name, about in METRIC_NAMES.items() if name.startswith(OF_ROBOTS)}
    own = {f"{partner}.{name}": about for partner in partners for name, about in own.items()}
    return {**METRIC_NAMES, **(TEAM_METRICS if partners else {}), **own, **of_objects}
