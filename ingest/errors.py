"""Every way the work can fail, drawn once. An error is one sentence: what, where, what to do.

    LgscoError                      exit  1   unexpected
    ├── UsageError                        2   bad usage or configuration
    │   └── ConfigError                   2   a key or a value of config.toml
    ├── ReadError                        10   one document that could not be read; never stored
    │   ├── NotADecision                      what a decision must have is missing
    │   ├── CutShort                          the document ends before its end
    │   ├── WrongReference                    the document of another reference
    │   ├── TooLarge                          more of something than any page has
    │   ├── Undecodable                       bytes that are not text
    │   └── Misread                           the reader itself failed on it: a fault of ours
    ├── FetchError                       10   one request that failed; tried again, then queued
    │   ├── Gone                              no longer there, or not yet
    │   ├── Unreachable                       no connection, or it broke
    │   ├── Overdue                           the deadline passed
    │   ├── Elsewhere                         it leads where we do not go
    │   ├── Denied                            the site refuses us this one address, as far as we know
    │   ├── Disallowed                        robots.txt keeps us from this one address; it was not asked for
    │   └── Refused                           any other status that is not 200
    ├── LayoutChanged                    11   the site answers, and no page reads as it did
    ├── Blocked                          12   a search shell, a refusal, robots.txt
    ├── OutOfBudget                      10   the day's ceiling of requests is reached
    │   └── SliceOver                    10   a slice of the daemon has used its seconds or its requests
    ├── HeldOff                          10   the site asked to be left alone for longer than we wait
    ├── StoreError                            the database
    │   ├── NoDatabase                    2   there is none, and the task makes none
    │   ├── DatabaseExists                2   there is one where a new one was to be made
    │   ├── SchemaMismatch                2   a file of another schema version
    │   ├── Busy                         13   another writer holds the database
    │   ├── ArchiveLost                  14   it vanished, was replaced or lost decisions while lgsco ran
    │   ├── CannotLock                    2   the lock beside the database cannot be made
    │   ├── Damaged                       1   a stored row or page that is damaged
    │   └── StoreFailed                   1   unwritable, full, damaged
    ├── CannotServe                       2   `lgsco serve`: the port or the host is not to be had
    └── Stopped                 129/130/143   SIGHUP, Ctrl-C or SIGTERM; the state is saved

LgscoError and StoreError's branch are defined in `storage.errors`, CannotServe in `lgsco.web.server`; they are drawn
here so that one picture holds them all.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from storage.errors import LgscoError


class UsageError(LgscoError):
    """What was asked for cannot be done as asked."""

    exit_code = 2


class ConfigError(UsageError):
    """A key or a value of the configuration is not allowed."""


class ReadError(LgscoError):
    """A document that cannot be read as a whole decision. Nothing of it is stored as one."""

    exit_code = 10


class NotADecision(ReadError):
    """What every decision has is missing; the message names it."""


class CutShort(ReadError):
    """The document ends before its end."""


class WrongReference(ReadError):
    """The document is a decision, and not the one asked for."""


class TooLarge(ReadError):
    """More bytes, tags or links than any page has."""


class Undecodable(ReadError):
    """Bytes that are not text in a known encoding."""


class Misread(ReadError):
    """The reader failed on the document in a way that nobody foresaw."""


@contextlib.contextmanager
def one_document() -> Iterator[None]:
    """Raises Misread in place of what nobody foresaw: one document never stops the work on all others."""
    try:
        yield
    except LgscoError:
        raise
    except Exception as error:
        raise Misread(f"the parser failed on it, which is a bug in lgsco: {type(error).__name__}: {error}") from error


class FetchError(LgscoError):
    """A request that brought nothing. `retry` says whether the same request may soon do better."""

    exit_code = 10
    retry = True

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status, or None when no answer came."""


class Gone(FetchError):
    """The site answers 404 or 410 for the address."""

    retry = False

    def __init__(
        self, message: str, *, status: int | None = None, body: bytes = b"", charset: str | None = None
    ) -> None:
        """`body`, `charset`: of the answer, as of `ingest.fetching.interface.Answer`."""
        super().__init__(message, status=status)
        self.body = body
        self.charset = charset


class Unreachable(FetchError):
    """No connection could be made, or it broke before the whole answer was here."""


class Overdue(FetchError):
    """The whole answer was not here before the deadline."""


class Elsewhere(FetchError):
    """The answer leads to another host, which is never asked, or to what robots.txt does not allow."""

    retry = False


class Denied(FetchError):
    """The site refuses us an address (401, 403, 407, 451): this one or every one, which a known decision tells."""

    retry = False


class Disallowed(FetchError):
    """robots.txt does not allow this address, though it allows others beside it. It was not asked for."""

    retry = False


class Refused(FetchError):
    """The site answered with a status that is no answer; 429 and 5xx are worth another try."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message, status=status)
        self.retry = status == 429 or status >= 500


class LayoutChanged(LgscoError):
    """The site answers, and its pages no longer read as they did."""

    exit_code = 11


class Blocked(LgscoError):
    """The site does not serve us: a search shell, a refusal, or its robots.txt. Proves nothing."""

    exit_code = 12


class OutOfBudget(LgscoError):
    """The day's ceiling of requests is reached; what is left waits for tomorrow."""

    exit_code = 10


class SliceOver(OutOfBudget):
    """A slice of the daemon has used its seconds or its requests; what is left waits for the next."""


class HeldOff(LgscoError):
    """The site asked to be left alone (Retry-After) for longer than a run waits; it holds for every run."""

    exit_code = 10

    def __init__(self, message: str, by: FetchError | None = None) -> None:
        super().__init__(f"{by}, and {message}" if by is not None else message)
        self.by = by
        """What was asked for and answered so; None where that was before."""


class Stopped(LgscoError):
    """A signal asked the run to end; what it had done is saved."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the work done so far is saved; run the same command again to continue")
        self.exit_code = exit_code
