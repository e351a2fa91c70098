"""The `robocalc` command: it translates between a terminal and the library, and decides nothing.

main       entry point: runs a command, returns its exit code
commands   the commands (commands.py)
guard      errors as one line and an exit code (guard.py)
tables     results as text and as JSON (tables.py)
progress   a bar where work takes longer than a second (progress.py)
"""

import sys


def main(argv=None) -> int:
    """Run one command line (sys.argv by default) and return its exit code."""
    try:
        from sims.cli.guard import exit_code

        return exit_code(argv)
    except KeyboardInterrupt:
        print("robocalc: interrupted", file=sys.stderr)
        return 130
