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


def section(key, title, body):
    head = f'<section id="{key}" aria-labelledby="{key}-title"><h2 id="{key}-title">{title}</h2>'
    return f'{head}<div class="scroll">{body}</div></section>'


def acceptance_table(rows) -> str:
    if not rows:
        return section("acceptance", "Acceptance", '<p class="hint">The scenario sets no thresholds.</p>')
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
    return section("acceptance", "Acceptance", f"<table>{head}<tbody>{body}</tbody></table>")


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
    return section("metrics", "Metrics", f"<table>{head}<tbody>{body}</tbody></table>")


def budget_table(budget) -> str:
    """Where the tracking error comes from, in words and figures; nothing where it is not known."""
    if budget is None:
        return ""
    words = "".join(f"<p>{html.escape(text)}</p>" for text in (budget.sentence, *budget.notes))
    if not budget.rows:
        return section("budget", "Where the error comes from", words)
    body = "".join(_cause(row, budget) for row in budget.rows)
    body += (
        '<tr class="sum"><th scope="row">none of these</th>'
        f'<td class="number">{_left(budget.exact, budget.unit)}</td><td class="number"></td>'
        f"<td>{_bar(budget.exact, budget.twin)}</td></tr>"
    )
    head = (
        '<thead><tr><th scope="col">Cause</th><th scope="col" class="number">Left without it</th>'
        '<th scope="col" class="number">It alone makes</th><th scope="col">Share</th></tr></thead>'
    )
    hint = (
        '<p class="hint">Found by switching each cause off in the compiled twin. Shares do not add up: errors add as '
        "squares, and one cause may hide another.</p>"
    )
    return section("budget", "Where the error comes from", f"{words}<table>{head}<tbody>{body}</tbody></table>{hint}")


def _cause(row, budget):
    what = row.what[:1].upper() + row.what[1:]
    return (
        f'<tr><th scope="row">{html.escape(what)}</th>'
        f'<td class="number">{_left(row.without, budget.unit)}</td>'
        f'<td class="number">{_left(row.alone, budget.unit)}</td>'
        f"<td>{_bar(max(0.0, budget.twin - row.without), budget.twin)}</td></tr>"
    )


def _left(value, name):
    from sims.report.budget import say

    return html.escape(say(value, name) if math.isfinite(value) else "it diverges").replace("-", "\u2212")


def _bar(part, whole):
    share = 100 * min(1.0, part / whole) if whole > 0 and math.isfinite(part) else 0.0
    return (
        f'<svg class="bar" viewBox="0 0 100 8" role="img" aria-label="{share:.0f} %" preserveAspectRatio="none">'
        f'<rect width="{share:.1f}" height="8"></rect></svg>'
    )


def reasons_list(reasons) -> str:
    """Why there is no run to show."""
    if not reasons:
        return ""
    items = "".join(f"<li>{html.escape(reason)}</li>" for reason in reasons)
    return section("reasons", "Why there is no motion", f"<ul>{items}</ul>")


def versions_table(versions) -> str:
    if not versions:
        return ""
    body = "".join(
        f'<tr><th scope="row">{html.escape(str(name))}</th><td>{html.escape(str(value))}</td></tr>'
        for name, value in _flat(versions)
    )
    return section("versions", "Versions and hashes", f"<table><tbody>{body}</tbody></table>")


def _flat(values, prefix=""):
    for key, value in values.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", value


def notes_list(notes) -> str:
    return '<ul class="notes">' + "".join(f"<li>{html.escape(n)}</li>" for n in notes) + "</ul>" if notes else ""
