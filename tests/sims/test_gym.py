"""safe-control-gym's tasks, rebuilt: what its own environments and controllers gave, reproduced; ours are better."""

import json
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput, RobocalcError, UnknownName
from sims.bench.gym import THEIRS, episode, fly, out_of_bounds, rewards, stepper
from sims.bench.gym_free import plant_of
from sims.bench.gym_laws import CONTROLLERS, known
from sims.bench.gym_plan import HeldPasses, cost_of, plan
from sims.bench.gym_tasks import TASKS
from sims.bench.gym_world import World, read
from sims.cli.guard import exit_code
from sims.engines import ENGINES
from tests.benchmarks import gym_ilqr
from tests.benchmarks.bench_gym import PIDS

# of safe-control-gym at e39a569, states in its order: start, inputs of three periods, state after them, return so far
SEEN = {
    "cart_pole_tracking": (
        [0.5479120971119267, -0.012224312049589542, 0.14343916796455297, 0.039473605811872786],
        [[4.895440503990555], [3.527718435174699], [2.205959993198486]],
        [0.624756625981194, 0.6615954228846498, 0.07218373767194027, -0.6144541246217761],
        -2.7896316524280413,
    ),
    "quadrotor_2d_tracking": (
        [
            0.3781019003471183,
            -0.006289440767248132,
            1.389260636818662,
            0.008931317275350558,
            0.22470485423079295,
            -0.0076851447417322135,
        ],
        [
            [0.056323375552892685, 0.056323375552892685],
            [0.056323375552892685, 0.056323375552892685],
            [0.0858825660030823, 0.0593990094645106],
        ],
        [
            0.3794784175826592,
            0.054430312151363944,
            1.3795623888958157,
            -0.31092805653080796,
            0.21312557114813194,
            -1.0663231288386656,
        ],
        -0.6683182832385046,
    ),
    "quadrotor_3d_tracking": (
        [
            0.3781019003471183,
            -0.006289440767248132,
            0.4209004548704729,
            0.008931317275350558,
            1.324311326538517,
            -0.0076851447417322135,
            -0.18376100258066846,
            -0.0949576814894092,
            -0.002525459843236817,
            0.006680154952714591,
            -0.006829280276370157,
            -0.00996851832110834,
        ],
        [
            [0.028161687776446342, 0.028161687776446342, 0.028161687776446342, 0.028161687776446342],
            [0.028161687776446342, 0.028161687776446342, 0.028161687776446342, 0.028161687776446342],
            [0.028161687776446342, 0.028161687776446342, 0.028161687776446342, 0.028161687776446342],
        ],
        [
            0.3770165267773145,
            -0.029506628536306926,
            0.4228302829337666,
            0.05459303456201748,
            1.3133992402949777,
            -0.3501558750405505,
            -0.18331179919428192,
            -0.0954691490329084,
            -0.003040427484918239,
            0.006661682040635096,
            -0.0068148731126785825,
            -0.009944292938422188,
        ],
        -1.574420965303263,
    ),
}
# the same environments with PUSHED, four periods under constant inputs: magnitude of the step of force, inputs, state
# after them, inputs as applied in the second period, what the controller saw in the last
PUSHED = {
    "observation": [{"disturbance_func": "white_noise", "std": 0.01}],
    "action": [
        {"disturbance_func": "uniform", "low": -0.002, "high": 0.002},
        {"disturbance_func": "impulse", "magnitude": 0.01, "step_offset": 1, "duration": 2},
    ],
    "dynamics": [
        {"disturbance_func": "step", "magnitude": None, "step_offset": 1},
        {"disturbance_func": "periodic", "scale": 0.001, "frequency": 2.0},
    ],
}
SEEN_PUSHED = {
    "cart_pole_tracking": (
        [0.3, 0.2],
        [3.0],
        [0.647545425861383, 0.7605130803696858, 0.15687754246376687, 0.2588780194897284],
        [3.0017070599553946],
        [0.596381856710954, 0.5783791848112477, 0.14222441498240018, 0.12934739668969303],
    ),
    "quadrotor_2d_tracking": (
        [0.003, 0.002],
        [0.14, 0.13],
        [
            0.38485953885038915,
            0.16888661008415107,
            1.3904451831743536,
            0.02623628132664615,
            0.17016123118420037,
            -1.3607083946147012,
        ],
        [0.1380892098669505, 0.1315617532637513],
        [
            0.367182335050607,
            0.13707526426011127,
            1.372725834510643,
            0.006865717590832977,
            0.19812939818443961,
            -0.982215801081334,
        ],
    ),
    "quadrotor_3d_tracking": (
        [0.003, 0.002, 0.001],
        [0.07, 0.065, 0.066, 0.068],
        [
            0.37437675137556775,
            -0.09161531506563457,
            0.4278187029911921,
            0.16401204154906068,
            1.3244211578957843,
            0.01732821783418155,
            -0.17486353347925207,
            -0.14934080282410367,
            -0.012725707261648535,
            0.2443407798794288,
            -1.268495679882943,
            -0.5259133359419151,
        ],
        [0.07189452559507595, 0.06596196523715005, 0.06791506937193112, 0.06914468584077423],
        [
            0.3852629506021956,
            -0.06641352098286923,
            0.4287717305845731,
            0.13119288969978318,
            1.3264142338200697,
            0.013381575350798864,
            -0.167693424022845,
            -0.12350549680665343,
            -0.007171830999756392,
            0.2010592484025888,
            -0.9730039278088967,
            -0.37964083419524036,
        ],
    ),
}
# returns of the package at e39a569 from other starts: task -> controller -> of seeds 1, 2, 3
OTHER_SEEDS = {
    "cart_pole_stabilisation": {
        "lqr": (-20.526374, -43.221931, -81.606535),
        "ilqr": (-20.472305, -43.111689, -81.400540),
    },
    "cart_pole_tracking": {
        "lqr": (-229.443363, -232.861632, -240.906636),
        "ilqr": (-26.704750, -27.934251, -34.750333),
    },
    "quadrotor_2d_stabilisation": {
        "lqr": (-15.159400, -3.306519, -21.612621),
        "ilqr": (-15.092532, -3.304434, -19.801001),
        "pid": (-70.030102, -53.496314, -134.379142),
    },
    "quadrotor_2d_tracking": {
        "lqr": (-21.466950, -7.664245, -17.551515),
        "ilqr": (-15.636478, -4.576540, -13.084640),
        "pid": (-127.807567, -14.545755, -40.893579),
    },
    "quadrotor_3d_stabilisation": {
        "lqr": (-23.045828, -28.821522, -44.298516),
        "ilqr": (-20.571030, -26.028716, -39.467496),
        "pid": (-277.748689, -231.536042, -1391.199496),
    },
    "quadrotor_3d_tracking": {
        "lqr": (-17.728831, -35.898714, -58.866959),
        "ilqr": (-6.601949, -27.395993, -44.555079),
        "pid": (-29.807324, -77.553420, -172.540366),
    },
}
# with inertias drawn by the task's seed (the cart-pole from RANGES, quadrotors from the gym's own), uniform noise of
# 0.002 on the action: what was drawn, inputs asked for in three periods, inputs of the first, state after the third
RANGES = {
    "pole_length": {"distrib": "uniform", "low": -0.1, "high": 0.1},
    "cart_mass": {"distrib": "uniform", "low": -0.2, "high": 0.2},
    "pole_mass": {"distrib": "uniform", "low": -0.02, "high": 0.02},
}
SEEN_DRAWN = {
    "cart_pole_tracking": (
        {"pole_length": 0.5547912097111927, "cart_mass": 0.975551375900821, "pole_mass": 0.11434391679645531},
        [[-2.486104997138254], [-1.5791369604234018], [1.8076467912383813]],
        [-2.4853155250220165],
        [0.5087883506616389, -0.19062277655933432, 0.24370754371651498, 0.7548259542677808],
    ),
    "quadrotor_2d_tracking": (
        {"M": 0.057781019003471185, "Iyy": 2.7371055923275186e-05},
        [
            [0.13010725539252407, 0.13090720120090657],
            [0.14241734447202692, 0.1412578014970073],
            [0.1431896287024835, 0.14498360769547872],
        ],
        [0.13179085721200595, 0.13269346465597667],
        [
            0.3796512067883166,
            0.05787203745859397,
            1.3803111789671287,
            -0.2970597366695796,
            0.22307255535252352,
            -0.026153380176381667,
        ],
    ),
    "quadrotor_3d_tracking": (
        {
            "M": 0.057781019003471185,
            "Ixx": 2.7371055923275186e-05,
            "Iyy": 2.8841800909740943e-05,
            "Izz": 4.429313172753505e-05,
        },
        [
            [0.06505362769626204, 0.06545360060045328, 0.06694717223493613, 0.06636740074742632],
            [0.06933756438844542, 0.07023455388494304, 0.07035606973595798, 0.06951116916920705],
            [0.07328944110650244, 0.07164652612858569, 0.07238093975592517, 0.07271304448708979],
        ],
        [0.06655166005780065, 0.06391657165210685, 0.06572209888439834, 0.06573434953749693],
        [
            0.3769262022156769,
            -0.033127009400562665,
            0.4229995795769849,
            0.061169469385619964,
            1.3143055828766694,
            -0.31449293902244435,
            -0.18098709089791384,
            -0.09767729146070268,
            -0.00345866813911224,
            0.13190519528822067,
            -0.10198297704822507,
            -0.028870218286372394,
        ],
    ),
}
CLOSE = 2e-14  # of the states: what numbers of 1 m and 10 rad/s keep


def measured(task, x):
    """The gym's state of x."""
    return task.measured(x)[list(task.order)]


@pytest.mark.parametrize("name", TASKS)
def test_engines_give_the_states_and_rewards_that_the_gym_gave(name):
    like = name.replace("stabilisation", "tracking")
    start, inputs, end, total = SEEN[like]
    task = TASKS[name]
    assert_allclose(measured(task, task.start()) if name == like else start, start, atol=1e-15)
    for kind in ("twin", "bullet") if name == like else ():
        with plant_of(task, kind) as plant:
            X = np.array([task.start()] * 4)
            plant.reset(X[0, : task.robot.n], X[0, task.robot.n :])
            advance = stepper(task, plant)
            for k, u in enumerate(np.array(inputs)):
                advance(u, k == 0, X[k + 1])
        assert_allclose(measured(task, X[-1]), end, rtol=0, atol=CLOSE)
        y = np.array([task.measured(x) for x in X])
        assert rewards(task, y, np.array(inputs)).sum() == pytest.approx(total, rel=1e-13)


@pytest.mark.parametrize("name", TASKS)
def test_the_gyms_own_controllers_reach_in_our_episodes_what_they_reach_in_its(name):
    task = TASKS[name]
    with plant_of(task, "bullet") as plant:
        cost = gym_ilqr.fly(task, plant, gym_ilqr.Lqr(task), task.start())[2]
    assert -cost == pytest.approx(THEIRS[name]["lqr"][0], rel=1e-9)
    if "tracking" in name and not task.spatial:
        assert gym_ilqr.measure(task)[0] == pytest.approx(THEIRS[name]["ilqr"][0], rel=1e-8)


@pytest.mark.parametrize("name", TASKS)
def test_the_best_motion_beats_its_ilqr_and_lqr_beats_its_lqr(name):
    flight = fly(name, "optimal")
    assert flight.ended == "time"
    assert flight.total > THEIRS[name]["ilqr"][0]
    least = {"cart_pole_tracking": -21.6, "quadrotor_2d_tracking": -2.8}
    assert flight.total >= least.get(name, -np.inf)
    assert fly(name, "lqr", kind="twin").total >= THEIRS[name]["lqr"][0]


@pytest.mark.parametrize("name", OTHER_SEEDS)
def test_ours_are_no_worse_than_theirs_from_other_starts(name):
    for law, ours in (("lqr", "lqr"), ("pid", "pid"), ("ilqr", "optimal")):
        for seed, theirs in enumerate(OTHER_SEEDS[name].get(law, ()), start=1):
            assert fly(name, ours, seed=seed, kind="twin").total >= theirs


@pytest.mark.parametrize("name", PIDS)
def test_pid_beats_its_pid_with_the_weights_and_seeds_of_that(name):
    task, (seed, theirs) = TASKS[name], PIDS[name]
    flight = fly(replace(task, weights=(1.0,) * len(task.weights), effort=1e-4), "pid", seed=seed, kind="twin")
    assert flight.ended == "time"
    assert flight.total >= theirs


@pytest.mark.parametrize("name", ["cart_pole_tracking", "quadrotor_2d_tracking"])
def test_the_engine_does_what_was_planned_and_mpc_does_nearly_as_well(name):
    task = TASKS[name]
    motion = plan(task)
    for kind in ("bullet", "twin"):
        flight = fly(task, "optimal", kind=kind)
        assert_allclose(flight.X, motion.X, rtol=0, atol=1e-9)
        assert flight.total == pytest.approx(-motion.cost, rel=1e-9)
    ahead = fly(task, "mpc", kind="twin")
    assert -motion.cost >= ahead.total > THEIRS[name]["ilqr"][0]


@pytest.mark.parametrize("name", SEEN)
def test_slopes_of_a_period_are_the_differences_of_its_motion(name):
    task = replace(TASKS[name], damping=0.0)  # whose slopes are those of small angles in 3D
    n, m, rng = task.robot.n, task.robot.m, np.random.default_rng(0)
    X, U = rng.uniform(-0.3, 0.3, (3, 2 * n)), task.hover + rng.uniform(-0.02, 0.02, (2, m))
    passes = HeldPasses(task, cost_of(task, 0, 2, np.eye(2 * n)))
    AB, lz, lzz = np.zeros((2, 2 * n, 2 * n + m)), np.zeros((3, 2 * n + m)), np.zeros((3, 2 * n + m, 2 * n + m))
    passes.derive(None, X, U, AB, lz, lzz, None, None, None)
    for j, e in enumerate(1e-5 * np.eye(2 * n + m)):
        ends = []
        for sign in (1, -1):
            moved, gap = X + sign * e[: 2 * n], np.zeros((3, 2 * n))
            passes.gaps(moved, U + sign * e[2 * n :], gap)
            ends.append(gap[1:] + moved[1:])
        assert_allclose(AB[:, :, j], (ends[0] - ends[1]) / 2e-5, rtol=1e-6, atol=1e-6 * np.abs(AB).max())


@pytest.mark.parametrize("name", SEEN_PUSHED)
def test_disturbances_are_those_that_the_gym_draws(name):
    magnitude, inputs, end, applied, seen = SEEN_PUSHED[name]
    specs = PUSHED | {"dynamics": [PUSHED["dynamics"][0] | {"magnitude": magnitude}, PUSHED["dynamics"][1]]}
    task = replace(TASKS[name], seconds=4 / TASKS[name].rates[0])
    shown = []
    start = task.state_of(np.array(SEEN[name][0]))

    def act(k, x):
        shown.append(measured(task, x))
        return np.array(inputs)

    with plant_of(task, "bullet") as plant:
        X, U, _, violations, _ = episode(task, plant, act, start, World(specs).episode(task, None))
    assert violations == 0
    assert_allclose(measured(task, X[-1]), end, rtol=0, atol=CLOSE)
    assert_allclose(shown[3], seen, rtol=0, atol=CLOSE)
    assert_allclose(U[1], applied, rtol=0, atol=1e-15)


@pytest.mark.parametrize("kind", ["twin", "bullet"])
@pytest.mark.parametrize("name", SEEN_DRAWN)
def test_inertias_are_those_that_the_gym_draws_and_move_as_in_the_gym(name, kind):
    values, inputs, applied, end = SEEN_DRAWN[name]
    task, noise = TASKS[name], {"action": PUSHED["action"][:1]}
    world = World(noise, draws_inertia=True, inertia_draws=RANGES).episode(task, None)
    assert dict(world.flown.inertia) == pytest.approx(values, rel=1e-15)
    with plant_of(world.flown, kind) as plant:
        short = replace(task, seconds=3 / task.rates[0])
        X, U, *_ = episode(
            short, plant, lambda k, x: np.array(inputs[k]), task.state_of(np.array(SEEN[name][0])), world
        )
    assert_allclose(U[0], applied, rtol=0, atol=1e-15)
    assert_allclose(measured(task, X[-1]), end, rtol=0, atol=CLOSE)


def test_inertias_that_are_given_are_known_to_controllers_and_those_drawn_are_not():
    task = TASKS["quadrotor_2d_tracking"]
    heavy = World(inertia=[0.05, 2e-5])
    assert_allclose(heavy.known(task).hover, 0.5 * 0.05 * 9.8, rtol=1e-12)
    assert fly(task, "lqr", kind="twin", world=heavy).ended == "time"
    totals = [fly(task, "lqr", kind="twin", seed=seed, world=World(draws_inertia=True)).total for seed in (3, 3, 4)]
    assert totals[0] == totals[1] != totals[2]


def test_half_spaces_and_quadratic_constraints_count_like_bounds():
    task = TASKS["cart_pole_tracking"]
    X = fly(task, "optimal", kind="twin").X[1:]
    high = float(np.float32(0.5 * (X[:, 0].max() + X[:, 0].min())))

    def count(**row):
        row = {"constrained_variable": "state", **row}
        return fly(task, "optimal", kind="twin", world=World(constraints=(row,))).violations

    above = int((X[:, 0] > high).sum())
    assert count(constraint_form="linear_constraint", A=[[1, 0, 0, 0]], b=[high]) == above > 0
    assert count(constraint_form="linear_constraint", A=[1], b=high, active_dims=0) == above
    inside = np.einsum("ij,ij->i", X[:, [0, 2, 1, 3]], X[:, [0, 2, 1, 3]] * [1.0, 0.5, 2.0, 0.1])
    P = np.diag([1.0, 0.5, 2.0, 0.1]).tolist()
    assert count(constraint_form="quadratic_constraint", P=P, b=0.5) == int((inside > 0.5).sum()) > 0
    aside = X[:, 0]
    far, beyond = int((aside**2 > 0.25).sum()), int((np.round(np.abs(aside), 0) > 0).sum())
    assert count(constraint_form="quadratic_constraint", P=1, b=0.25, active_dims=[0]) == far
    zero = {"lower_bounds": 0.0, "upper_bounds": 0.0, "active_dims": 0, "decimals": 0}
    assert count(constraint_form="bounded_constraint", **zero) == beyond


def test_violations_are_counted_and_may_end_an_episode():
    task = TASKS["cart_pole_tracking"]
    free = fly(task, "optimal", kind="twin")
    high = 0.5 * (free.X[1:, 0].max() + free.X[1:, 0].min())
    row = {"constraint_form": "bounded_constraint", "constrained_variable": "STATE", "active_dims": [0]}
    row |= {"lower_bounds": [-9], "upper_bounds": [high]}
    counted = fly(task, "optimal", kind="twin", world=World(constraints=(row,)))
    assert counted.violations == (free.X[1:, 0] > high).sum() > 0
    stopped = fly(task, "optimal", kind="twin", world=World(constraints=(row,), done_on_violation=True))
    assert stopped.ended == "a constraint violated"
    assert len(stopped.U) == 1 + np.argmax(free.X[1:, 0] > high)
    spaces = [{"constraint_form": "default_constraint", "constrained_variable": kind} for kind in ("state", "input")]
    assert fly(task, "optimal", kind="twin", world=World(constraints=tuple(spaces))).violations == 0


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("disturbances: {wind: []}", "unknown mode of disturbance 'wind'"),
        ("disturbances: {action: [{disturbance_func: brown}]}", "unknown disturbance_func 'brown'"),
        ("disturbances: {action: [{disturbance_func: white_noise, sdt: 1}]}", "did you mean 'std'"),
        ("disturbances: {action: [{disturbance_func: white_noise, std: [1, 2, 3]}]}", "std of .* must be one finite"),
        ("disturbances: {action: 3}", "must map"),
        ("constraints: [{constraint_form: quadratic}]", "unknown constraint_form 'quadratic'"),
        ("constraints: [{constraint_form: default_constraint, constrained_variable: torque}]", "constrained_variable"),
        (
            "constraints: [{constraint_form: linear_constraint, constrained_variable: state, A: [1, 2], b: [1]}]",
            "rows, 4",
        ),
        ("constraints: [{constraint_form: quadratic_constraint, constrained_variable: state, P: 1, b: 2}]", "4, 4"),
        ("constraints: [{constraint_form: bounded_constraint, constrained_variable: state, upper: 2}]", "'upper'"),
        ("inertial_prop: {pole_lenght: 1}", "did you mean 'pole_length'"),
        ("inertial_prop: [1, 2]", "must map pole_length"),
        ("inertial_prop: {pole_mass: -0.1}", "positive number, got -0.1"),
        (
            "{randomized_inertial_prop: 1, inertial_prop_randomization_info: {cart_mass: {distrib: unifrom}}}",
            "'uniform'",
        ),
        ("{randomized_inertial_prop: 1, inertial_prop_randomization_info: {cart_mass: 3}}", "distrib of cart_mass"),
        (
            "{randomized_inertial_prop: 1, inertial_prop_randomization_info: {cart_mass: {distrib: uniform, lo: 1}}}",
            "cannot be drawn",
        ),
        ("task_config: [", "is no YAML"),
        ("3", "must hold a mapping"),
    ],
)
def test_a_world_that_does_not_fit_is_refused_by_name(tmp_path, text, words):
    file = tmp_path / "world.yaml"
    file.write_text(text)
    with pytest.raises(RobocalcError, match=words):
        fly("cart_pole_tracking", "lqr", kind="twin", world=read(file))


def test_an_episode_ends_where_the_gym_ends_it():
    task = TASKS["cart_pole_tracking"]
    assert not out_of_bounds(task, np.array([2.39, -1.5, 30.0, 30.0]))
    assert out_of_bounds(task, np.array([2.41, 0.0, 0.0, 0.0]))
    assert out_of_bounds(task, np.array([0.0, 1.58, 0.0, 0.0]))
    drone = TASKS["quadrotor_2d_tracking"]
    assert not out_of_bounds(drone, np.array([-1.9, -0.04, 1.4, 9.0, 9.0, 9.0]))
    assert out_of_bounds(drone, np.array([0.0, -0.06, 0.0, 0.0, 0.0, 0.0]))  # on the ground
    pushing = World({"action": [{"disturbance_func": "step", "magnitude": 1e5, "step_offset": 0}]})
    fallen = fly(task, "lqr", kind="twin", world=pushing)  # whatever is asked for, 10 N come of it
    assert (fallen.U == 10.0).all()
    assert fallen.ended == "out of bounds"
    assert len(fallen.U) < task.periods


def test_what_is_not_there_is_refused_by_name():
    with pytest.raises(UnknownName, match="cart_pole_tracking"):
        fly("cart_pole_traking", "lqr")
    with pytest.raises(UnknownName, match=", ".join(sorted(CONTROLLERS))):
        fly("cart_pole_tracking", "pidd")
    with pytest.raises(InvalidInput, match="pid is for quadrotors"):
        fly("cart_pole_tracking", "pid")
    with pytest.raises(InvalidInput, match="seed"):
        fly("cart_pole_tracking", "lqr", seed=-1)
    assert "pid" not in known(TASKS["cart_pole_tracking"])
    assert {"twin", "bullet"} <= set(ENGINES)


def test_another_seed_is_another_start_and_the_same_seed_the_same_bits():
    task = TASKS["quadrotor_2d_stabilisation"]
    flights = [fly(task, "lqr", seed=seed, kind="twin") for seed in (3, 3, 4)]
    assert flights[0].X.tobytes() == flights[1].X.tobytes()
    assert np.abs(flights[0].X[0] - flights[2].X[0]).max() > 1e-3


def test_the_command_line_takes_the_gyms_own_task_file(tmp_path, capsys):
    file = tmp_path / "task.yaml"
    file.write_text("task_config: {seed: 42, disturbances: {action: [{disturbance_func: white_noise, std: 0.3}]}}")
    command = ["bench", "gym", "--task", "cart_pole_tracking", "--controller", "lqr", "--engine", "twin", "--json"]
    totals = []
    for more in ([], ["--world", str(file)], ["--world", str(file)]):
        assert exit_code([*command, *more]) == 0
        totals.append(json.loads(capsys.readouterr().out)[0]["return"])
    assert totals[0] > totals[1] == totals[2]
    assert exit_code([*command, "--world", str(tmp_path / "none.yaml")]) == 2
    assert "cannot be read" in capsys.readouterr().err


def test_the_command_line_sets_ours_beside_theirs(capsys):
    assert exit_code(["bench", "gym", "--task", "cart_pole_tracking", "--controller", "optimal", "--json"]) == 0
    ours, *theirs = json.loads(capsys.readouterr().out)
    assert ours["return"] > -21.6
    assert [row["controller"] for row in theirs] == ["safe-control-gym lqr", "safe-control-gym ilqr"]
    assert exit_code(["bench", "gym", "--task", "cartpole"]) == 2
    assert "cart_pole_tracking" in capsys.readouterr().err


def test_the_table_has_a_block_a_task_and_marks_its_best(capsys):
    both = ["--task", "cart_pole_tracking", "--task", "cart_pole_stabilisation"]
    assert exit_code(["bench", "gym", *both, "--controller", "lqr", "--engine", "twin"]) == 0
    lines = capsys.readouterr().out.splitlines()
    blocks = [block.splitlines() for block in "\n".join(lines[1:]).split("\n\n")]
    assert [block[0].split()[0] for block in blocks] == both[1::2]
    for block in blocks:
        returns = [float(next(word for word in row.split() if word.startswith("-"))) for row in block]
        assert ["best" in row for row in block] == [value == max(returns) for value in returns]
