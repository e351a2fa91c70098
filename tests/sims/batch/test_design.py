"""Designs: every point lies where it was asked for; what makes no sense is named."""

import numpy as np
import pytest
from scipy.stats import qmc

from robocalc.errors import InvalidInput, ScenarioError, UnknownName
from sims.batch.axes import resolved
from sims.batch.design import DESIGNS, Design, Range, parse_axis
from tests.sims.batch.scenarios import swing

SAMPLED = [name for name in DESIGNS if name != "grid"]


@pytest.mark.parametrize(
    ("text", "values"),
    [
        ("300,600", [300, 600]),
        ("0..4", [0, 1, 2, 3, 4]),
        ("1..2:5", [1, 1.25, 1.5, 1.75, 2]),
        ("1..1000:4:log", [1, 10, 100, 1000]),
        ("1..1000:log:4", [1, 10, 100, 1000]),
        ("-2..-1:2", [-2, -1]),
        ("1e-3..2e-3:2", [1e-3, 2e-3]),
        ("[1, 2],[3, 4]", [[1, 2], [3, 4]]),
        ("none,gravity", ["none", "gravity"]),
        ("1 ms, 5 ms", ["1 ms", "5 ms"]),
        ("true,false", [True, False]),
        ("7", [7]),
    ],
)
def test_values_read_as_they_are_written(text, values):
    axis = parse_axis(text)
    found = [axis[i] for i in range(len(axis))]
    assert found == values if isinstance(values[0], str | list | bool) else np.allclose(found, values, rtol=1e-14)


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "no value given"),
        ("5..1", "the range 5..1 is empty: it must go up"),
        ("1..2:0", "a range needs a whole number of values from 1, got 0"),
        ("0..1:5:log", "a logarithmic range must begin above 0, got 0"),
        ("1..2:many", "'1..2:many' is no range; write lo..hi:n or lo..hi:n:log"),
        ("1 ms..2 s:3", "'1 ms..2 s:3' is no range"),
        ("1,,2", "'1,,2'"),
        ("[1", "is no list of values"),
        ("1e999..2e999:3", "must be a finite number"),
    ],
)
def test_axes_that_make_no_sense_are_refused(text, words):
    with pytest.raises(InvalidInput) as error:
        len(parse_axis(text))
    assert words in str(error.value)


def test_a_grid_has_every_combination_once_the_last_key_fastest():
    axes = resolved(swing(), {"controller.kp": [100, 200], "seed": "3..5"})
    points = list(Design(axes))
    assert points == [{"controller.kp": float(kp), "seed": s} for kp in (100, 200) for s in (3, 4, 5)]


@pytest.mark.parametrize("kind", SAMPLED)
def test_samples_fill_the_ranges_and_repeat_with_their_seed(kind):
    axes = resolved(
        swing(), {"controller.kp": "10..1000:log", "seed": "0..9", "controller.feedforward": "none,gravity"}
    )
    points = [list(Design(axes, kind, 256, seed)) for seed in (1, 1, 2)]
    assert points[0] == points[1] != points[2]
    kp = np.array([p["controller.kp"] for p in points[0]])
    assert kp.min() >= 10
    assert kp.max() <= 1000
    assert np.median(kp) == pytest.approx(100, rel=0.35)  # evenly by the logarithm
    seeds = [p["seed"] for p in points[0]]
    assert set(seeds) == set(range(10))
    assert all(isinstance(s, int) for s in seeds)
    assert {p["controller.feedforward"] for p in points[0]} == {"none", "gravity"}


@pytest.mark.parametrize("kind", ["sobol", "halton", "lhs"])
def test_quasi_random_samples_are_more_even_than_random_ones(kind):
    def discrepancy(name):
        return qmc.discrepancy(DESIGNS[name](3, 128, 0))

    assert discrepancy(kind) < 0.5 * discrepancy("random")


def test_a_million_points_are_made_one_by_one():
    design = Design({"seed": Range(0, 999_999, whole=True)})
    assert len(design) == 1_000_000
    assert next(iter(design)) == {"seed": 0}


def test_repeats_are_seeds_from_the_scenarios_own_on():
    points = list(Design({"k": (1.0, 2.0)}, repeat=2, first_seed=7))
    assert points == [{"k": k, "seed": s} for k in (1.0, 2.0) for s in (7, 8)]


def test_units_become_the_scenarios_own_and_factors_multiply_its_value():
    scenario = swing(**{"controller.kp": [100.0, 200.0]})
    axes = resolved(scenario, {"sensors.latency": "0..4 ms:3", "controller.kp": "x0.5..x2:2", "sim.timestep": ["1 ms"]})
    points = list(Design(axes))
    assert [p["sensors.latency"] for p in points] == pytest.approx([0, 0, 0.002, 0.002, 0.004, 0.004])
    assert points[0]["controller.kp"] == [50.0, 100.0]
    assert points[1]["controller.kp"] == [200.0, 400.0]
    assert points[0]["sim.timestep"] == 0.001


def test_whole_numbers_of_a_real_value_are_sampled_as_reals():
    (axis,) = resolved(swing(), {"controller.kp": "100..102"}).values()
    assert [axis[i] for i in range(len(axis))] == [100.0, 101.0, 102.0]
    assert any(not p["k"].is_integer() for p in Design({"k": axis}, "random", 8))


@pytest.mark.parametrize(
    ("over", "kind", "words"),
    [
        ({"controller.kpp": [1]}, ScenarioError, "controller.kpp: unknown key; did you mean 'kp'?"),
        ({"controler.kp": [1]}, ScenarioError, "unknown key; did you mean 'controller'?"),
        ({"controller.kp": [100, -1]}, ScenarioError, "must be at least 0, got -1"),
        ({"controller.kp": []}, InvalidInput, "controller.kp: no value given"),
        ({}, InvalidInput, "a sweep needs at least one key to vary"),
        ({"controller.feedforward": "x1..x2:2"}, InvalidInput, "cannot be scaled"),
        ({"robot.nothing": "x1..x2:2"}, InvalidInput, "robot.nothing: None cannot be scaled"),
    ],
)
def test_keys_and_values_that_the_scenario_refuses_are_named_before_anything_runs(over, kind, words):
    with pytest.raises(kind) as error:
        resolved(swing(), over)
    assert words in str(error.value)


@pytest.mark.parametrize(
    ("arguments", "kind", "words"),
    [
        ({"kind": "sobo", "samples": 3}, UnknownName, "did you mean 'sobol'?"),
        ({"kind": "sobol"}, InvalidInput, "needs the number of samples"),
        ({"samples": 3}, InvalidInput, "a grid has as many as its values make"),
    ],
)
def test_designs_that_make_no_sense_are_refused(arguments, kind, words):
    with pytest.raises(kind) as error:
        Design({"k": (1,)}, **arguments)
    assert words in str(error.value)
