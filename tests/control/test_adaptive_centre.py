"""A payload whose centre is off the tool: its inertia m c cᵀ about the tool is part of what is found."""

import numpy as np
import pytest

from robocalc.control import Adaptive, payload_found
from tests.control.payloads import MASSES, there_and_back

COM = (0.02, 0.0, 0.06)
SIGHT = {"latency": 5e-3, "position_noise": 1e-4, "velocity_noise": 5e-3, "velocity_filter_hz": 100}


@pytest.mark.parametrize("masses", MASSES)
def test_the_way_back_is_tracked_as_with_a_centre_at_the_tool(masses):
    law, made, error, _ = there_and_back(Adaptive(), *masses, com=COM)
    found, beyond = payload_found(law, made.memory), masses[1] - masses[0]
    assert found.mass == pytest.approx(beyond, abs=1e-3)
    assert np.linalg.norm(found.moment) == pytest.approx(np.linalg.norm(COM), abs=1e-3)
    assert found.moment[2] == pytest.approx(beyond * COM[2], abs=1e-3)
    assert error < 5e-5


@pytest.mark.parametrize(("masses", "most"), [((1, 2), 1e-4), ((0, 1), 1.5e-4), ((1, 0), 1.5e-4)])
def test_with_latency_and_noise_it_is_too(masses, most):
    """Where the model holds the kilogram, noise and delay cost least: it is nearest to the arm as it is."""
    _, _, error, rate = there_and_back(Adaptive(), *masses, com=COM, **SIGHT)
    assert error < most
    assert rate < 2000
