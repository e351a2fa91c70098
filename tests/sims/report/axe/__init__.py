"""axe-core (MPL-2.0, axe.LICENSE.txt), for tests only: what a page bars people from, found in a browser.

serious    findings that axe-core calls serious or critical
"""

from pathlib import Path

SOURCE = Path(__file__).resolve().parent / "axe.min.js"
RUN = """
const done = arguments[arguments.length - 1];
axe.run(document, {resultTypes: ["violations"]}).then((found) => done(found.violations.map((v) =>
  ({id: v.id, impact: v.impact, help: v.help,
    nodes: v.nodes.map((n) => n.target.join(" ") + ": " + n.failureSummary)}))));
"""


def serious(browser):
    """[{id, impact, help, nodes}] of the page as it stands now."""
    if not browser.execute_script("return Boolean(window.axe)"):
        browser.execute_script(SOURCE.read_text(encoding="utf-8"))
    browser.set_script_timeout(120)
    return [v for v in browser.execute_async_script(RUN) if v["impact"] in ("serious", "critical")]
