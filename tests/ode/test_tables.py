"""Tables against the mathematics they claim: order conditions by rooted trees, interpolants, known sums."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from robocalc.errors import InvalidInput
from robocalc.ode.methods import METHODS, SYMPLECTIC
from robocalc.ode.tableau import Tableau
from robocalc.ode.tables.splitting import Gauss, Splitting
from robocalc.ode.trees import density, elementary_weight, rooted_trees, size, trees_of

TABLES = pytest.mark.parametrize("tab", METHODS.values(), ids=METHODS)


def test_numbers_of_rooted_trees_are_the_known_ones():
    assert [len(trees_of(k)) for k in range(1, 10)] == [1, 1, 2, 4, 9, 20, 48, 115, 286]  # OEIS A000081


@TABLES
def test_every_order_condition_holds_up_to_the_order(tab):
    worst = max(abs(tab.residual(tree)) for tree in rooted_trees(tab.order))
    assert worst < 2e-14


@TABLES
def test_the_next_order_is_not_reached(tab):
    assert max(abs(tab.residual(tree)) for tree in rooted_trees(min(tab.order + 1, 10))) > 1e-7 or tab.order == 10


@pytest.mark.parametrize("name", [n for n, t in METHODS.items() if t.adaptive])
def test_the_embedded_solution_has_its_order(name):
    tab = METHODS[name]
    order = 5 if name == "dop853" else tab.error_order  # its two estimates, of order 5 and 3, act together as order 7
    weights = np.append(tab.b, 0) - tab.e[0]
    for tree in rooted_trees(order):
        phi, gamma = elementary_weight(tree, tab.full_a[: tab.stages + 1, : tab.stages + 1])
        if name != "dop853":
            assert weights @ phi == pytest.approx(1 / gamma, abs=2e-14)
    assert np.abs(tab.e.sum(axis=1)).max() < 1e-14


@TABLES
@pytest.mark.parametrize("theta", [0.1, 0.37, 0.9])
def test_the_interpolant_has_its_order_everywhere(tab, theta):
    weights = tab.dense @ theta ** np.arange(1, tab.dense.shape[1] + 1)
    for tree in rooted_trees(tab.dense_order):
        phi, gamma = elementary_weight(tree, tab.full_a)
        assert weights @ phi == pytest.approx(theta ** size(tree) / gamma, abs=2e-12), tree


@TABLES
def test_the_interpolant_ends_in_the_step(tab):
    assert_allclose(tab.dense.sum(axis=1)[: tab.stages], tab.b, atol=2e-12)
    assert_allclose(tab.dense.sum(axis=1)[tab.stages :], 0, atol=2e-12)


def test_dop853_is_scipys():
    theirs = pytest.importorskip("scipy.integrate._ivp.dop853_coefficients")
    tab = METHODS["dop853"]
    assert_allclose(tab.a, theirs.A[:12, :12], rtol=1e-15)
    assert_allclose(tab.b, theirs.B, rtol=1e-15)
    assert_allclose(tab.full_c, theirs.C, rtol=1e-15)
    assert_allclose(tab.e, [theirs.E5, theirs.E3], rtol=1e-14, atol=1e-17)
    assert_allclose(tab.extra_a, theirs.A[13:], rtol=1e-15)


def test_dopri5_and_bs3_are_scipys():
    from scipy.integrate import RK23, RK45

    for name, theirs in (("dopri5", RK45), ("bs3", RK23)):
        tab = METHODS[name]
        assert_allclose(tab.b, theirs.B, rtol=1e-15)
        assert_allclose(np.abs(tab.e[0]), np.abs(theirs.E), rtol=1e-14)
        assert_allclose(tab.dense, theirs.P, atol=1e-13)


def test_a_wrong_coefficient_cannot_be_made_into_a_method():
    tab = METHODS["rk4"]
    b = np.add(tab.b, [0, 1e-6, -1e-6, 0])
    a = tab.a.copy()
    a[2, 1] += 1e-6
    with pytest.raises(InvalidInput, match="misses its node"):
        Tableau("wrong", 4, a=a, b=tab.b, c=tab.c)
    with pytest.raises(InvalidInput, match="order condition of tree"):
        Tableau("wrong", 4, a=tab.a, b=b, c=tab.c)


def test_tables_are_frozen():
    with pytest.raises(ValueError, match="read-only"):
        METHODS["tsit5"].b[0] = 1


@pytest.mark.parametrize("name", [n for n, m in SYMPLECTIC.items() if isinstance(m, Splitting)])
def test_symmetric_splittings_read_the_same_backwards(name):
    method = SYMPLECTIC[name]
    if name != "symplectic_euler":
        assert_allclose(method.drifts, method.drifts[::-1], rtol=1e-15)
        assert_allclose(method.kicks[:-1], method.kicks[-2::-1], rtol=1e-15)


def test_a_collocation_that_is_not_symplectic_cannot_be_made():
    with pytest.raises(InvalidInput, match="not symplectic"):
        Gauss("wrong", 2, [[0.5]], [1], [0.4])


def test_densities_of_tall_and_bushy_trees():
    tall, bushy = ((((),),),), ((), (), ())
    assert (density(tall), density(bushy)) == (24, 4)
