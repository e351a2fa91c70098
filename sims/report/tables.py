"""The page's tables as HTML, every text escaped: readable without a script, by a screen reader too."""

import html
import math


def number(value) -> str:
    """A figure with four digits that count; what is no number says so."""
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        return html.escape(str(value))
    if not math.isfinite(value):
        return "not reached" if math.isnan(value) else ("∞" if value > 0 else "\u2212∞")
    if value == 0 or 1e-3 <= abs(value) < 1e6:
        text = f"{value:.4g}" if abs(value) < 1e3 else f"{value:.0f}"
    else:
        text = f"{value:.2e}"
    return text.replace("-", "\u2212")


def unit(name) -> str:
    """The unit as the page shows it: nothing for a plain number."""
    return "" if name in ("-", "1") else html.escape(name)


def moment(time) -> str:
    """A button that shows the moment, or nothing where there is none."""
    if time is None or not math.isfinite(time):
        return ""
    return (
        f'<button type="button" data-time="{time!r}" aria-label="{time:.2f} s: show this moment">{time:.2f} s</button>'
    )


def _section(key, title, body):
    head = f'<section id="{key}" aria-labelledby="{key}-title"><h2 id="{key}-title">{title}</h2>'
    return f'{head}<div class="scroll">{body}</div></section>'


def acceptance_table(rows) -> str:
    if not rows:
        return _section("acceptance", "Acceptance", '<p class="hint">The scenario sets no thresholds.</p>')
    body = "".join(
        f'<tr class="{"good" if row.ok else "bad"}"><td class="mark">{"✓ met" if row.ok else "✗ missed"}</td>'
        f'<th scope="row">{html.escape(row.metric)}</th>'
        f'<td class="number">{number(row.value)} {unit(row.unit)}</td>'
        f'<td class="number">{html.escape(row.bound)}</td><td>{moment(row.time)}</td></tr>'
        for row in rows
    )
    head = (
        '<thead><tr><th scope="col">Result</th><th scope="col">Metric</th><th scope="col" class="number">Measured</th>'
        '<th scope="col" class="number">Wanted</th><th scope="col">Worst at</th></tr></thead>'
    )
    return _section("acceptance", "Acceptance", f"<table>{head}<tbody>{body}</tbody></table>")


def metrics_table(rows) -> str:
    if not rows:
        return ""
    body = "".join(
        f'<tr><th scope="row">{html.escape(row.name)}<small>{html.escape(row.meaning)}</small></th>'
        f'<td class="number">{number(row.value)}</td><td>{unit(row.unit)}</td>'
        f"<td>{moment(row.time)}</td></tr>"
        for row in rows
    )
    head = (
        '<thead><tr><th scope="col">Metric</th><th scope="col" class="number">Value</th><th scope="col">Unit</th>'
        '<th scope="col">Worst at</th></tr></thead>'
    )
    return _section("metrics", "Metrics", f"<table>{head}<tbody>{body}</tbody></table>")


def versions_table(versions) -> str:
    if not versions:
        return ""
    body = "".join(
        f'<tr><th scope="row">{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>'
        for name, value in _flat(versions)
    )
    return _section("versions", "Versions and hashes", f"<table><tbody>{body}</tbody></table>")


def _flat(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def notes_list(notes) -> str:
    return '<ul class="notes">' + "".join(f"<li>{html.escape(n)}</li>" for n in notes) + "</ul>" if notes else ""
