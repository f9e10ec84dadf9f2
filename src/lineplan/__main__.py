"""Entry point; answers ``--version`` before anything heavy is imported."""

from __future__ import annotations

import sys


def main() -> None:
    """Run the command line."""
    if sys.argv[1:] == ["--version"]:
        from lineplan import __version__

        try:
            print(f"lineplan {__version__}", flush=True)
        except OSError as fault:
            sys.exit(f"lineplan: standard output: {fault.strerror}")
        return
    from lineplan.cli import run

    sys.exit(run())


if __name__ == "__main__":
    main()
