"""Kernels where numba can write no cache, or finds one that is of no use: slower to start, but they run."""

import os
import subprocess
import sys

CODE = """
import numpy as np
from numba.core import caching
import robocalc.jit

impl = getattr(caching, "CacheImpl", None) or caching._CacheImpl
for kind in (impl, *impl.__subclasses__()):
    kind._locator_classes = []
from robocalc.dynamics.kernels_trig import sincos
from robocalc.jit import njit

@njit(nogil=True)
def both(x):
    return sincos(x)

assert np.allclose(both(0.5), (np.sin(0.5), np.cos(0.5)))
"""


def test_kernels_compile_where_no_cache_folder_can_be_written():
    done = subprocess.run([sys.executable, "-c", CODE], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr


KERNEL = """
from typing import NamedTuple
from robocalc.jit import njit

class {name}(NamedTuple):
    x: float

@njit
def double(point):
    return 2 * point.x

print(double({name}(21.0)))
"""


def test_a_cache_that_names_a_class_that_is_gone_is_stale(tmp_path):
    (tmp_path / "cache").mkdir()
    file, environment = tmp_path / "kernel.py", {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "cache")}
    code = "import kernel"
    for name in ("Point", "Place"):
        file.write_text(KERNEL.format(name=name))
        words = {"capture_output": True, "text": True, "check": False, "cwd": tmp_path, "env": environment}
        done = subprocess.run([sys.executable, "-c", code], **words)
        assert (done.returncode, done.stdout) == (0, "42.0\n"), done.stderr
    (index,) = (tmp_path / "cache").rglob("*.nbi")
    index.write_bytes(index.read_bytes()[:-20])
    done = subprocess.run([sys.executable, "-c", code], **words)
    assert (done.returncode, done.stdout) == (0, "42.0\n"), done.stderr
