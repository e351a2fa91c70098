"""How a Plan shows itself in notebooks."""

import html

import numpy as np

from robocalc.trajectory.show import POINTS, curves, table, trajectory


def plan(found) -> str:
    """Status, figures, what is broken or could give way; plots of motion and inputs."""
    rows = [("cost", found.cost), ("duration [s]", found.duration), ("iterations", found.iterations or None)]
    parts = [f"<p><strong>{html.escape(found.status.value)}</strong></p>"]
    if any(value is not None for _, value in rows):
        parts.append(table([row for row in rows if row[1] is not None]))
    parts += [_list(things) for things in (found.violations, found.conflicts, found.notes) if things]
    if found.trajectory is not None:
        parts.append(trajectory(found.trajectory))
    if found.inputs is not None and hasattr(found.inputs, "start"):
        t = np.linspace(found.inputs.start, found.inputs.end, 4 * POINTS)
        parts.append(curves(t, found.inputs(t), "inputs"))
    return "".join(parts)


def _list(things) -> str:
    return f"<ul>{''.join(f'<li>{html.escape(str(thing))}</li>' for thing in things)}</ul>"
