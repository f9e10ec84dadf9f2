"""Fetching registered sources: the only module that asks anything of a network.

Each file is taken through pooch, which checks it before it appears; the downloader given to it goes
on where an earlier one broke off. What is complete is written into the folder's index first and
moved into place then, so that a file that stands there is whole and the index knows it, whenever
the process is killed.
"""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pooch
import requests

from lineplan.control.fetched import INDEX, FetchedFile, Index, read_index
from lineplan.control.registry import RegisteredSource
from lineplan.errors import ControlError, LineplanError, UsageError
from lineplan.features import sha256_of_bytes

LOOK_BACK_DAYS = 14
"""How far back the latest day is looked for."""
TIMEOUT_S = 30.0
_STAGE = ".lineplan-fetch"
_PART, _ABOUT = ".part", ".part.json"
_CHUNK = 2**14
"""Of a transfer that breaks off, less than this is lost."""
_MOST_BYTES = 2**31
_GONE = (HTTPStatus.NOT_FOUND, HTTPStatus.GONE)
_RANGE = re.compile(r"bytes (\d+)-\d+/(\d+|\*)")


@dataclass
class Report:
    """What became of a fetch.

    Attributes
    ----------
    folder : Path
        Where the files are.
    files : list of str
        Names of the files that are there, of those asked for.
    fetched : list of str
        Those fetched now, whose bytes are new or were not there.
    missing : list of str
        Those that the source does not have (the server answers that there is no such file).
    notes : list of str
        What was gone on with, begun anew or replaced.
    size : int
        Bytes received.
    """

    folder: Path
    files: list[str] = field(default_factory=list)
    fetched: list[str] = field(default_factory=list)
    missing: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    size: int = 0


class _MissingError(Exception):
    """The server says that there is no such file."""


class _BrokenError(Exception):
    """The transfer broke off, or could not begin; what has come is kept."""


def default_folder(source: RegisteredSource) -> Path:
    """Where the files of a source are kept unless told otherwise: the user's cache."""
    return Path(pooch.os_cache("lineplan")) / "sources" / source.name


def days_to_fetch(
    source: RegisteredSource, first: date | None, last: date | None, today: date
) -> tuple[list[date], list[str]]:
    """Which days are asked for, one for each file, and what there is to say of them.

    Parameters
    ----------
    source : RegisteredSource
    first, last : datetime.date or None
        From the first and to the last day that the source has, where not given.
    today : datetime.date

    Returns
    -------
    tuple of list of datetime.date and list of str

    Raises
    ------
    UsageError
        The days are none, or lie in the future.
    """
    if not source.is_dated:
        if first or last:
            raise UsageError(f"{source.name} is one file with every day; leave out its dates")
        return [today], []
    given = f"{first or 'the first'} to {last or 'the last'}"
    if max(first or today, last or today) > today:
        raise UsageError(f"{given}: lies in the future; today is {today}")
    since, until = first or source.first, min(last or today, source.last or today)
    if since is None:
        raise UsageError(f"{source.name}: its first day is not registered; give --from DATE")
    notes = []
    if source.first and since < source.first:
        notes.append(f"{source.name} begins on {source.first}; nothing before it is asked for")
        since = source.first
    if last and source.last and last > source.last:
        notes.append(f"{source.name} ends on {source.last}; nothing after it is asked for")
    if since > until:
        raise UsageError(
            f"{source.name}: has no day from {given}; it has {source.first or '?'} to "
            f"{source.last or 'today'}"
        )
    return list(source.days(since, until)), notes


def latest_days(source: RegisteredSource, today: date) -> list[date]:
    """Days of which the first that is there is the latest of a source, newest first."""
    last = min(today, source.last or today)
    first = last - timedelta(days=LOOK_BACK_DAYS)
    by_address = {source.url_of(day): day for day in source.days(first, last)}
    return sorted(by_address.values(), reverse=True)


def fetch(
    source: RegisteredSource,
    folder: Path,
    days: Iterable[date],
    *,
    only_first: bool = False,
    refresh: bool = False,
    timeout_s: float = TIMEOUT_S,
    on_file: Callable[[str], None] = lambda name: None,
    on_bytes: Callable[[str, int, int | None], None] = lambda name, done, total: None,
) -> Report:
    """Fetch files of a source into a folder, each checked, with an index beside them.

    Parameters
    ----------
    source : RegisteredSource
    folder : Path
        Made where there is none.
    days : iterable of datetime.date
    only_first : bool
        Stop at the first of the days that is there.
    refresh : bool
        Fetch also what is there, and let what a source gives now take its place.
    timeout_s : float
        How long to wait for a connection, and for more of an answer.
    on_file : callable
        Called with the name of each file that is done with.
    on_bytes : callable
        Called with a file's name, the bytes that have come and how many there will be, if known.

    Returns
    -------
    Report

    Raises
    ------
    ControlError
        A file is not what it was when it was fetched first, or not what the source published;
        none of the files is there; the folder holds files of another source.
    LineplanError
        The network or the disk fails. What is complete stays, and is not fetched again.
    """
    report = Report(folder)
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with _only_one(folder), _quiet(), requests.Session() as session:
            session.headers["User-Agent"] = _user_agent()
            job = _Job(source, folder, session, timeout_s, on_bytes, report)
            for day in days:
                name = source.file_of(day)
                try:
                    job.take(name, source.url_of(day), refresh=refresh)
                    report.files.append(name)
                except _MissingError:
                    report.missing.append(name)
                on_file(name)
                if only_first and report.files:
                    break
            job.tidy()
    except _BrokenError as fault:
        raise LineplanError(
            f"{fault}; {len(report.files)} file(s) are complete, and the same command goes on"
        ) from None
    except OSError as fault:
        raise LineplanError(
            f"{fault.filename or folder}: cannot be written ({fault.strerror or fault})"
        ) from None
    if not report.files:
        with suppress(OSError):
            folder.rmdir()  # if it is empty
        raise ControlError(
            f"{source.name}: none of {len(report.missing)} file(s) asked for is there "
            f"({report.missing[0]}"
            + (f" to {report.missing[-1]}" if len(report.missing) > 1 else "")
            + f"), as {source.url} answers"
        )
    return report


class _Job:
    """One run over one folder."""

    def __init__(
        self,
        source: RegisteredSource,
        folder: Path,
        session: requests.Session,
        timeout_s: float,
        on_bytes: Callable[[str, int, int | None], None],
        report: Report,
    ) -> None:
        index = read_index(folder)
        if index is not None and index.source.name != source.name:
            raise ControlError(
                f"{folder}: holds files of {index.source.name}, not of {source.name}; name another "
                "folder with -o"
            )
        self.source, self.folder, self.report = source, folder, report
        self.session, self.timeout_s, self.on_bytes = session, timeout_s, on_bytes
        self.index = Index(source=source, files=index.files if index else {})
        self.stage = folder / _STAGE
        for left in self.stage.glob("tmp*"):  # pooch's own, of a process that was killed
            left.unlink()

    def take(self, name: str, url: str, *, refresh: bool) -> None:
        """Let a file stand in the folder, fetched where it is not there."""
        target, record = self.folder / name, self.index.files.get(name)
        published = self.source.sha256.get(name)
        if target.exists() and record is None:
            raise ControlError(
                f"{target}: lies there and was not fetched; move it away, or name another folder "
                "with -o"
            )
        staged = self.stage / name
        if record and staged.exists() and sha256_of_bytes(staged) == record.sha256:
            staged.replace(target)  # a run was killed between the index and this
        known = published or (record.sha256 if record and not refresh else None)
        if target.exists() and not refresh:
            if sha256_of_bytes(target) == known:
                return
            raise ControlError(
                f"{target}: is not what was fetched (its sha256 is not {known}); --refresh fetches "
                "it anew"
            )
        if refresh:
            staged.unlink(missing_ok=True)
        self._download(name, url, known, record)
        about = _about(self.stage, name)
        found = FetchedFile(
            url=url,
            sha256=sha256_of_bytes(staged),
            bytes=staged.stat().st_size,
            fetched_at=datetime.fromtimestamp(int(staged.stat().st_mtime), UTC),
            etag=about.get("etag", ""),
            last_modified=about.get("last_modified", ""),
        )
        if record is not None and record.sha256 == found.sha256:
            found = record  # of the day when these bytes were first seen
        elif record is not None:
            self.report.notes.append(
                f"{name}: replaced; what was fetched on {record.fetched_at:%Y-%m-%d} had other "
                f"bytes (sha256 {record.sha256})"
            )
        if found is not record or not target.exists():
            self.report.fetched.append(name)
        self.index = self.index.with_file(name, found)
        self._write_index()
        staged.replace(target)
        (self.stage / f"{name}{_ABOUT}").unlink(missing_ok=True)

    def _download(self, name: str, url: str, known: str | None, record: FetchedFile | None) -> None:
        """Fetch a file to the stage, checked."""
        self.stage.mkdir(exist_ok=True)
        staged = self.stage / name
        # Complete, of a run that was killed before it came to the index; else of another address.
        if staged.exists() and _about(self.stage, name).get("url") != url:
            staged.unlink()
        downloader = _Downloader(self, name)
        try:
            pooch.retrieve(
                url,
                known_hash=f"sha256:{known}" if known else None,
                fname=name,
                path=self.stage,
                downloader=downloader,
            )
        except ValueError:
            downloader.forget()
            if record is None or known != record.sha256:
                raise ControlError(
                    f"{url}: gives other bytes than the registry's sha256 {known}; nothing of it "
                    "is kept"
                ) from None
            raise ControlError(
                f"{url}: gives other bytes than on {record.fetched_at:%Y-%m-%d}, when it was first "
                f"fetched (sha256 {known}); nothing of it is kept; --refresh takes what it gives "
                "now"
            ) from None

    def _write_index(self) -> None:
        draft = self.stage / INDEX
        draft.write_text(self.index.text(), encoding="utf-8")
        draft.replace(self.folder / INDEX)

    def tidy(self) -> None:
        """Renew the papers in the index, and leave nothing on the stage but begun files."""
        if self.index.files and read_index(self.folder) != self.index:
            self.stage.mkdir(exist_ok=True)
            self._write_index()
        if self.stage.is_dir() and not any(self.stage.glob(f"*{_PART}")):
            shutil.rmtree(self.stage)


class _Downloader:
    """Takes the place of pooch's downloader, and goes on where an earlier one broke off."""

    def __init__(self, job: _Job, name: str) -> None:
        self.job, self.name = job, name
        self.part = job.stage / f"{name}{_PART}"
        self.about = job.stage / f"{name}{_ABOUT}"

    def __call__(self, url: str, output: Any, _: Any, check_only: bool = False) -> None:
        """Write what `url` gives to the file `output`."""
        begun, about = self._begun(url)
        ask = {"Accept-Encoding": "identity"}  # so that bytes here are bytes there
        if begun:
            ask |= {"Range": f"bytes={begun}-", "If-Range": about["validator"]}
        try:
            with self.job.session.get(
                url, headers=ask, stream=True, timeout=self.job.timeout_s
            ) as answer:
                if answer.status_code in _GONE:
                    raise _MissingError(url)
                if answer.status_code == HTTPStatus.REQUESTED_RANGE_NOT_SATISFIABLE and begun:
                    # All of it had come, or what had come is no beginning of what is there now.
                    is_whole = answer.headers.get("Content-Range") == f"bytes */{begun}"
                    begun = begun if is_whole else -1
                elif answer.status_code not in (HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT):
                    raise _BrokenError(f"{url}: answers {answer.status_code} ({answer.reason})")
                else:
                    self._receive(url, answer, begun)
        except requests.RequestException as fault:
            raise _BrokenError(f"{url}: {self._why(fault)}") from None
        if begun < 0:
            self.forget()
            self(url, output, _)
            return
        self.part.replace(output)

    def forget(self) -> None:
        """Leave nothing of what has come."""
        self.part.unlink(missing_ok=True)
        self.about.unlink(missing_ok=True)

    def _begun(self, url: str) -> tuple[int, dict[str, str]]:
        """How many bytes an earlier run has left, if one can go on from them."""
        about = _about(self.job.stage, self.name)
        if not self.part.exists():
            return 0, about
        begun = self.part.stat().st_size
        if begun and about.get("url") == url and about.get("validator"):
            return begun, about
        if begun:
            self._say("what an earlier run had of it cannot be told from a newer state; begun anew")
        return 0, about

    def _receive(self, url: str, answer: requests.Response, begun: int) -> None:
        found = _RANGE.fullmatch(answer.headers.get("Content-Range", ""))
        is_rest = answer.status_code == HTTPStatus.PARTIAL_CONTENT
        if is_rest and (not begun or found is None or int(found[1]) != begun):
            raise _BrokenError(f"{url}: answers with another part than was asked for")
        length = answer.headers.get("Content-Length", "")
        is_plain = answer.headers.get("Content-Encoding", "identity") == "identity"
        rest = int(length) if length.isdigit() and is_plain else None
        start = begun if is_rest else 0
        total = None if rest is None else start + rest
        if is_rest:
            self._say(f"gone on with at byte {begun:,}" + (f" of {total:,}" if total else ""))
        elif begun:
            self._say(
                f"has changed, or the server cannot go on at byte {begun:,}; fetched from the start"
            )
        if not is_rest:
            # Written before the first byte: a process may be killed at any time.
            self.about.write_text(json.dumps(_papers(url, answer, is_plain)), encoding="utf-8")
        done = start
        with self.part.open("ab" if is_rest else "wb") as stream:
            for chunk in answer.iter_content(_CHUNK):
                stream.write(chunk)
                done += len(chunk)
                self.job.report.size += len(chunk)
                self.job.on_bytes(self.name, done, total)
                if done > _MOST_BYTES:
                    raise ControlError(f"{url}: gives more than {_MOST_BYTES:,} bytes; given up")
        if total is not None and done != total:
            raise _BrokenError(f"{url}: broke off after {done:,} of {total:,} bytes")

    def _say(self, what: str) -> None:
        self.job.report.notes.append(f"{self.name}: {what}")

    def _why(self, fault: requests.RequestException) -> str:
        """What failed, in words."""
        has = self.part.stat().st_size if self.part.exists() else 0
        after = f" after {has:,} bytes" if has else ""
        if isinstance(fault, requests.exceptions.SSLError):
            return f"its certificate is not accepted ({_last(fault)})"
        if isinstance(fault, requests.Timeout) or "timed out" in str(fault).lower():
            return f"no answer for {self.job.timeout_s:g} s{after}"
        if isinstance(fault, requests.exceptions.ChunkedEncodingError) or has:
            return f"the transfer broke off{after}"
        if isinstance(fault, requests.exceptions.ConnectionError):
            return f"cannot be reached ({_last(fault)})"
        return str(fault).splitlines()[0]


def _papers(url: str, answer: requests.Response, is_plain: bool) -> dict[str, str]:
    """What must be known of a file that is begun, to go on with it or to index it."""
    etag = answer.headers.get("ETag", "")
    last_modified = answer.headers.get("Last-Modified", "")
    # Bytes of a weak tag may differ, and packed ones are not those that count.
    strong = "" if etag.startswith("W/") else etag
    validator = (strong or last_modified) if is_plain else ""
    return {"url": url, "etag": etag, "last_modified": last_modified, "validator": validator}


def _about(stage: Path, name: str) -> dict[str, str]:
    try:
        said = json.loads((stage / f"{name}{_ABOUT}").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return said if isinstance(said, dict) else {}


def _last(fault: BaseException) -> str:
    """The innermost reason that a chain of errors gives."""
    reasons = re.split(r": |\[Errno -?\d+\] ", str(fault).rstrip("'\")> "))
    return reasons[-1].strip() or type(fault).__name__


def _user_agent() -> str:
    from lineplan import __version__

    return f"lineplan/{__version__}"


@contextmanager
def _quiet() -> Iterator[None]:
    """Let pooch say nothing: what there is to say is said here."""
    logger = pooch.get_logger()
    before = logger.level
    logger.setLevel(logging.WARNING)
    try:
        yield
    finally:
        logger.setLevel(before)


@contextmanager
def _only_one(folder: Path) -> Iterator[None]:
    """Let one process at a time fetch into a folder, where the system has locks."""
    try:
        import fcntl
    except ImportError:
        yield
        return
    handle = os.open(folder, os.O_RDONLY)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    except BlockingIOError:
        raise LineplanError(f"{folder}: another lineplan is fetching into it; wait") from None
    finally:
        os.close(handle)
