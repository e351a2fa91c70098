"""scipy's own tests of solve_ivp, run against ours wherever the method exists."""

import numpy as np
import pytest

from robocalc.ode import solve_ivp

suite = pytest.importorskip("scipy.integrate._ivp.tests.test_ivp")

NOT_OURS = {  # tests that cannot pass against another solve_ivp, or that never call it: each with its reason
    "test_num_jac": "tests scipy's num_jac, not solve_ivp",
    "test_num_jac_sparse": "tests scipy's num_jac, not solve_ivp",
    "test_ConstantDenseOutput": "tests a class of scipy",
    "test_OdeSolution": "tests a class of scipy",
    "test_classes": "tests scipy's solver classes step by step",
    "test_no_integration": "tests scipy's solver classes step by step",
    "test_inital_maxstep": "tests scipy's select_initial_step",
}


def cases():
    for name, test in sorted(vars(suite).items()):
        if not name.startswith("test_") or name in NOT_OURS:
            continue
        marks = [m for m in getattr(test, "pytestmark", []) if m.name == "parametrize"]
        if not marks:
            yield pytest.param(test, {}, id=name)
        else:
            (mark,) = marks
            for value in mark.args[1]:
                yield pytest.param(test, {mark.args[0]: value}, id=f"{name}-{value}")


@pytest.mark.parametrize(("test", "values"), list(cases()))
def test_scipys_own_test_passes(test, values, monkeypatch):
    monkeypatch.setattr(suite, "solve_ivp", solve_ivp)
    if "num_parallel_threads" in test.__code__.co_varnames[: test.__code__.co_argcount]:
        values = values | {"num_parallel_threads": 1}
    with np.errstate(all="ignore"):
        test(**values)


def test_every_test_left_out_still_exists():
    assert set(NOT_OURS) <= set(vars(suite))
