"""Payload, friction, inertias and delay of a robot from logged motion.

    identify   linear least squares as a start, then windows of simulation fitted by Gauss-Newton, then intervals

Bodies are fitted in log-Cholesky coordinates: whatever comes out, a body can have it.
"""

from dataclasses import replace
from pathlib import Path

import numpy as np

from robocalc.dynamics import Robot, load
from robocalc.dynamics.regressor import body_of, physical
from robocalc.errors import InvalidInput, UnknownName
from sims.build import believed_robot
from sims.learn.findings import SURE, Estimate, Identified
from sims.learn.linear import regress
from sims.learn.links import with_bodies
from sims.learn.recording import Recording, from_csv, from_run, of_run
from sims.learn.shooting import fit, windows_of
from sims.learn.smooth import EDGE, low_pass
from sims.learn.unknowns import BODY_SPREAD, WHAT, unknowns_of
from sims.result import Run
from sims.scenario.solo import only_one

SHORT = 0.5  # [s] of motion that nothing can be told from
STILL = 0.02  # [rad/s | m/s] a joint that never moves faster does not tell its friction
NO_LOAD, DOUBT = 1e-3, 3.0  # [kg] and standard deviations: below, there is no payload
UNSURE = 0.3  # of a value that its standard deviation may be, else the motion does not tell it
LEAST = 0.02  # of a joint's torque: friction that is known so well is known, however small
CENTRE, LATENESS = 0.03, 0.005  # [m] of a centre of mass and [s] of a delay, likewise


def identify(sources, *, robot=None, what=("payload", "friction"), scenario=None, link=None) -> Identified:
    """Fit the model of a robot to logged motion.

    sources    run folders, CSV files, Runs or Recordings of one robot; one or a list
    robot      its name, URDF or Robot, where the sources do not say
    scenario   the Scenario whose model is fitted; the first run's where None
    what       of payload (all of it, what is known already included), friction, inertia (of the links), delay
    link       that carries the payload; the scenario's, else the robot's tool
    raises     InvalidInput   another robot's log; too short, or a motion that does not tell what is asked for: by name
    """
    what = _kinds(what)
    sources = [sources] if isinstance(sources, str | Path | Run | Recording) else list(sources)
    if not sources:
        raise InvalidInput("identify needs at least one run folder or CSV file")
    base, scenario, link, recordings = _gathered(sources, robot, scenario, what, link)
    believed, delay = np.array(base.friction, float), scenario.sensors.latency if scenario else 0.0
    names = _asked(what, base)
    _long_enough(recordings, names)
    first = regress(base, recordings, what, link, believed, delay)
    if first.top.max() < STILL:
        raise InvalidInput(
            f"the robot stands nearly still (at most {first.top.max():.2g} rad/s): that does not tell "
            f"{', '.join(names)}; move each joint at 0.1 rad/s or more"
        )
    loaded = "payload" in what and first.mass > max(NO_LOAD, DOUBT * first.mass_sd)
    moving = first.top >= STILL
    resistance = np.where(moving, first.resistance, believed)
    guess = (first.mass, first.com) if loaded else None
    unknowns = unknowns_of(base, guess, resistance, first.delay, what, link)
    unknowns.free[-2 * base.n - 1 : -1] &= np.tile(moving, 2)
    windows = windows_of(unknowns, recordings)
    if not windows:
        raise InvalidInput(f"the log is too short to tell {', '.join(names)}: it needs {SHORT:g} s of motion at least")
    found = fit(unknowns, windows, _noise(recordings)) if unknowns.free.any() else None
    return _reported(base, scenario, what, link, first, found, moving, believed, delay)


def _kinds(what):
    kinds = tuple(what.replace(" ", "").split(",")) if isinstance(what, str) else tuple(what)
    for kind in kinds:
        if kind not in WHAT:
            raise UnknownName("kind of parameter", kind, WHAT)
    if not kinds:
        raise InvalidInput(f"nothing to identify; say what: {', '.join(WHAT)}")
    return tuple(dict.fromkeys(kinds))


def _gathered(sources, robot, scenario, what, link):
    """(robot without what is unknown, scenario or None, link of the payload, recordings)."""
    runs = [_run(s) for s in sources if not _is_csv(s)]
    scenario = scenario or next((r.scenario for r in runs if r.scenario is not None), None)
    if robot is None and scenario is None:
        raise InvalidInput("whose log is it? name the robot or the scenario")
    named = None if robot is None else _named(robot)
    if scenario is not None:
        only_one(scenario, "identification")
        link = link or scenario.robot.payload.link
        base = _bare(scenario, what)
        if named is not None and named.tree.source != base.tree.source:
            raise InvalidInput(f"the run is of {base.name}, not of {named.name}: a log of another robot tells nothing")
    else:
        base = named
    for run in runs:
        other = base if run.scenario is None else _bare(run.scenario, what)
        if other.tree.source != base.tree.source or run.q.shape[1] != base.n:
            whose = other.name if other.tree.source != base.tree.source else f"a robot of {run.q.shape[1]} joints"
            raise InvalidInput(f"{run.name} is a log of {whose}, not of {base.name}: one robot at a time")
    tables = [from_csv(s, base.joints) for s in sources if _is_csv(s)]
    return base, scenario, link, [*runs, *tables]


def _is_csv(source):
    return (
        isinstance(source, str | Path) and not Path(source).is_dir() and Path(source).suffix.lower() in (".csv", ".txt")
    )


def _run(source):
    if isinstance(source, Recording):
        return source
    return of_run(source) if isinstance(source, Run) else from_run(source)


def _named(robot) -> Robot:
    if isinstance(robot, Robot):
        return robot
    return Robot.from_urdf(robot) if str(robot).endswith(".urdf") else load(str(robot))


def _bare(scenario, what) -> Robot:
    """The scenario's robot with its own tool, and without a payload that is to be found."""
    spec = scenario.robot
    changes = {"tool": None} | ({"payload": type(spec.payload)()} if "payload" in what else {})
    return believed_robot(scenario.model_copy(update={"robot": spec.model_copy(update=changes)}))


def _asked(what, robot):
    """Names of all that is asked for."""
    words = {
        "payload": ["payload.mass", "payload.com"],
        "friction": [f"friction of {joint}" for joint in robot.joints],
        "inertia": ["the links' inertias"],
        "delay": ["delay"],
    }
    return [word for kind in what for word in words[kind]]


def _long_enough(recordings, names):
    total = sum(max(0.0, r.duration - 2 * EDGE) for r in recordings)
    if total < SHORT - 2 * EDGE or min(len(r.q) for r in recordings) < 30:
        short = min(r.duration for r in recordings)
        raise InvalidInput(f"{short:.3g} s of motion is too short to tell {', '.join(names)}: log {SHORT:g} s or more")


def _noise(recordings):
    """(n,) of the encoders, from what no arm moves like; a first guess."""
    rest = np.concatenate([r.q - low_pass(r.q, r.dt) for r in recordings])
    return np.maximum(1.4826 * np.median(np.abs(rest), axis=0), 1e-9)


# the report ---------------------------------------------------------------------------------------------------------


def _reported(base, scenario, what, link, first, found, moving, believed, delay):
    notes, estimates, payload, fitted = [], [], None, base
    x = found.unknowns if found else None
    sd = np.sqrt(np.maximum(np.diag(found.covariance), 0)) if found else None
    loaded = x is not None and len(x.x) > len(x.replaced)
    at, n = (len(sd) - 2 * base.n - 1 if found else 0), base.n
    if "payload" in what:
        old = scenario.robot.payload if scenario else None
        payload, rows, told = _payload(x.x[0] if loaded else None, sd[:10] if loaded else None, first, old, link)
        estimates, notes = [*estimates, *rows], [*notes, *told]
    friction = (
        x.resistance if "friction" in what and x is not None else first.resistance if "friction" in what else believed
    )
    if "friction" in what:
        friction = np.where(moving, friction, believed)
        estimates += _friction(base, friction, sd[at:-1].reshape(2, n), first.top, moving, believed)
        if not moving.all():
            still = ", ".join(j for j, m in zip(base.joints, moving, strict=True) if not m)
            notes.append(
                f"friction of {still} is left as believed: these joints never move faster than {STILL:g} rad/s"
            )
    if "inertia" in what:
        bodies = x.x[int(loaded) :]
        fitted = with_bodies(base, [physical(b) for b in bodies])
        estimates += _bodies(base, bodies, sd[10 * int(loaded) : at].reshape(-1, 10))
    lag = x.delay if "delay" in what else delay
    if "delay" in what:
        half = SURE * sd[-1]
        estimates.append(Estimate("delay", lag, max(0.0, lag - half), lag + half, "s", delay, sd[-1] < LATENESS))
    made = Identified(
        base.name, what, payload, friction, lag, tuple(estimates), tuple(notes), found.sigma if found else None, fitted
    )
    return _told(made)


def _told(made):
    """Refused where the motion tells nothing of a kind asked for; else with a note of what it does not tell."""
    for kind in made.what:
        mine = [e for e in made.estimates if e.name.startswith(_HEADS[kind])]
        if mine and not any(e.known for e in mine):
            raise InvalidInput(
                f"the motion does not tell {', '.join(e.name for e in mine)}: move more of the joints, faster and with "
                "turns back, or leave it out of what is asked for"
            )
    if made.unidentified:
        note = f"not told by this motion, and left as believed or guessed: {', '.join(made.unidentified)}"
        return replace(made, notes=(*made.notes, note))
    return made


_HEADS = {"payload": "payload", "friction": "friction", "inertia": "mass of", "delay": "delay"}


def _payload(x, sd, first, old, link):
    """(payload, estimates, notes)."""
    kept = {"mass": 0.0, "com": (0.0, 0.0, 0.0), "inertia": (0.0,) * 6, "link": link}
    was, centre = (old.mass, old.com) if old else (0.0, (0.0, 0.0, 0.0))
    if x is None:
        notes = []
        if first.mass < -DOUBT * first.mass_sd - NO_LOAD:
            notes = [f"the model is {-first.mass:.3g} kg too heavy without any payload: `inertia` may fit its links"]
        known = first.mass_sd < 0.1 * max(1.0, abs(first.mass))
        high = max(0.0, first.mass) + SURE * first.mass_sd
        return kept, [Estimate("payload.mass", 0.0, 0.0, high, "kg", was, known)], notes
    mass, com, J = body_of(physical(x))
    spread = 2 * SURE * sd[0]
    rows = [
        Estimate("payload.mass", mass, mass * np.exp(-spread), mass * np.exp(spread), "kg", was, 2 * sd[0] < UNSURE)
    ]
    for axis, c, s, old_c in zip("xyz", com, sd[7:10], centre, strict=True):
        rows.append(Estimate(f"payload.com.{axis}", c, c - SURE * s, c + SURE * s, "m", old_c, s < CENTRE))
    notes = []
    if max(sd[1:4]) > UNSURE:
        notes.append("the payload's inertia is hardly told by this motion: it is near that of a ball of its mass")
    six = tuple(float(J[i, j]) for i, j in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2)))
    return {"mass": mass, "com": tuple(com.tolist()), "inertia": six, "link": link}, rows, notes


def _friction(robot, friction, sd, top, moving, believed):
    rows = []
    for kind, unit, k in (("viscous", "N m s/rad", 0), ("coulomb", "N m", 1)):
        for i, joint in enumerate(robot.joints):
            value, s = float(friction[k, i]), float(sd[k, i])
            scale = top[i] if k == 0 else 1.0
            whole = friction[0, i] * top[i] + friction[1, i]
            known = bool(moving[i]) and s * scale <= max(UNSURE * whole, 1e-3)
            low, high = max(0.0, value - SURE * s), value + SURE * s
            rows.append(Estimate(f"friction.{kind}.{joint}", value, low, high, unit, float(believed[k, i]), known))
    return rows


def _bodies(robot, bodies, sd):
    from robocalc.dynamics.regressor import parameters

    rows = []
    for joint, x, s, old in zip(robot.joints, bodies, sd, parameters(robot), strict=True):
        mass, spread = float(np.exp(2 * x[0])), 2 * SURE * s[0]
        told = bool(s[0] < 0.9 * BODY_SPREAD[0])
        low, high = mass * np.exp(-spread), mass * np.exp(spread)
        rows.append(Estimate(f"mass of what {joint} carries", mass, low, high, "kg", float(old[0]), told))
    return rows
