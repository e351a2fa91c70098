"""Errors as one line on stderr and an exit code: 0 accepted, 1 not accepted, 2 bad scenario or usage, 3 infeasible,
4 diverged or crashed, 130 interrupted. A traceback is shown to nobody who did not ask (ROBOCALC_TRACEBACK=1).

    guarded     a command that ends so
    exit_code   of a whole command line
"""

import contextlib
import errno
import functools
import json
import os
import sys

import typer

from robocalc.errors import RobocalcError, ScenarioError

CRASHED = 4
INTERRUPTED = 130


def exit_code(argv=None) -> int:
    """Run the command line; its exit code."""
    try:
        from sims.cli.commands import app

        app(args=argv, prog_name="robocalc")
        return 0
    except SystemExit as end:
        code = end.code if isinstance(end.code, int) else int(end.code is not None)
    except KeyboardInterrupt:
        code = INTERRUPTED
    return _say("interrupted", code) if code == INTERRUPTED else code  # wherever it was, typer's own code included


def guarded(command):
    """The command with every error turned into a sentence and an exit code."""

    @functools.wraps(command)
    def run(*args, **kwargs):
        try:
            code = command(*args, **kwargs)
            sys.stdout.flush()
        except typer.Exit:
            raise
        except BaseException as error:
            if isinstance(error, (SystemExit, GeneratorExit)) or os.environ.get("ROBOCALC_TRACEBACK"):
                raise
            code = _failed(error, bool(kwargs.get("as_json")))
        raise typer.Exit(code or 0)

    return run


def _failed(error: BaseException, as_json: bool) -> int:
    if isinstance(error, BrokenPipeError):  # the reader (head, less) has seen enough
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0
    if isinstance(error, KeyboardInterrupt):
        return INTERRUPTED
    code, text = sentence(error)
    if as_json:
        problems = list(error.problems) if isinstance(error, ScenarioError) else [text]
        print(json.dumps({"error": text, "problems": problems, "exit_code": code}, indent=2))
    return _say(text, code, plain=isinstance(error, ScenarioError))


def sentence(error: BaseException) -> tuple[int, str]:
    """(exit code, what to tell the user)."""
    if isinstance(error, RobocalcError):
        return error.exit_code, str(error)
    if isinstance(error, MemoryError):
        return CRASHED, "out of memory"
    if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
        return CRASHED, f"no space left on the disk{f' for {error.filename}' if error.filename else ''}"
    if isinstance(error, OSError) and error.filename:
        return 2, f"{error.filename}: {error.strerror}"
    kind = f"{type(error).__name__}: {' '.join(str(error).split())}"
    return CRASHED, f"internal error, please report it: {kind} (ROBOCALC_TRACEBACK=1 shows where)"


def _say(text: str, code: int, plain: bool = False) -> int:
    with contextlib.suppress(OSError):
        print(text if plain else f"robocalc: {text}", file=sys.stderr)
    return code
