"""Some of the benchmark's scenes: the robot arrives, and nothing ever touches it, whether it moves or stands."""

import pytest

from tests.benchmarks.moving_scenes import drive


@pytest.mark.parametrize("number", [0, 1, 4, 6, 10, 37])
def test_the_robot_arrives_among_things_that_cross_its_way(number):
    found = drive(number)
    assert found["arrived"], found["why"]
    assert found["nearest"] > 0
    assert found["standing"] > 0
