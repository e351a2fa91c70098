"""Code blocks of a Markdown page, and running them: what tests/test_docs.py is made of.

blocks      the fenced blocks of a page
Page        a page's blocks run in their order, in one folder, with one Python namespace

python             run; with `title="file.py"` written, to be run by `python file.py` in a later block
sh                 each line run: `robocalc` in this process; COMMANDS says what the others mean
yaml               with a title written; else it must be a scenario's, a part of one, or a study
text               must be what the block before it printed; ... stands for anything
xml, json          with a title written

`<!-- test: with "A" as "B" -->` above a block runs it with B instead of A; `<!-- test: exit 1 -->` expects that code.
"""

import contextlib
import doctest
import io
import os
import re
import shlex
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

import yaml

ROOT = Path(__file__).resolve().parent.parent
FENCE = re.compile(r"^```(\w*)[ \t]*(.*?)\n(.*?)^```$", re.DOTALL | re.MULTILINE)
NOTE = re.compile(r"<!-- test: (.*?) -->\s*$")
SWAP = re.compile(r'with "(.+?)" as "(.*?)"')
SAME = doctest.ELLIPSIS | doctest.NORMALIZE_WHITESPACE


class Block(NamedTuple):
    language: str
    title: str | None
    code: str
    exit_code: int
    line: int


def blocks(text):
    """The fenced blocks of a page, as they are to be run."""
    for found in FENCE.finditer(text):
        language, rest, code = found.groups()
        title = re.search(r'title="(.+?)"', rest)
        note = NOTE.search(text[: found.start()].rstrip())
        note = note[1] if note else ""
        for old, new in SWAP.findall(note):
            assert old in code, f"nothing to replace: {old!r} is not in {code!r}"
            code = code.replace(old, new)
        wanted = re.search(r"exit (\d)", note)
        line = text.count("\n", 0, found.start()) + 1
        yield Block(language, title and title[1], code, int(wanted[1]) if wanted else 0, line)


class Page:
    """Runs blocks in the current folder; `ran` counts them."""

    def __init__(self, name):
        self.name, self.space, self.printed, self.ran, self.later = name, {"__name__": name}, "", 0, set()

    def run(self, block: Block):
        place = f"{self.name}:{block.line}"
        if block.title:
            Path(block.title).parent.mkdir(parents=True, exist_ok=True)
            Path(block.title).write_text(block.code, encoding="utf-8")
            self.later |= {block.title} if block.language == "python" else set()
        if block.language not in RUN:
            assert block.title, f"{place}: nothing runs a block of {block.language or 'no language'}"
        else:
            RUN[block.language](self, block, place)
        self.ran += 1

    def python(self, block, place):
        if not block.title:
            with contextlib.redirect_stdout(io.StringIO()) as out:
                exec(compile("\n" * block.line + block.code, place, "exec", dont_inherit=True), self.space)
            self.printed = out.getvalue()

    def shell(self, block, place):
        self.printed, code = "", 0
        for line in block.code.replace("\\\n", " ").splitlines():
            for words in commands(line):
                assert code == 0, f"{place}: exit code {code} before {words}\n{self.printed}"
                assert words[0] in COMMANDS, f"{place}: no test knows what {words[0]!r} does"
                target = words.pop(words.index(">") + 1) if ">" in words else None
                code, printed = COMMANDS[words[0]](self, [w for w in words[1:] if w != ">"])
                if target:
                    Path(target).write_text(printed, encoding="utf-8")
                else:
                    self.printed += printed
        assert code == block.exit_code, f"{place}: exit code {code}, wanted {block.exit_code}\n{self.printed}"

    def text(self, block, place):
        same = doctest.OutputChecker().check_output(block.code, self.printed, SAME)
        assert same, f"{place}: the page says\n{block.code}\nand it is\n{self.printed}"

    def yaml(self, block, place):
        if block.title is None:
            check_yaml(yaml.safe_load(block.code), place)


def commands(line):
    """The commands of a line, as words; comments and empty lines are none."""
    words, command = shlex.split(line.removeprefix("$ "), comments=True), []
    for word in [*words, "&&"]:
        if word != "&&":
            command.append(word)
        elif command:
            yield command
            command = []


def check_yaml(data, place):
    """Raises unless it is a scenario, keys that a scenario may have, or a study."""
    from sims.scenario import Scenario
    from sims.scenario.starter import starter
    from sims.tune import StudyFile

    if "study" in str(data.get("format", "")):
        StudyFile.model_validate(data)
        return
    base = {} if "task" in data else yaml.safe_load(starter("fragment", "fragment.yaml"))
    assert Scenario.of({**base, **data}), place


# commands -----------------------------------------------------------------------------------------------------------


def robocalc(page, words):
    from sims.cli import main

    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as told:
        code = main(words)
    return code, out.getvalue() + (told.getvalue() if code else "")  # else it is progress


def python(page, words):
    page.later.discard(words[0])
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, timeout=300, env=dict(os.environ))
    return done.returncode, done.stdout + done.stderr


def make(page, words):
    """What make would do; `make demo` is done."""
    done = subprocess.run(["make", "-n", *words], cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    return robocalc(page, ["demo"]) if words == ["demo"] else (0, "")


def pip(page, words):
    """The extras that are named must be there."""
    import tomllib

    extras = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["optional-dependencies"]
    for name in re.findall(r"\[(.+?)\]", " ".join(words)):
        assert set(name.split(",")) <= set(extras), f"no extra {name!r}"
    return 0, ""


def sbatch(page, words):
    """The script must be one that bash can read."""
    return subprocess.run(["bash", "-n", words[0]], timeout=60).returncode, ""


def kubectl(page, words):
    """The file must be YAML of Kubernetes objects."""
    assert all("kind" in item for item in yaml.safe_load_all(Path(words[-1]).read_text(encoding="utf-8")))
    return 0, ""


def elsewhere(page, words):
    """Of the user's shell, and nothing of ours."""
    return 0, ""


COMMANDS = {
    "robocalc": robocalc,
    "python": python,
    "make": make,
    "pip": pip,
    "sbatch": sbatch,
    "kubectl": kubectl,
    "git": elsewhere,
    "cd": elsewhere,
}
RUN = {"python": Page.python, "sh": Page.shell, "text": Page.text, "yaml": Page.yaml}
