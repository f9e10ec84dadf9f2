"""The command line: parse, call, write. Data goes to stdout, words to stderr.

A command imports what it needs when it runs, so that ``lineplan -h`` is quick.
"""

from __future__ import annotations

import io
import sys
from typing import Annotated

import typer

from lineplan import __version__
from lineplan.cli import compare, data, figures, files, plans, series
from lineplan.cli.output import say
from lineplan.errors import LineplanError, UsageError

app = typer.Typer(
    name="lineplan",
    help="Turn the territorial words of a peace proposal into a map that can be checked.\n\n"
    "The tool shows what a text would do, never what should be. Without options every command "
    "works on the embedded plan (Point 21 of the 28-point draft of November 2025), the embedded "
    "units and the embedded line of 2025-11-20.",
    epilog="Start with:  lineplan map   ·   lineplan areas   ·   lineplan locate 37.57 48.73",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)
# In the order of the help.
app.command("map")(files.map_command)
app.command("figure")(files.figure)
app.command("report")(files.report)
app.command("areas")(figures.areas)
app.command("places")(figures.places)
app.command("locate", context_settings={"ignore_unknown_options": True})(figures.locate)
app.command("compare")(compare.compare_command)
app.command("timeline")(series.timeline_command)
app.command("export")(files.export)
app.add_typer(plans.app, name="plans")
app.add_typer(data.app, name="data")


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Show the version.")] = False,
) -> None:
    if version:
        print(f"lineplan {__version__}")
        raise typer.Exit


def run(arguments: list[str] | None = None) -> int:
    """Run the command line and return its exit status."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):  # names in four scripts, on any console
            stream.reconfigure(errors="backslashreplace")
    try:
        return int(app(args=arguments, standalone_mode=True) or 0)
    except SystemExit as stop:
        return int(stop.code or 0) if not isinstance(stop.code, str) else 1
    except UsageError as fault:
        say(f"lineplan: {fault}")
        return 2
    except LineplanError as fault:
        for line in str(fault).splitlines():
            say(f"lineplan: {line}")
        return 1
    except BrokenPipeError:
        # The reader of a pipe (head, less) has gone; that is no fault of ours.
        sys.stderr.close()
        return 0
    except OSError as fault:
        say(f"lineplan: {fault.filename or 'output'}: {fault.strerror or fault}")
        return 1
