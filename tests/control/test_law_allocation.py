"""No law asks for memory while the loop runs: numba counts what its runtime hands out."""

import numpy as np
import pytest

from robocalc.control import CONTROLLERS, Adaptive, Admittance, ComputedTorque, Impedance
from robocalc.control.signature import law_address
from robocalc.dynamics import load
from sims.effects import make_effects
from sims.engines.close import close_loop
from sims.engines.twin import Twin
from tests.sims.loop_cases import DT, rest

STEPS = 60
GAINS = {"pd": {"kp": 100, "kd": 10}, "pid": {"kp": 100, "ki": 50, "kd": 10}}
DESIGNS = {name: design(**GAINS.get(name, {})) for name, design in CONTROLLERS.items()}
DESIGNS |= {"payload": ComputedTorque(integral=True, adapt_payload=True), "joint": Impedance("joint")}
DESIGNS |= {"tool": Admittance("cartesian"), "links": Adaptive(links="all")}


@pytest.fixture
def allocations():
    """What numba's runtime has handed out so far."""
    from numba.core.runtime import _nrt_python, rtsys

    rtsys.initialize(None)
    _nrt_python.memsys_enable_stats()
    yield lambda: rtsys.get_allocation_stats().alloc
    _nrt_python.memsys_disable_stats()


@pytest.mark.parametrize("latency", [0.0, 2.5e-3])
@pytest.mark.parametrize("name", DESIGNS)
def test_a_longer_run_takes_no_more_memory(name, latency, allocations):
    design = DESIGNS[name]
    robot = load(getattr(design, "made_for", "panda"))
    law, reference = design.law(robot, DT, robot.home, latency=latency), rest(robot.home, STEPS)
    closed = close_loop(twin := Twin(robot, DT), law, reference, make_effects(robot, DT, STEPS, latency=latency))
    address, taken = law_address(law.step), []
    for steps in (1, 1, STEPS):  # the first may compile
        twin.reset(robot.home + 1e-3, np.zeros(robot.n))
        before = allocations()
        assert twin.roll(0, steps, address, closed)[0] == steps
        taken.append(allocations() - before)
    assert taken[2] == taken[1] > 0
