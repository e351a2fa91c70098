"""Some of the benchmark's scenes: the robot arrives, and never moves into anything."""

import pytest

from tests.benchmarks.moving_scenes import drive


@pytest.mark.parametrize("number", [3, 4, 5])
def test_the_robot_arrives_among_things_that_cross_its_way(number):
    found = drive(number)
    assert found["arrived"], found["why"]
    assert found["nearest"] > 0
