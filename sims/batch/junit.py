"""Cases as JUnit XML, which every CI reads: no attribute but those that Jenkins' schema knows.

check_place   whether it can be written
write_junit   one testsuite; rejected, infeasible, diverged and unsteady are failures, crashes and bad files errors
"""

import re
from pathlib import Path
from xml.etree import ElementTree

from robocalc.errors import InvalidInput

FAILURES = ("rejected", "infeasible", "diverged", "unsteady")
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")  # in XML 1.0


def check_place(path) -> Path:
    """The path, if a file can be there; raises InvalidInput. Before the work, not after it."""
    path = Path(path)
    if path.is_dir():
        raise InvalidInput(f"{path} is a folder; give the name of a file")
    if not path.parent.is_dir():
        raise InvalidInput(f"{path} cannot be written: no folder {path.parent}")
    there = path.exists()
    try:
        path.open("ab").close()
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror or error}") from None
    if not there:
        path.unlink()
    return path


def write_junit(path, cases, name="robocalc"):
    """Write `cases` (sims.batch.regression.Case); raises InvalidInput when the place cannot be written."""
    cases = list(cases)
    failures = sum(case.verdict in FAILURES for case in cases)
    errors = sum(not case.accepted for case in cases) - failures
    counts = {"tests": len(cases), "failures": failures, "errors": errors}
    about = {key: str(n) for key, n in counts.items()} | {"time": f"{sum(case.seconds for case in cases):.3f}"}
    root = ElementTree.Element("testsuites", name=name, **about)
    suite = ElementTree.SubElement(root, "testsuite", name=name, **about, skipped="0")
    for case in cases:
        words = {"classname": _clean(case.file.with_suffix("").as_posix()), "name": _clean(case.name)}
        entry = ElementTree.SubElement(suite, "testcase", **words, time=f"{case.seconds:.3f}")
        if not case.accepted:
            kind = "failure" if case.verdict in FAILURES else "error"
            problem = ElementTree.SubElement(entry, kind, message=_clean(case.why), type=case.verdict)
            problem.text = _clean(case.why)
    ElementTree.indent(root)
    try:
        Path(path).write_bytes(ElementTree.tostring(root, encoding="utf-8", xml_declaration=True) + b"\n")
    except OSError as error:
        raise InvalidInput(f"{path} cannot be written: {error.strerror or error}") from None


def _clean(text) -> str:
    return _FORBIDDEN.sub("?", str(text))
