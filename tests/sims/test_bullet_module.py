"""Getting PyBullet: imported late and quietly, or a sentence on how to install it; pictures from both builds."""

import subprocess
import sys

import numpy as np
import pytest

from robocalc.dynamics import load
from robocalc.errors import EngineUnavailable
from sims.engines import bullet_install
from sims.engines.bullet import Bullet, pybullet_module
from sims.engines.bullet_install import remedy
from sims.engines.shapes import Box, Plane
from tests.sims.bullet_robots import press


def test_the_engine_module_is_light():
    code = (
        "import sys, sims.engines.bullet, sims.engines.shapes\n"
        "print(sorted({'pybullet', 'numba', 'scipy', 'matplotlib'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert done.stdout.strip() == "[]", done.stderr


def test_a_missing_pybullet_says_how_to_get_it(monkeypatch, tmp_path):
    robot = press(tmp_path)
    pybullet_module.cache_clear()
    monkeypatch.setitem(sys.modules, "pybullet", None)
    with pytest.raises(EngineUnavailable, match="PyBullet cannot be imported") as caught:
        Bullet(robot, 1e-3)
    assert remedy() in str(caught.value)
    assert caught.value.exit_code == 2
    monkeypatch.undo()
    pybullet_module.cache_clear()
    Bullet(robot, 1e-3).close()


@pytest.mark.parametrize(
    ("system", "machine", "version", "says"),
    [
        ("linux", "x86_64", (3, 11), "pip install pybullet;"),
        ("linux", "x86_64", (3, 12), "pip install pybullet-arm64;"),
        ("linux", "x86_64", (3, 13), "pip install pybullet-arm64;"),
        ("darwin", "arm64", (3, 11), "pip install pybullet-arm64;"),
        ("win32", "AMD64", (3, 13), "pip install pybullet-arm64;"),
        ("linux", "aarch64", (3, 11), "no PyBullet wheel for Python 3.11 on linux aarch64"),
        ("darwin", "arm64", (3, 14), "no PyBullet wheel for Python 3.14 on darwin arm64"),
    ],
)
def test_the_remedy_fits_the_platform(monkeypatch, system, machine, version, says):
    monkeypatch.setattr(bullet_install.sys, "platform", system)
    monkeypatch.setattr(bullet_install.sys, "version_info", (*version, 0))
    monkeypatch.setattr(bullet_install.platform, "machine", lambda: machine)
    assert says in remedy()
    assert "engine: twin" in remedy()


def scene():
    world = [
        Plane(name="floor", color=(0.9, 0.9, 0.9)),
        Box(name="box", size=(0.3,) * 3, color=(1, 0, 0), position=(0, 0, 0.15)),
    ]
    return Bullet(load("panda").with_base((5, 5, 0)), 1e-3, world=world, visuals=True)


def test_a_picture_shows_what_is_there():
    with scene() as plant:
        image = plant.picture(160, 120, target=(0, 0, 0.15), distance=1.5, yaw=30, pitch=-30)
        assert image.shape == (120, 160, 3)
        assert image.dtype == np.uint8
        r, g, b = image[60, 80].astype(int)
        assert r > 1.5 * max(g, b)  # the red box in the middle
        r, g, b = image[115, 5].astype(int)
        assert r <= b  # the checkered floor in a corner
        empty = plant.picture(64, 48, target=(20, 20, 5), pitch=30, distance=1.0)
        assert not (empty[:, :, 0] > 1.5 * empty[:, :, 1].astype(int)).any()


def test_a_build_without_numpy_gives_the_same_picture():
    with scene() as plant:
        image = plant.picture(64, 48)
        real = plant._p

        class Plain:
            def __getattr__(self, name):
                return getattr(real, name)

            def getCameraImage(self, *args, **options):  # noqa: N802 - PyBullet's name
                w, h, rgba, *rest = real.getCameraImage(*args, **options)
                return (w, h, tuple(int(x) for x in np.asarray(rgba).ravel()), *rest)

        plant._p = Plain()
        assert np.array_equal(plant.picture(64, 48), image)
        plant._p = real
