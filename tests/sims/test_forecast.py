"""A loop is refused when it diverges, and only then: against runs of the loop itself."""

import numpy as np
import pytest

from robocalc.control import ESTIMATORS, analyse, damping_limit
from robocalc.dynamics import load
from robocalc.errors import InvalidInput, Unstable
from sims import Scenario, run
from sims.batch import Quick, sweep
from sims.build import believed_robot, true_robot
from sims.cli.analysis import analysis_json
from sims.cli.guard import exit_code
from sims.forecast import beyond, unstable
from sims.plan import plan_task


def scenario(robot="panda", controller=None, sim=(), **more):
    base = {
        "format": "robocalc/1",
        "name": "forecast",
        "robot": robot if isinstance(robot, dict) else {"model": robot},
        "sim": {"engine": "twin"} | dict(sim),
        "task": [{"do": "wait", "duration": 0.6}],
        "controller": controller or {"type": "pd", "kp": 100, "kd": 50},
    }
    return Scenario.of(base | more)


def test_an_unstable_design_is_refused_with_poles_joint_and_a_gain_that_is_stable(tmp_path):
    with pytest.raises(Unstable) as caught:
        run(scenario(), out=tmp_path / "run")
    told = str(caught.value)
    assert caught.value.exit_code == 2
    assert "joint 7 (panda_joint7)" in told
    assert "sim.force_unstable" in told
    robot = load("panda")
    pole = analyse(scenario().controller.design(), robot, 1e-3).poles[0].real
    assert f"pole {pole:.4g} outside" in told
    most = float(told.partition("kd at most ")[2].partition(";")[0])
    assert most > damping_limit(robot, robot.home, 1e-3)[6]  # which is safe for all joints at once
    kept = [analyse(type(scenario().controller.design())(100.0, k * most), robot, 1e-3).stable for k in (0.99, 1.02)]
    assert kept == [True, False]
    assert not (tmp_path / "run").exists()


def test_forced_it_runs_and_says_so_and_is_data_in_a_sweep(tmp_path):
    made = run(scenario(sim={"force_unstable": True}))
    assert made.verdict == "diverged"
    assert "outside the unit circle" in made.why
    assert made.warnings[0].startswith("forced: controller pd is unstable")
    table = sweep(scenario(), over={"controller.kd": [5.0, 50.0]}, out=tmp_path / "s", workers=0, plots=False)
    assert list(table["verdict"]) == ["accepted", "diverged"]
    assert "outside the unit circle, of joint 7" in table["why"][1]
    assert Quick()(scenario()).log is not None


def test_the_command_line_refuses_with_2_and_forces_with_4(tmp_path, monkeypatch, capsys):
    monkeypatch.chdir(tmp_path)
    scenario().save("s.yaml")
    assert exit_code(["run", "s.yaml", "--no-plots", "--no-report"]) == 2
    assert capsys.readouterr().err.startswith("robocalc: controller pd is unstable with a period of 1 ms: pole -6.7")
    assert exit_code(["run", "s.yaml", "--no-plots", "--no-report", "--force"]) == 4
    assert exit_code(["check", "s.yaml", "--run", "--workers", "0"]) == 2
    assert "invalid    s.yaml: controller pd is unstable" in capsys.readouterr().out


@pytest.mark.parametrize("robot", ["panda", "iiwa", "two_link", "xarm6"])
@pytest.mark.parametrize("every", [1, 4])
def test_what_is_refused_diverges_and_what_is_stable_is_not_refused(robot, every):
    """Damping as a share of what the period bears, by the eigenvalues of M⁻¹ kd, from well inside to well outside."""
    arm = load(robot)
    M, period = arm.mass_matrix(arm.home), 1e-3 * every
    for share, late in ((0.3, 0.0), (0.9, 0.0), (1.15, 0.0), (3.0, 0.0), (0.02, 4e-3), (1.0, 4e-3)):
        kd = np.diag(M) * share * 2.0 / period
        kd /= np.linalg.eigvals(np.linalg.solve(M, np.diag(np.diag(M)))).real.max()  # greatest of M⁻¹ kd: share 2 / T
        law = {"type": "pd", "kp": (5 * kd).tolist(), "kd": kd.tolist()}
        made = scenario(robot, law, {"control_rate": 1e3 / every}, sensors={"latency": late})
        steady = analyse(made.controller.design(), arm, period, substeps=every, latency=late).stable
        refused = refuses(made)
        assert not (steady and refused), (share, late)
        if refused:
            assert leaves(made), (share, late)
        elif share > 1.0:
            assert not leaves(made), (share, late)


def refuses(made) -> bool:
    try:
        run(made)
    except Unstable:
        return True
    return False


def leaves(made) -> bool:
    """Whether a push of 20 ms ends in divergence, or far from rest."""
    push = {"type": "push", "link": arm_tip(made), "force": [2.0, 2.0, 2.0], "start": 0.02, "duration": 0.02}
    shaken = run(made.with_({"sim.force_unstable": True, "disturbances": [push]}))
    return shaken.outcome.diverged or np.abs(shaken.log.q[-50:] - shaken.log.q_ref[-50:]).max() > 2e-3


def arm_tip(made) -> str:
    return true_robot(made).tree.moving[-1].child


@pytest.mark.parametrize(
    ("controller", "sim"),
    [
        ({"type": "pd", "kp": 0, "kd": 0, "feedforward": "none"}, {}),  # asks for nothing
        ({"type": "pd", "kp": 5, "kd": 0}, {}),  # on the edge: an oscillator
        ({"type": "computed_torque", "wn": 200, "zeta": 1}, {}),
        ({"type": "computed_torque", "wn": 20, "zeta": 1, "integral": True}, {"control_rate": 100}),
        ({"type": "lqr"}, {}),
        ({"type": "sliding_mode"}, {}),
    ],
)
def test_what_holds_is_not_refused(controller, sim):
    assert run(scenario("panda", controller, sim)).outcome.name == "FINISHED"


def test_a_lag_that_calms_the_damping_is_seen():
    """A filter of the velocity, which the poles do not know, holds what is unstable without it."""
    law = {"type": "pd", "kp": 20, "kd": [1, 1, 1, 1, 1, 1, 16]}
    assert refuses(scenario(controller=law))
    assert not refuses(scenario(controller=law, sensors={"joint_velocity": {"filter_hz": 60}}))


def test_a_pole_that_falls_is_refused_by_pd_and_held_by_lqr():
    wait = [{"do": "wait", "duration": 3.0}]
    with pytest.raises(Unstable, match=r"pole 1\.00\d* outside the unit circle, of joint 2 \(hinge\)"):
        run(scenario("cart_pole", {"type": "pd", "kp": 100, "kd": 10}, task=wait))
    assert run(scenario("cart_pole", {"type": "lqr"}, task=wait)).accepted


def test_torque_that_the_motion_needs_and_the_drives_lack_is_told():
    goal = {"do": "move", "to": {"joints": [1.2, 0.6]}, "duration": 0.9}
    law = {"type": "computed_torque", "wn": 30}
    weak = scenario({"model": "two_link", "limits": {"torque": 9.0}}, law, task=[goal])
    made = run(weak)
    told = [text for text in made.warnings if "will saturate" in text]
    assert analysis_json(weak)["expected"] == told
    strong = run(
        scenario({"model": "two_link", "limits": {"torque": 99.0}}, law, task=[goal])
    )  # follows exactly: what it gives is what is needed
    k, joint = np.unravel_index(np.abs(strong.log.tau[:-1]).argmax(), strong.log.tau[:-1].shape)
    assert f"needs {np.abs(strong.log.tau).max():.3g} N m of joint {joint + 1}" in told[0]
    assert f"at t = {strong.log.t[k]:.3g} s" in told[0]
    assert np.abs(made.log.tau).max() == 9.0
    assert strong.warnings == beyond(strong.scenario, strong.robot, strong.plan.reference(1e-3)) == ()


def test_a_design_that_goes_with_the_motion_has_no_poles_to_refuse():
    made = scenario("two_link", {"type": "tvlqr"})
    robot = believed_robot(made)
    assert unstable(made, robot, robot, plan_task(made, robot, ()).reference(1e-3)) is None
    assert issubclass(Unstable, InvalidInput)


@pytest.mark.parametrize("kind", sorted(ESTIMATORS))
def test_a_law_on_estimates_is_refused_when_it_diverges_and_only_then(kind):
    """What an estimator sees of now is judged by the law's own poles, what it sees late by those with its filter."""
    words = {"estimator": {"type": kind}, "sensors": {"latency": 0.003, "joint_position": {"std": 1e-6}}}
    wild, late, calm = (
        scenario(controller={"type": "pd", "kp": 20, "kd": [2] * 6 + [kd]}, **words) for kd in (16.0, 4.0, 0.25)
    )
    assert (refuses(wild), leaves(wild)) == (True, True)
    assert refuses(late) == (kind == "difference")
    assert (refuses(calm), leaves(calm)) == (False, False)


def test_the_sentence_names_the_estimator_and_a_gain_that_is_stable_on_it():
    law = {"type": "pd", "kp": [200] * 4 + [20] * 3, "kd": [10] * 4 + [1, 1, 4.0]}
    words = {"estimator": {"type": "difference"}, "sensors": {"latency": 0.003}}
    with pytest.raises(Unstable, match=r"pd on estimates of difference is unstable .* of joint 7") as caught:
        run(scenario(controller=law, **words))
    most = [float(x) for x in str(caught.value).partition("kd at most [")[2].partition("]")[0].split(",")]
    assert not refuses(scenario(controller=law | {"kd": most}, **words))


def test_a_latency_of_more_than_has_poles_to_look_for_is_run():
    assert run(scenario("two_link", {"type": "computed_torque", "wn": 2}, sensors={"latency": 1.5})).log is not None


def test_on_estimates_the_robot_of_several_is_named():
    """Deviations are given for the joints of all robots; each estimator takes its own."""
    partner = {"name": "right", "robot": {"model": "two_link", "base": {"position": [2, 0, 0]}}}
    partner |= {"task": [{"do": "wait", "duration": 0.6}], "controller": {"type": "pd", "kp": 20, "kd": 900}}
    words = {"estimator": {"type": "kalman"}, "sensors": {"joint_position": {"std": [1e-6] * 7 + [1e-5] * 2}}}
    both = scenario(controller={"type": "computed_torque"}, partners=[partner], **words)
    with pytest.raises(Unstable, match="right: controller pd on estimates of kalman"):
        run(both)
    assert not refuses(both.with_({"partners.right.controller.kd": 3.0}))


@pytest.mark.parametrize("law", ["computed_torque", "cascade", "impedance", "lqr"])
@pytest.mark.parametrize("robot", ["cart_pole", "quadrotor_2d"])
def test_a_joint_without_drive_that_the_law_leaves_alone_is_named(robot, law):
    """Pushed, the robot is further off at the end than ever before, or comes back: as it is told."""
    push = {"type": "push", "link": "pole" if robot == "cart_pole" else "body", "force": [0.05, 0, 0]}
    task = [{"do": "wait", "duration": 1.0 if robot == "cart_pole" else 4.0}]
    made = run(
        scenario(robot, {"type": law}, task=task, disturbances=[push | {"start": 0.0, "duration": 0.1}], accept={})
    )
    told = [text for text in made.warnings if "does not bring" in text]
    off = np.abs(made.log.q - made.log.q_ref).max(axis=1)
    assert bool(told) == (off[-1] == off.max()) == (law != "lqr")
    if told:
        assert {"cart_pole": "joint 2 (hinge)", "quadrotor_2d": "joint 1 (x)"}[robot] in told[0]
        assert "use lqr, lqi, hinf, tvlqr, mpc" in told[0]


def test_tyres_do_for_a_drive_that_is_missing():
    assert run(scenario("husky", {"type": "cascade"})).warnings == ()


def test_a_late_law_is_refused_with_a_gain_that_a_bounded_search_finds():
    """More damping of joint 7 than 3 ms of latency leave room for."""
    late, law = {"sensors": {"latency": 0.003}}, {"type": "pd", "kp": [300] * 4 + [20] * 3}
    with pytest.raises(Unstable, match=r"latency of 3 ms: .* of joint 7 .*; stable would be kd at most \[") as caught:
        run(scenario(controller=law | {"kd": [20] * 4 + [2, 2, 4]}, **late))
    most = [float(x) for x in str(caught.value).partition("kd at most [")[2].partition("]")[0].split(",")]
    assert not refuses(scenario(controller=law | {"kd": most}, **late))


def test_looking_for_a_stable_gain_is_bounded(monkeypatch):
    from sims import remedy
    from sims.forecast import Loop

    asked = []
    monkeypatch.setattr(Loop, "holds", lambda loop, q: bool(asked.append(q)))
    with pytest.raises(Unstable, match=r"lower the gains, or sensors\.latency"):
        run(scenario(controller={"type": "pid", "kp": 900, "ki": 90, "kd": 90}, sensors={"latency": 0.05}))
    assert len(asked) <= 12
    assert remedy.WORK / 371**3 < 12  # of 7 joints, 50 periods and integrals
