"""Defines all errors. The message of an error is one sentence: what happened, where, and what to do.

    LgscoError                      exit  1   unexpected
    ├── UsageError                        2   bad usage or configuration
    │   └── ConfigError                   2   a key or a value of config.toml
    ├── QueryError                        2   a search query that is not valid
    ├── ReadError                        10   one document that could not be parsed; never stored
    │   ├── NotADecision                      it lacks what every decision has
    │   ├── CutShort                          the document is incomplete
    │   ├── WrongReference                    it is the document of another reference
    │   ├── TooLarge                          more bytes, tags or links than any page has
    │   ├── Undecodable                       its bytes are not text
    │   └── Misread                           the parser itself failed on it: a bug in lgsco
    ├── FetchError                       10   one request that failed; retried, then queued
    │   ├── Gone                              the status is 404 or 410
    │   │   └── Replaced                 10   another page answers at the address of an unlisted decision
    │   ├── Unreachable                       no connection, or it was lost
    │   ├── Overdue                           the deadline passed
    │   ├── Elsewhere                         it leads to another host, or to what robots.txt forbids
    │   ├── Denied                            the site refuses us this address (401, 403, 407 or 451)
    │   ├── Disallowed                        robots.txt forbids this one address; it was not requested
    │   └── Refused                           any other status except 200
    ├── LayoutChanged                    11   the site answers, but its pages no longer parse
    ├── Blocked                          12   a search without results, a refusal, robots.txt
    ├── OutOfBudget                      10   the daily limit of requests is reached
    │   └── SliceOver                    10   a slice of the daemon has used up its time or requests
    ├── HeldOff                          10   the site asked for a longer wait than a run allows
    ├── StoreError                            the database
    │   ├── NoDatabase                    2   there is no database, and the task does not create one
    │   ├── DatabaseExists                2   a database exists where a new one should be created
    │   ├── SchemaMismatch                2   a file of another schema version
    │   ├── Busy                         13   another writer holds the database
    │   ├── ArchiveLost                  14   it vanished, was replaced or lost decisions while lgsco ran
    │   ├── CannotLock                    2   the lock file beside the database cannot be created
    │   ├── NotPublic                     2   the file to be served to the public has rows that are not for it
    │   ├── Damaged                       1   a stored row or page is damaged
    │   └── StoreFailed                   1   the file is damaged or cannot be written, or the disk is full
    ├── CannotServe                       2   `lgsco serve`: the port or host is not available
    └── Stopped                 129/130/143   SIGHUP, Ctrl-C or SIGTERM; the state is saved

LgscoError and StoreError's branch are defined in `storage.errors`, QueryError in `storage.query.tree`, CannotServe in
`lgsco.web.server`; they are listed here so that the tree is complete.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from storage.errors import LgscoError


class UsageError(LgscoError):
    """The request of the user cannot be carried out as given."""

    exit_code = 2


class ConfigError(UsageError):
    """A key or a value of the configuration is not allowed."""


class ReadError(LgscoError):
    """A document that cannot be parsed as a complete decision. It is not stored as one."""

    exit_code = 10


class NotADecision(ReadError):
    """The document lacks what every decision has; the message names it."""


class CutShort(ReadError):
    """The document is incomplete: its end is missing."""


class WrongReference(ReadError):
    """The document is another decision than the requested one."""


class TooLarge(ReadError):
    """More bytes, tags or links than any page has."""


class Undecodable(ReadError):
    """The bytes are not text in a known encoding."""


class Misread(ReadError):
    """The parser failed on the document with an unforeseen error."""


@contextlib.contextmanager
def one_document() -> Iterator[None]:
    """Turns unforeseen errors into Misread, so that one document does not stop the work on all others."""
    try:
        yield
    except LgscoError:
        raise
    except Exception as error:
        raise Misread(f"the parser failed on it, which is a bug in lgsco: {type(error).__name__}: {error}") from error


class FetchError(LgscoError):
    """A request that failed. `retry`: whether the same request may succeed soon."""

    exit_code = 10
    retry = True

    def __init__(self, message: str, *, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status
        """The HTTP status; None if there was no response."""


class Gone(FetchError):
    """The site answers 404 or 410 for the address."""

    retry = False

    def __init__(
        self, message: str, *, status: int | None = None, body: bytes = b"", charset: str | None = None
    ) -> None:
        """`body`, `charset`: of the response, as in `ingest.fetching.interface.Answer`."""
        super().__init__(message, status=status)
        self.body = body
        self.charset = charset


class Replaced(Gone):
    """The address of a decision that is no longer listed answers with a page that does not show the decision."""


class Unreachable(FetchError):
    """No connection could be made, or it was lost before the response was complete."""


class Overdue(FetchError):
    """The response was not complete before the deadline."""


class Elsewhere(FetchError):
    """The response leads to another host, which is never requested, or to what robots.txt does not allow."""

    retry = False


class Denied(FetchError):
    """The site refuses us an address (401, 403, 407, 451). A known decision shows whether it refuses all."""

    retry = False


class Disallowed(FetchError):
    """robots.txt does not allow this address, though it allows others beside it. It was not requested."""

    retry = False


class Refused(FetchError):
    """The site answered with another status than success; 429 and 5xx are retried."""

    def __init__(self, message: str, *, status: int) -> None:
        super().__init__(message, status=status)
        self.retry = status == 429 or status >= 500


class LayoutChanged(LgscoError):
    """The site answers, but its pages no longer parse."""

    exit_code = 11


class Blocked(LgscoError):
    """The site does not serve us: it refuses, forbids it in robots.txt, or shows a search page without results.

    It proves nothing about decisions.
    """

    exit_code = 12


class OutOfBudget(LgscoError):
    """The daily limit of requests is reached; the rest waits for tomorrow (UTC)."""

    exit_code = 10


class SliceOver(OutOfBudget):
    """A slice of the daemon has used up its time or requests; the rest waits for the next slice."""


class HeldOff(LgscoError):
    """The site asked for a longer wait (Retry-After) than a run allows. It applies to every run."""

    exit_code = 10

    def __init__(self, message: str, by: FetchError | None = None) -> None:
        super().__init__(f"{by}, and {message}" if by is not None else message)
        self.by = by
        """The failed request that was answered so; None if an earlier request was."""


class Stopped(LgscoError):
    """A signal asked the run to stop. The work done so far is saved."""

    def __init__(self, exit_code: int) -> None:
        super().__init__("the work done so far is saved; run the same command again to continue")
        self.exit_code = exit_code
