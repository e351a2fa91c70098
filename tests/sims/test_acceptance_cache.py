"""Kernels where numba can write no cache: slower to start, but they run."""

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
