"""Random URDF trees for the tests: branches, all joint kinds, odd axes, fixed joints and frames anywhere."""

import numpy as np


def inertial(rng) -> str:
    """A body that can exist: a cloud of points."""
    points = rng.normal(size=(6, 3)) * rng.uniform(0.05, 0.2)
    mass = rng.uniform(0.2, 3.0)
    points -= points.mean(axis=0)
    S = mass / 6 * points.T @ points
    J = np.trace(S) * np.eye(3) - S
    keys = ("ixx", "ixy", "ixz", "iyy", "iyz", "izz")
    six = (J[0, 0], J[0, 1], J[0, 2], J[1, 1], J[1, 2], J[2, 2])
    numbers = " ".join(f'{k}="{float(x)!r}"' for k, x in zip(keys, six, strict=True))
    return f'<inertial>{origin(rng, 0.1)}<mass value="{mass!r}"/><inertia {numbers}/></inertial>'


def origin(rng, size=0.4) -> str:
    xyz, rpy = rng.uniform(-size, size, 3), rng.uniform(-3, 3, 3)
    if rng.random() < 0.3:
        rpy = rng.choice([-np.pi / 2, 0, np.pi / 2], 3)
    return '<origin xyz="{} {} {}" rpy="{} {} {}"/>'.format(*(repr(float(x)) for x in (*xyz, *rpy)))


def axis(rng) -> str:
    if rng.random() < 0.5:
        a = np.zeros(3)
        a[rng.integers(3)] = rng.choice([-1.0, 1.0])
    else:
        a = rng.normal(size=3)
    return '<axis xyz="{} {} {}"/>'.format(*(repr(float(x)) for x in a))


def random_urdf(seed: int, links: int = 9, continuous: bool = True) -> str:
    """A URDF with a fixed base; some moving links carry no inertial of their own but a fixed part that has one."""
    rng = np.random.default_rng(seed)
    kinds = ["revolute", "prismatic", "fixed", *(["continuous"] if continuous else [])]
    text = ['<link name="base"/>']
    for i in range(links):
        kind = "revolute" if i == 0 else str(rng.choice(kinds))
        parent = "base" if i == 0 or rng.random() < 0.1 else f"link{rng.integers(max(0, i - 3), i)}"
        bare = kind != "fixed" and rng.random() < 0.2
        text.append(f'<link name="link{i}">{"" if bare else inertial(rng)}</link>')
        limit = "" if kind in ("fixed", "continuous") else '<limit lower="-2" upper="2" effort="50" velocity="3"/>'
        ends = f'<parent link="{parent}"/><child link="link{i}"/>'
        name = f"joint{rng.integers(1000):03d}_{i}"
        text.append(f'<joint name="{name}" type="{kind}">{origin(rng)}{ends}{axis(rng)}{limit}</joint>')
        if bare:
            text.append(f'<link name="part{i}">{inertial(rng)}</link>')
            ends = f'<parent link="link{i}"/><child link="part{i}"/>'
            text.append(f'<joint name="weld{i}" type="fixed">{origin(rng)}{ends}</joint>')
    return f'<robot name="random{seed}">{"".join(text)}</robot>'
