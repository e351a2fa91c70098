"""What the tests of pages share: two small runs in their folders, and a browser."""

import pytest

from sims.run import run
from tests.sims.browser import CHROMIUM, DRIVER, MISSING, start
from tests.sims.report.samples import PAYLOAD, move

POST = {"name": "post", "shape": "box", "size": [0.1, 0.1, 0.6], "position": [0.6, -0.5, 0.3]}
WORLD = [{"name": "floor", "shape": "plane"}, POST]


@pytest.fixture(scope="session")
def runs(tmp_path_factory):
    """Folders of two runs that differ in gains, payload and world."""
    folder = tmp_path_factory.mktemp("compared")
    made = [
        run(move(world=WORLD), out=folder / "stiff", plots=False),
        run(
            move(disturbances=[PAYLOAD], controller={"type": "computed_torque", "wn": 8, "zeta": 1}),
            out=folder / "soft",
            plots=False,
        ),
    ]
    return [one.folder for one in made]


@pytest.fixture(scope="session")
def browser(tmp_path_factory):
    pytest.importorskip("selenium", reason="selenium is not installed: pip install selenium")
    if not (CHROMIUM and DRIVER):
        pytest.skip(MISSING)
    driver = start(tmp_path_factory.mktemp("browser"))
    yield driver
    driver.quit()
