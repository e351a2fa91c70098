"""What this installation has and lacks.

examine    -> [Finding]
Finding    what was looked at, whether it is fine (None: worth knowing), what was found, what to do
"""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import sys
from pathlib import Path
from typing import NamedTuple

OLDEST, NEWEST = (3, 11), (3, 13)
NEEDED = ("numpy", "scipy", "numba", "pydantic", "pyyaml", "typer", "rich", "matplotlib", "casadi")
OPTIONAL = {  # distribution -> what is not there without it
    "mujoco": "sim.engine: mujoco, compare --engines",
    "imageio-ffmpeg": "video as MP4; GIF needs nothing",
    "pyarrow": "export --to parquet",
    "mcap": "export --to mcap",
    "optuna": "tune, methods tpe and nsga2, and the journal",
    "cmaes": "tune, method cma",
    "distributed": "sweep --cluster, cluster",
    "pin": "kernels are compared with it by tests and benchmarks",
    "toppra": "a peer in benchmarks",
}
BULLETS = {"pybullet": "upstream", "pybullet-arm64": "rebuild of the same physics"}
LITTLE_SPACE = 500e6  # [bytes]


class Finding(NamedTuple):
    what: str
    ok: bool | None
    found: str
    remedy: str = ""


def examine() -> list:
    """Look at Python, packages, PyBullet, compiled kernels and disk; takes under a second."""
    found = [_python(), Finding("platform", True, f"{platform.system()} {platform.machine()}, {os.cpu_count()} cores")]
    found += [_package(name) for name in NEEDED]
    found += [_bullet(), *_kernels()]
    found += [_optional(name, why) for name, why in OPTIONAL.items()]
    return [*found, _space()]


def version(package: str) -> str | None:
    """Of an installed distribution; None when there is none."""
    try:
        return importlib.metadata.version(package)
    except importlib.metadata.PackageNotFoundError:
        return None


def _python() -> Finding:
    fine = OLDEST <= sys.version_info[:2] <= NEWEST
    remedy = "robocalc wants Python 3.11 to 3.13: make an environment with one of them"
    return Finding("python", fine, f"{platform.python_version()} at {sys.executable}", "" if fine else remedy)


def _package(name: str) -> Finding:
    have = version(name)
    return Finding(name, have is not None, have or "not installed", "" if have else f"pip install {name}")


def _bullet() -> Finding:
    have = {name: version(name) for name in BULLETS if version(name)}
    if len(have) == 2:
        remedy = "they are the same files: pip uninstall pybullet pybullet-arm64, then install one again"
        return Finding("pybullet", False, "both pybullet and pybullet-arm64", remedy)
    if not have or importlib.util.find_spec("pybullet") is None:
        remedy = (
            "planning, plots and the twin work without it; pip install pybullet (Linux x86_64, Python 3.11), "
            "else pip install pybullet-arm64==3.2.8"
        )
        return Finding("pybullet", False, "not installed", remedy)
    [(name, number)] = have.items()
    return Finding("pybullet", True, f"{number} ({name}, {BULLETS[name]})")


def _kernels():
    if version("numba") is None:
        return
    from sims.doctor.kernels import COMPILE_SECONDS, inspect

    cache = inspect()
    if cache.folder is None or not cache.writable:
        remedy = "kernels compile anew in every process: set NUMBA_CACHE_DIR to a folder that can be written"
        yield Finding("kernel cache", False, f"cannot be written: {cache.folder or 'no folder'}", remedy)
    else:
        yield Finding("kernel cache", True, str(cache.folder))
    remedy = f"the first run compiles them, once: about {COMPILE_SECONDS} s"
    state = "not compiled yet" if cache.cold else "compiled"
    yield Finding("kernels", None if cache.cold else True, state, remedy if cache.cold else "")


def _optional(name: str, why: str) -> Finding:
    have = version(name)
    return Finding(
        name, True if have else None, have or f"not installed ({why})", "" if have else f"pip install {name}"
    )


def _space() -> Finding:
    free = shutil.disk_usage(Path.cwd()).free
    fine = free > LITTLE_SPACE
    return Finding("disk", fine, f"{free / 1e9:.1f} GB free here", "" if fine else "free some space for run folders")
