"""`check --analysis`: what a scenario's controller does on its robot before anything runs."""

import numpy as np

from sims.cli.tables import finite, number

ABOUT = ("joint", "gain margin", "phase margin", "delay margin", "kd of its limit", "torque limit at an error of")


def analysed(scenario):
    """(Analysis, None) on the robot as the controller believes it, at the scenario's start; else (None, why not)."""
    from robocalc.control.analysis import analyse
    from robocalc.errors import InvalidInput
    from sims.build import believed_robot, start_of
    from sims.effects.estimator import law_latency

    sim, robot = scenario.sim, believed_robot(scenario)
    words = {"substeps": sim.control_every, "latency": law_latency(scenario)}
    try:
        q = start_of(scenario, robot)[0]
        return analyse(scenario.controller.design(), robot, sim.timestep * sim.control_every, q, **words), None
    except InvalidInput as error:
        return None, str(error)


def warnings_of(scenario, found) -> list:
    """What the analysis warns of, and what it leaves out."""
    left = "the poles are of the law on exact states; those of estimator {} come besides"
    return [*found.warnings, *([] if scenario.estimator is None else [left.format(scenario.estimator.type)])]


def rows(found) -> list:
    """ABOUT and one row of text a joint."""
    ratio = np.full(len(found.joints), np.nan) if found.damping_ratio_of_limit is None else found.damping_ratio_of_limit
    columns = (found.gain_margin, np.degrees(found.phase_margin), 1e3 * found.delay_margin, ratio, found.saturates_at)
    units = ("", " deg", " ms", "", "")
    return [ABOUT] + [
        (joint, *("-" if not np.isfinite(x) else number(float(x)) + unit for x, unit in zip(values, units)))
        for joint, values in zip(found.joints, np.array(columns).T)
    ]


def expected(scenario) -> tuple:
    """Sentences on the planned motion: torque that it needs and the drives do not have, or why it is not planned."""
    from robocalc.errors import RobocalcError
    from sims.build import believed_robot
    from sims.build_world import world_shapes
    from sims.drives import beyond
    from sims.run import planned

    try:
        robot = believed_robot(scenario)
        plan, _ = planned(scenario, robot, world_shapes(scenario))
    except RobocalcError as error:
        return (f"what the motion needs is not known: {error}",)
    if not plan.solved:
        return ("what the motion needs is not known: no plan was found",)
    return beyond(scenario, robot, plan.reference(scenario.sim.timestep))


def show_analysis(scenario):
    """Print poles, margins and warnings, of each robot, and what the planned motion lacks."""
    from sims.scenario.solo import called, solos

    for name, solo in solos(scenario):
        if scenario.partners:
            print(f"  {called(name)}: {solo.controller.type}")
        _show(solo)
    for warning in expected(scenario):
        print(f"  warning: {warning}")


def _show(scenario):
    from sims.cli.tables import columns

    found, why = analysed(scenario)
    if found is None:
        print(f"  no analysis: {why}")
        return
    columns(rows(found))
    slowest = ", ".join(f"{pole:.4g}" for pole in found.poles_s[:3])
    print(f"  {'stable' if found.stable else 'NOT STABLE'}: greatest pole {found.radius:.6g}; slowest [1/s] {slowest}")
    for warning in warnings_of(scenario, found):
        print(f"  warning: {warning}")


def analysis_json(scenario) -> dict:
    """The same as JSON; what is not finite is null. Of a scenario with partners by the robots' names."""
    from sims.scenario.solo import called, solos

    if scenario.partners:
        found = {called(name): _json(solo) for name, solo in solos(scenario)}
    else:
        found = _json(scenario)
    return found | {"expected": list(expected(scenario))}


def _json(scenario) -> dict:
    found, why = analysed(scenario)
    if found is None:
        return {"analysed": False, "why": why}
    arrays = ("gain_margin", "gain_reduction", "phase_margin", "delay_margin", "saturates_at", "damping_ratio_of_limit")
    values = {name: getattr(found, name) for name in arrays}
    return {
        "analysed": True,
        "stable": found.stable,
        "poles": [[pole.real, pole.imag] for pole in found.poles.tolist()],
        "joints": list(found.joints),
        **{name: None if x is None else [finite(value) for value in x] for name, x in values.items()},
        "unstabilised": list(found.unstabilised),
        "warnings": warnings_of(scenario, found),
    }
