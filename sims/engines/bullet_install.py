"""How PyBullet gets onto this machine."""

import platform
import sys


def remedy():
    """How PyBullet is installed on this machine, in one sentence."""
    linux64 = sys.platform == "linux" and platform.machine() == "x86_64"
    version = sys.version_info[:2]
    other = "the twin engine (engine: twin) needs no PyBullet"
    if version >= (3, 14) or (sys.platform == "linux" and not linux64):
        where = f"Python {version[0]}.{version[1]} on {sys.platform} {platform.machine()}"
        fits = "Python 3.11 to 3.13 on Linux x86_64, macOS or Windows"
        return f"there is no PyBullet wheel for {where}: use {fits}, or {other}"
    package = "pybullet" if linux64 and version < (3, 12) else "pybullet-arm64"
    return f"install it: {sys.executable or 'python'} -m pip install {package}; or {other}"
