"""Output to the terminal; no other module of the package writes there.

Names of places, columns and files, arguments and errors are not trusted. Control characters (escape
sequences, bidirectional overrides) are shown as an escape such as ``\\x1b``, and rich gets plain
text: ``[/b]`` is a name, not markup.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
import re
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import IO, TYPE_CHECKING, Any

from geo_risk._core.secrets import without_secrets

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress
    from rich.text import Text

__all__ = [
    "Told",
    "closing",
    "draw_table",
    "drawn_progress",
    "is_watched",
    "one_line",
    "opening",
    "say",
    "shown_text",
    "spinner",
    "standard_input",
    "standard_output",
    "visible",
    "visible_json",
]

# C0, DEL and C1; invisible marks and separators; overrides and isolates of direction; stand-ins
# for bytes of file names; tags. What Persian and Arabic need stays: ZWNJ, ZWJ, LRM, RLM.
_OBEYED = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u034f\u180e\u200b\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\U000e0000-\U000e0fff]"
)
_WIDTH = 160  # of a table if there is no terminal
_END = 100  # characters that a table shows of each end of a long text


def visible(text: object) -> str:
    """Text in one line, with escapes in place of control characters."""
    return _OBEYED.sub(_escape, str(text))


def _escape(found: re.Match[str]) -> str:
    named = {"\n": "\\n", "\r": "\\r", "\t": "\\t"}
    code = ord(found[0])
    if code > 0xFFFF:
        return f"\\U{code:08x}"
    return named.get(found[0]) or (f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}")


def visible_json(text: str) -> str:
    """JSON with the same meaning, with escapes in place of control characters."""
    return "\n".join(
        _OBEYED.sub(lambda found: json.dumps(found[0])[1:-1], line) for line in text.split("\n")
    )


def one_line(text: object) -> str:
    """Text of several lines in one line."""
    return " ".join(str(text).splitlines())


def say(text: object = "", *, err: bool = False) -> None:
    """Print one line; on standard error without the secrets in URLs."""
    if err:
        with contextlib.suppress(OSError, ValueError, AttributeError):  # it is closed
            sys.stderr.write(visible(without_secrets(str(text))) + "\n")
            sys.stderr.flush()
    else:
        standard_output().write(visible(text) + "\n")


class Told(logging.Handler):
    """Handler that writes log records to standard error."""

    def emit(self, record: logging.LogRecord) -> None:
        """Print a record, and the traceback of an error."""
        try:
            say(record.getMessage(), err=True)
        except Exception:
            self.handleError(record)
        if record.exc_info:
            for line in "".join(traceback.format_exception(*record.exc_info)).splitlines():
                say(line, err=True)


def opening() -> None:
    """Make the standard streams the same everywhere: UTF-8, ``\\n``, and no free descriptor.

    If a stream is closed, a file that is opened later would get its descriptor, and text that a
    library prints would be written into that file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free descriptor
    if sys.stdout is not None and hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace", newline="\n")


def closing(code: int) -> int:
    """Flush standard output; return the exit code, or another one if that fails."""
    try:
        if sys.stdout is not None:
            sys.stdout.flush()
    except BrokenPipeError:
        _to_nobody()
        return code or 1
    except OSError as error:
        _to_nobody()
        say(f"geo-risk: standard output cannot be written: {error}", err=True)
        return code or 2
    return code


def _to_nobody() -> None:
    """Discard pending output, since otherwise Python reports an error at exit."""
    with contextlib.suppress(OSError, ValueError, AttributeError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def standard_input() -> IO[bytes]:
    """Bytes of standard input."""
    if sys.stdin is None:
        raise ValueError("Standard input is closed: name a file of events.")
    if sys.stdin.isatty():
        say("Reading events from the terminal; end with Ctrl-D.", err=True)
    return sys.stdin.buffer


def standard_output() -> IO[str]:
    """Stream for results; a terminal gets escapes in place of control characters."""
    if sys.stdout is None:
        raise ValueError(
            "Standard output is closed: name a file with --out, or send it to /dev/null."
        )
    if sys.stdout.isatty():
        return _Shown()  # type: ignore[return-value]
    return sys.stdout


class _Shown:
    """The terminal as a file for text of several lines."""

    def write(self, text: str) -> int:
        """Show text."""
        sys.stdout.write("\n".join(visible(line) for line in text.split("\n")))
        return len(text)

    def flush(self) -> None:
        """Show it now."""
        sys.stdout.flush()

    def __iter__(self) -> Iterator[str]:  # pandas requires this of a file
        return iter(())


def is_watched() -> bool:
    """Whether standard error is a terminal."""
    return sys.stderr is not None and sys.stderr.isatty()


def shown_text(text: object) -> Text:
    """Text for rich, without markup."""
    from rich.text import Text

    return Text(visible(text))


def draw_table(title: str, names: Sequence[object], rows: Iterator[Sequence[object]]) -> None:
    """Draw a table on standard output, for people to read."""
    from rich.table import Table

    standard_output()
    drawn = Table(title=shown_text(title), title_justify="left", title_style="bold")
    for name in names:
        drawn.add_column(shown_text(name), overflow="fold")
    for row in rows:
        drawn.add_row(*(shown_text(_ends(str(cell))) for cell in row))
    console = _console()
    console.print()
    console.print(drawn)


def _ends(text: str) -> str:
    """A text; only its ends if it would fill the terminal."""
    return text if len(text) <= 2 * _END else f"{text[:_END]} … {text[-_END:]}"


def _console() -> Console:
    from rich.console import Console

    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _may_be_drawn() -> bool:
    """Whether rich might take standard error for a terminal; False spares importing it."""
    return is_watched() or bool({"FORCE_COLOR", "TTY_COMPATIBLE"} & os.environ.keys())


class _NoSpinner(contextlib.nullcontext["_NoSpinner"]):
    """A spinner where nobody is watching."""

    def __enter__(self) -> _NoSpinner:
        return self

    def update(self, text: str) -> None:
        """Draw nothing."""


def spinner(text: str) -> Any:
    """A spinner on standard error; nothing if that is not a terminal."""
    if not _may_be_drawn():
        return _NoSpinner()
    from rich.console import Console

    return Console(stderr=True).status(shown_text(text))


def drawn_progress(*columns: str, transient: bool, always: bool) -> Progress | None:
    """A progress bar on standard error, with text without markup; None if it would not be seen.

    `columns` are names of classes in `rich.progress`.
    """
    if not (always or _may_be_drawn()):
        return None
    from rich import progress
    from rich.console import Console

    console = Console(stderr=True)
    if not (always or console.is_terminal):  # rich before 15 ends a disabled bar with a new line
        return None
    text = progress.TextColumn("{task.description}", markup=False)
    others = (getattr(progress, name)() for name in columns)
    return progress.Progress(text, *others, console=console, transient=transient)
