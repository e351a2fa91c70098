"""Where the files that a URDF names lie: beside it, in a package above it, in pybullet_data, on ROS_PACKAGE_PATH."""

import os
from functools import cache
from importlib.util import find_spec
from pathlib import Path


@cache
def pybullet_data() -> Path | None:
    """Folder of the pybullet_data package, found without importing it; None where it is not installed."""
    spec = find_spec("pybullet_data")
    return Path(spec.origin).parent if spec and spec.origin else None


def _folders(here: Path, packages):
    """Folders that a relative or package path may start from, nearest first."""
    yield from (Path(p) for p in packages)
    yield here
    yield from here.parents
    data = pybullet_data()
    if data is not None:
        yield from (data, data.parent)
    yield from (Path(p) for p in os.environ.get("ROS_PACKAGE_PATH", "").split(os.pathsep) if p)


def find_mesh(file: str, here: Path, packages=()):
    """(path, what was tried): the file that `file` names, seen from folder `here`; path is None where there is none.

    Understands plain paths, `file://` and `package://name/...` where the folder `name`, or what it stands for, is
    beside the URDF, above it, in `packages`, in pybullet_data or on ROS_PACKAGE_PATH.
    """
    kind, _, rest = file.rpartition("://")
    if kind == "file" or (not kind and Path(rest).is_absolute()):
        path = Path(rest)
        return (path if path.is_file() else None), str(path)
    if kind not in ("", "package", "model"):
        return None, f"{kind}:// (only file, package and model are understood)"
    inside = Path(*Path(rest).parts[1:]) if kind and len(Path(rest).parts) > 1 else None
    for folder in _folders(here, packages if kind else ()) if kind else (here,):
        if (folder / rest).is_file():
            return (folder / rest).resolve(), ""
        if inside is not None and folder.name == Path(rest).parts[0] and (folder / inside).is_file():
            return (folder / inside).resolve(), ""
    return None, f"{here / rest}" + (" and the folders above it, pybullet_data and ROS_PACKAGE_PATH" if kind else "")
