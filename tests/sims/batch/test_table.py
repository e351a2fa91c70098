"""Tables: fronts against their definition, best rows, and what programs and notebooks get of them."""

import numpy as np
import pytest

from robocalc.errors import InvalidInput, UnknownName
from sims.batch.table import Builder, non_dominated


@pytest.fixture
def table():
    builder = Builder(["k", "mode"], 5)
    rows = [(2, 1.0, "rejected", 3.0), (0, 2.0, "accepted", 5.0), (1, 3.0, "diverged", 0.1), (3, 4.0, "failed", None)]
    for run, k, verdict, cost in rows:
        builder.put(run, {"k": k, "mode": f"<{k}>"}, verdict, "", {} if cost is None else {"cost": cost, "gain": -cost})
    return builder.table(["gain"])


def test_rows_stand_in_the_order_of_the_design_whatever_came_first(table):
    assert table["run"].tolist() == [0, 1, 2, 3]
    assert table["k"].tolist() == [2.0, 3.0, 1.0, 4.0]
    assert list(table.columns) == ["run", "k", "mode", "verdict", "why", "gain", "cost"]
    assert table.rows[0]["cost"] == 5.0
    assert np.isnan(table.rows[3]["cost"])


def test_the_last_word_about_a_run_counts_and_runs_without_one_are_no_rows():
    builder = Builder(["k"], 3)
    builder.put(2, {"k": 1}, "failed", "crashed", {})
    builder.put(2, {"k": 1}, "accepted", "", {"cost": 1.5})
    assert builder.table().rows == [{"run": 2, "k": 1, "verdict": "accepted", "why": "", "cost": 1.5}]


def test_best_counts_only_runs_that_got_to_their_end(table):
    assert table.best("cost")["run"] == 2
    assert table.best("cost", largest=True)["run"] == 0
    assert table.best("cost", accepted=True)["run"] == 0
    with pytest.raises(UnknownName, match="did you mean 'cost'"):
        table.best("costs")
    assert [row["run"] for row in table.failed] == [1, 3]
    assert table.count() == {"accepted": 1, "rejected": 1, "diverged": 1, "failed": 1}


def test_a_front_of_runs_without_the_metric_is_refused(table):
    nothing = table.take([3])
    with pytest.raises(InvalidInput, match="no run has values of cost"):
        nothing.pareto("cost")


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_front_is_what_no_other_row_beats(m):
    values = np.random.default_rng(m).integers(0, 6, (200, m)).astype(float)
    beaten = [any((y <= x).all() and (y < x).any() for y in values) for x in values]
    assert (non_dominated(values) == ~np.array(beaten)).all()


def test_a_minus_turns_a_metric_around(table):
    assert table.pareto("cost", "-gain")["run"].tolist() == [2]
    assert table.pareto("cost", "gain")["run"].tolist() == [0, 2]


def test_the_recommended_run_is_the_nearest_to_the_best_of_each_figure():
    builder = Builder(["speed"], 5)
    for run, (speed, time, energy) in enumerate([(1, 10.0, 1.0), (2, 5.0, 2.0), (3, 4.0, 9.0), (4, 9.0, 8.0)]):
        builder.put(run, {"speed": speed}, "accepted", "", {"time": time, "energy": energy})
    builder.put(4, {"speed": 9}, "rejected", "", {"time": 0.0, "energy": 0.0})  # would be the best, but is not accepted
    table = builder.table()
    assert table.recommend("time", "energy")["run"] == 1
    assert table.recommend("time")["run"] == 2
    with pytest.raises(InvalidInput, match="no run is accepted"):
        table.take([4]).recommend("time")


def test_notebooks_show_it_escaped(table):
    page = table._repr_html_()
    assert page.count("<tr>") == 5
    assert "&lt;2.0&gt;" in page
    assert repr(table) == "<Table: 4 runs over k, mode: 1 accepted, 1 rejected, 1 diverged, 1 failed>"
