"""How things show themselves in notebooks: HTML with small drawings in SVG, which need no library, script or network.

curves       lines over an axis, as SVG
table        rows as an HTML table
trajectory   position, velocity, acceleration and jerk of a Trajectory
"""

import html
import math

import numpy as np

COLOURS = ("#0072b2", "#d55e00", "#008f68", "#b04a86", "#a67700", "#2f9fd0", "#4b3f9e", "#7a2038", "#4d5761")
WIDTH, HEIGHT, LEFT, TOP, BOTTOM, RIGHT = 460, 150, 58, 20, 18, 8  # pixels
POINTS = 240  # of one line
ORDERS = (  # joints that turn | joints that slide
    ("position", "rad | m"),
    ("velocity", "rad/s | m/s"),
    ("acceleration", "rad/s² | m/s²"),
    ("jerk", "rad/s³ | m/s³"),
)


def curves(x, values, title, *, unit="", labels=(), over="t [s]", marks=False) -> str:
    """An SVG of values (N, n), or (N,), over x (N,); NaN are gaps, `marks` draws points in place of lines.

    Lines of more than POINTS samples are drawn by the lowest and the highest of each stretch: no peak is lost.
    """
    x, values = np.asarray(x, float), np.asarray(values, float)
    values = values[:, None] if values.ndim == 1 else values
    box = (_span(x), _span(values))
    lines = [_line(*_thinned(x, column), COLOURS[i % 9], box, marks) for i, column in enumerate(values.T)]
    (left, right), (low, high) = box
    name = html.escape(f"{title} [{unit}]" if unit else title)
    texts = [
        _text(LEFT, TOP - 7, name, "start"),
        _text(LEFT - 4, TOP + 8, f"{high:.4g}"),
        _text(LEFT - 4, HEIGHT - BOTTOM, f"{low:.4g}"),
        _text(LEFT, HEIGHT - 5, f"{left:.4g}", "start"),
        _text(WIDTH - RIGHT, HEIGHT - 5, f"{right:.4g}  {html.escape(over)}"),
    ]
    frame = (
        f'<rect x="{LEFT}" y="{TOP}" width="{WIDTH - LEFT - RIGHT}" height="{HEIGHT - TOP - BOTTOM}" '
        'fill="none" stroke="currentColor" stroke-opacity="0.25"/>'
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" role="img" '
        f'aria-label="{name}" style="max-width:100%;font:11px sans-serif" fill="currentColor">'
        f"{frame}{''.join(lines)}{''.join(texts)}</svg>{_legend(labels)}"
    )


def table(rows, head=()) -> str:
    """Rows of cells as an HTML table; numbers in five digits, everything escaped."""
    top = f"<thead><tr>{''.join(f'<th>{_cell(c)}</th>' for c in head)}</tr></thead>" if head else ""
    body = "".join(f"<tr>{''.join(f'<td>{_cell(c)}</td>' for c in row)}</tr>" for row in rows)
    return f"<table>{top}<tbody>{body}</tbody></table>"


def trajectory(motion, labels=()) -> str:
    """Plots of a Trajectory and its derivatives; labels (n,) of the joints."""
    t = np.linspace(motion.start, motion.end, 4 * POINTS)
    names = tuple(labels) or tuple(f"{i + 1}" for i in range(motion.n) if motion.n <= 12)
    parts, most = [f"<p>{html.escape(repr(motion))}</p>"], min(len(ORDERS), motion.order)
    for order, (name, unit) in enumerate(ORDERS[:most]):
        parts.append(curves(t, motion(t, order), name, unit=unit, labels=names if order == most - 1 else ()))
    return "".join(parts)


# parts --------------------------------------------------------------------------------------------------------------


def _span(x):
    """(low, high) of the finite values, never empty."""
    finite = x[np.isfinite(x)]
    low, high = (float(finite.min()), float(finite.max())) if finite.size else (0.0, 1.0)
    room = 0.0 if high > low else max(1e-9, 0.05 * abs(high))
    return low - room, high + room


def _thinned(x, y):
    """The same curve in at most 2 POINTS samples."""
    if len(x) <= 2 * POINTS:
        return x, y
    kept = []
    for stretch in np.array_split(np.arange(len(x)), POINTS):
        if np.isfinite(y[stretch]).any():
            kept += sorted({int(stretch[np.nanargmin(y[stretch])]), int(stretch[np.nanargmax(y[stretch])])})
        else:
            kept.append(int(stretch[0]))
    return x[kept], y[kept]


def _line(x, y, colour, box, marks) -> str:
    (left, right), (low, high) = box
    px = LEFT + (x - left) / (right - left) * (WIDTH - LEFT - RIGHT)
    py = TOP + (high - y) / (high - low) * (HEIGHT - TOP - BOTTOM)
    there = np.isfinite(px) & np.isfinite(py)
    if marks:
        return "".join(
            f'<circle cx="{a:.1f}" cy="{b:.1f}" r="2" fill="{colour}"/>' for a, b in zip(px[there], py[there])
        )
    pieces = np.split(np.arange(len(px)), np.flatnonzero(~there))
    drawn = []
    for piece in pieces:
        points = " ".join(f"{px[k]:.1f},{py[k]:.1f}" for k in piece if there[k])
        drawn.append(f'<polyline points="{points}" fill="none" stroke="{colour}" stroke-width="1.3"/>')
    return "".join(drawn)


def _text(x, y, text, anchor="end") -> str:
    return f'<text x="{x}" y="{y}" text-anchor="{anchor}">{text}</text>'


def _legend(labels) -> str:
    keys = (
        f'<span style="color:{COLOURS[i % 9]};margin-right:1em">━ {html.escape(str(label))}</span>'
        for i, label in enumerate(labels)
    )
    return f'<div style="font:11px sans-serif">{"".join(keys)}</div>' if labels else ""


def _cell(x) -> str:
    if isinstance(x, float | np.floating):
        return "–" if math.isnan(x) else f"{x:.5g}"
    return html.escape(str(x))
