"""The `robocalc` command: it translates between a terminal and the library, and decides nothing.

main       entry point: runs a command, returns its exit code
commands   the commands (commands.py)
guard      errors as one line and an exit code (guard.py)
tables     results as text and as JSON (tables.py)
progress   a bar where work takes longer than a second (progress.py)
"""

import os
import sys

ONE_THREAD = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


def main(argv=None) -> int:
    """Run one command line (sys.argv by default) and return its exit code."""
    for name in ONE_THREAD:  # matrices here are small: threads only wait for each other, and may change the last bit
        os.environ.setdefault(name, "1")
    os.environ.setdefault("PYDANTIC_DISABLE_PLUGINS", "__all__")  # else it looks through all packages for some
    try:
        from sims.cli.guard import exit_code

        return exit_code(argv)
    except KeyboardInterrupt:
        print("robocalc: interrupted", file=sys.stderr)
        return 130
