"""Which programs made a run."""

import platform
import sys
from importlib.metadata import PackageNotFoundError, version

PACKAGES = ("robocalc", "numpy", "scipy", "numba", "llvmlite", "pydantic", "matplotlib")
PHYSICS = ("pybullet", "pybullet-arm64")  # upstream, and the rebuild with bit-identical physics: never both


def package_version(name):
    """The installed version of a package without importing it; None if it is not there."""
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def collect_versions(robot=None, scenario=None, **hashes) -> dict:
    """Versions of what computed, and hashes of what was computed with.

    robot, scenario   objects with `.digest`        hashes   more of them, by name
    """
    found = {name: package_version(name) for name in PACKAGES}
    engine = next(((name, package_version(name)) for name in PHYSICS if package_version(name)), None)
    digests = {key: item.digest for key, item in (("robot", robot), ("scenario", scenario)) if hasattr(item, "digest")}
    return {
        **{name: value for name, value in found.items() if value},
        "pybullet": "not installed" if engine is None else f"{engine[1]} ({engine[0]})",
        "python": platform.python_version(),
        "implementation": sys.implementation.name,
        "platform": sys.platform,
        "machine": platform.machine(),
        "hashes": digests | {key: value for key, value in hashes.items() if value},
    }
