"""The scenario library as a page: a picture, the story and the tags of each scenario, theme by theme.

gallery     folder of scenarios -> Gallery(markdown, pictures)
verdicts    of the JUnit file of `robocalc check --run` -> {(theme, file's stem): (verdict, why)}
portrait    one scenario's picture as it begins, by PyBullet's software renderer
"""

import html
import io
from pathlib import Path
from typing import NamedTuple
from xml.etree import ElementTree

import numpy as np

from robocalc.errors import EngineUnavailable, RobocalcError
from sims.build import start_of, true_robot
from sims.build_world import world_shapes
from sims.engines.bullet import Bullet
from sims.report.bodies import body_poses, tool_poses
from sims.report.video import HALF_VIEW
from sims.scenario import Scenario

SIZE = (400, 300)  # pixels
QUALITY = 82  # of JPEG
PITCH, YAWS = -24.0, (50.0, -50.0, 130.0, -130.0)  # [deg] of the camera
SIDES = np.array([[-1, -1, -1], [1, 1, 1]])  # about a robot that flies or rolls
WORDS = {"swing_up": "Swing-up", "first": "Where to begin"}


class Gallery(NamedTuple):
    """markdown: the page; pictures: file name -> JPEG, which the page looks for in the folder `gallery`."""

    markdown: str
    pictures: dict


def verdicts(file) -> dict:
    """{(folder, file's stem): (verdict, sentence)} of a JUnit file; empty where there is none that can be read."""
    try:
        cases = ElementTree.parse(file).getroot().iter("testcase")
    except (OSError, ElementTree.ParseError):
        return {}
    found = {}
    for case in cases:
        place, problem = Path(case.get("classname", "")), next(iter(case), None)
        told = ("accepted", "") if problem is None else (problem.get("type", ""), problem.get("message", ""))
        found[place.parent.name, place.name] = told
    return found


def gallery(folder, known=None) -> Gallery:
    """Page and pictures of every scenario below a folder; one that cannot be read or drawn says so in its place.

    known   `verdicts` of its last check, shown with each; None: none
    """
    known = known or {}
    themes, pictures = {}, {}
    for path in sorted(Path(folder).rglob("*.yaml"), key=lambda file: file.stem):
        if path.parent.name == "studies":
            continue
        theme = "first" if path.parent == Path(folder) else path.parent.name
        card, picture = _card(path, known.get((path.parent.name, path.stem)))
        themes.setdefault(theme, []).append(card)
        if picture is not None:
            pictures[f"{path.stem}.jpg"] = picture
    return Gallery(_page(themes, known), pictures)


def _page(themes, known) -> str:
    count = sum(map(len, themes.values()))
    about = (
        f"The {count} scenarios that come with robocalc. Each is a test as well: it is run and held to its own bounds."
    )
    parts = ["# Gallery", about, "Run one by its name: `robocalc run NAME`."]
    if not known:
        parts.append("After `make library`, which runs them all, each shows here what its last check said.")
    for theme in sorted(themes, key=lambda name: (name != "first", name)):
        cards = "\n".join(themes[theme])
        parts += [f"## {WORDS.get(theme, theme.capitalize())}", f'<div class="gallery">\n{cards}\n</div>']
    return "\n\n".join(parts) + "\n"


def _card(path, verdict):
    """(HTML, JPEG or None) of one scenario; verdict: (word, sentence) or None."""
    try:
        scenario = Scenario.load(path)
        picture, note = portrait(scenario), ""
    except EngineUnavailable as error:
        picture, note = None, str(error)
    except RobocalcError as error:
        text = html.escape(str(error))
        return f"<div><strong>{html.escape(path.stem)}</strong><p>cannot be read: {text}</p></div>", None
    name, robot = html.escape(path.stem), html.escape(scenario.robot.model or Path(scenario.robot.file).name)
    shown = f'<img src="gallery/{name}.jpg" alt="{name} as it begins">' if picture else f"<p>{html.escape(note)}</p>"
    laws = f"{robot}, {html.escape(scenario.planner.type)}, {html.escape(scenario.controller.type)}"
    tags = html.escape(", ".join(scenario.tags))
    story = html.escape(" ".join(scenario.description.split()))
    held = _held(scenario.accept, verdict)
    return f"<div>{shown}<strong>{name}</strong><p>{story}</p><p><em>{laws}</em><br>{tags}</p>{held}</div>", picture


def _held(accept, verdict) -> str:
    """The bounds as a list, headed by what the last check said."""
    rows = []
    for metric, bound in accept.items():
        sides = [f"{sign} {x:g}" for sign, x in (("≥", bound.min), ("≤", bound.max)) if x is not None]
        rows.append(f"<li>{html.escape(metric)} {', '.join(sides)}</li>")
    word, why = verdict or ("", "")
    head = f'<span class="{"good" if word == "accepted" else "bad"}">{html.escape(word)}</span>' if word else ""
    head += f" {html.escape(why)}" if why else ""
    count = f"{len(rows)} bound{'' if len(rows) == 1 else 's'}"
    listed = f"<details><summary>{count}</summary><ul>{''.join(rows)}</ul></details>" if rows else ""
    return (f"<p>{head}</p>" if head else "") + listed


def portrait(scenario) -> bytes:
    """JPEG of robot and world at the start.

    raises   EngineUnavailable without PyBullet, or without Pillow, which comes with matplotlib
    """
    try:
        from PIL import Image
    except ImportError:
        raise EngineUnavailable("a picture needs Pillow: pip install pillow") from None
    robot, world = true_robot(scenario), world_shapes(scenario)
    q, _ = start_of(scenario, robot)
    with Bullet(robot, scenario.sim.timestep, world=world, visuals=True) as plant:
        plant.reset(q)
        middle, reach, yaw = _view(robot, q, world)
        image = plant.picture(*SIZE, target=middle, distance=1.2 * reach / HALF_VIEW, yaw=yaw, pitch=PITCH)
    out = io.BytesIO()
    Image.fromarray(image).save(out, "JPEG", quality=QUALITY)
    return out.getvalue()


def _view(robot, q, world):
    """(middle (3,), half of the extent [m], yaw [deg]) from where the robot is not behind what stands around it."""
    tool = tool_poses(robot, q[None])[:, :3, 3]
    points, near = np.concatenate([body_poses(robot, q[None])[..., :3].reshape(-1, 3), tool, [robot.base.p]]), 2.0
    if robot.thrusters or robot.tree.tyres:  # it is where its tool is; the other bodies only carry its joints
        half, near = (0.5, 6.0) if robot.tree.tyres else (0.07, 30.0)
        points = tool + half * SIDES
    size = max(0.15, float(np.ptp(points, axis=0).max()))
    things = [np.array(shape.position, float) for shape in world if type(shape).__name__ != "Plane"]
    free = [getattr(shape, "mass", 0) > 0 for shape in world if type(shape).__name__ != "Plane"]
    reach = near * size  # what moves freely is what the story is about, wherever it is
    shown = [x for x, moves in zip(things, free) if moves or np.linalg.norm(x - points.mean(axis=0)) < reach]
    things = np.array(shown).reshape(-1, 3)
    low, high = (pick(np.concatenate([points, things]), axis=0) for pick in (np.min, np.max))
    middle = (low + high) / 2
    beside = (things - points.mean(axis=0))[:, :2]
    yaw = min(YAWS, key=lambda yaw: float((beside @ _towards(yaw)).max(initial=0.0).round(2)))
    return middle, max(0.15, float(np.linalg.norm(high - low)) / 2), yaw


def _towards(yaw):
    """(2,) unit vector from what is looked at to the camera."""
    return np.array([np.sin(np.deg2rad(yaw)), -np.cos(np.deg2rad(yaw))])
