"""Gets the words that a browser shows of a page, from a headless Chromium controlled over its debugging pipe."""

from __future__ import annotations

import base64
import fcntl
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from hashlib import blake2b
from itertools import islice
from pathlib import Path
from typing import Any

_OPTIONS = (
    *("--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"),
    *("--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions"),
    "--host-resolver-rules=MAP * ~NOTFOUND",
)
_SHOW = """
async (pages) => {
  while (document.querySelectorAll('iframe').length < pages.length) {
    const frame = document.createElement('iframe');
    frame.width = 1200; frame.height = 800;
    document.body.append(frame);
  }
  const frames = [...document.querySelectorAll('iframe')].slice(0, pages.length);
  const bytes = (text) => Uint8Array.from(atob(text), (one) => one.charCodeAt(0));
  const loaded = frames.map((frame, at) => new Promise((done) => {
    frame.onload = done;
    setTimeout(done, 5000);
    frame.contentDocument.open();
    frame.contentDocument.write(new TextDecoder().decode(bytes(pages[at])));
    frame.contentDocument.close();
  }));
  await Promise.all(loaded);
  const shown = () => frames.map((frame) => frame.contentDocument.body ? frame.contentDocument.body.innerText : '');
  const wait = (milliseconds) => new Promise((done) => setTimeout(done, milliseconds));
  const isNested = frames.some((frame) => frame.contentDocument.querySelector('object object'));
  let before, now = shown();
  do {  // the content of an <object> is shown only once its loading has failed, one level after another
    await wait(isNested ? 200 : 10);
    [before, now] = [now, shown()];
  } while (now.some((text, at) => text !== before[at]));
  return now;
}
"""
_EXEC = (
    "import os, sys; os.dup2(int(sys.argv[1]), 3); os.dup2(int(sys.argv[2]), 4); os.execv(sys.argv[3], sys.argv[3:])"
)
"""Starts a program with the two ends of the debugging pipe as file descriptors 3 and 4."""
_AT_ONCE = 40
"""Pages in one message."""


def program() -> str | None:
    """Returns the path of Chromium, if it is installed."""
    return shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")


class Chromium:
    """A browser with an empty profile and no network; a context manager."""

    def __init__(self) -> None:
        found = program()
        if found is None:
            raise SystemExit("Chromium is not installed, so the words that a browser shows cannot be measured")
        self._profile = tempfile.TemporaryDirectory(prefix="chromium-", ignore_cleanup_errors=True)
        theirs_in, ours_out = os.pipe()
        ours_in, theirs_out = os.pipe()
        high = [fcntl.fcntl(one, fcntl.F_DUPFD, 20) for one in (theirs_in, theirs_out)]
        command = [found, *_OPTIONS, f"--user-data-dir={self._profile.name}", "--remote-debugging-pipe", "about:blank"]
        self._process = subprocess.Popen(
            [sys.executable, "-c", _EXEC, *map(str, high), *command],
            pass_fds=high,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        for one in (theirs_in, theirs_out, *high):
            os.close(one)
        self._out = os.fdopen(ours_out, "wb", buffering=0)
        self._in = os.fdopen(ours_in, "rb")
        self._number = 0
        self._unread = bytearray()
        self._session: str | None = None
        target = self._ask("Target.createTarget", url="about:blank")["targetId"]
        self._session = self._ask("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        self._ask("Runtime.enable")

    def __enter__(self) -> Chromium:
        return self

    def __exit__(self, *_: object) -> None:
        self._out.close()
        self._process.terminate()
        self._process.wait()
        self._in.close()
        self._profile.cleanup()

    def texts(self, pages: Iterable[bytes]) -> Iterator[str]:
        """Returns the text that each page shows: `innerText` of its body."""
        waiting = iter(pages)
        while batch := list(islice(waiting, _AT_ONCE)):
            encoded = json.dumps([base64.b64encode(page).decode() for page in batch])
            expression = f"({_SHOW})({encoded})"
            answer = self._ask("Runtime.evaluate", expression=expression, awaitPromise=True, returnByValue=True)
            if "exceptionDetails" in answer:
                raise RuntimeError(str(answer["exceptionDetails"])[:500])
            yield from answer["result"]["value"]

    def _ask(self, method: str, **parameters: object) -> Any:
        self._number += 1
        message: dict[str, object] = {"id": self._number, "method": method, "params": parameters}
        if self._session:
            message["sessionId"] = self._session
        self._out.write(json.dumps(message).encode() + b"\0")
        while True:
            answer = json.loads(self._next())
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return answer["result"]

    def _next(self) -> bytes:
        while (at := self._unread.find(b"\0")) < 0:
            read = os.read(self._in.fileno(), 1 << 20)
            if not read:
                raise RuntimeError("Chromium ended")
            self._unread += read
        message = bytes(self._unread[:at])
        del self._unread[: at + 1]
        return message


def digest(data: bytes) -> str:
    """Returns a short digest of a page or of its words."""
    return blake2b(data, digest_size=12).hexdigest()


def words_digest(text: str) -> str:
    """Returns the digest of a text's words in order."""
    return digest(" ".join(text.split()).encode("utf-8", "surrogatepass"))


class Shown:
    """Digests of the words that pages show, stored in a file, so that each page is shown only once."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._path = folder / "shown.txt"
        lines = self._path.read_text("ascii").splitlines() if self._path.exists() else []
        self._known = dict(line.split(" ", 1) for line in lines if len(line) == 49)

    def words(self, pages: Iterable[bytes], browser: Chromium) -> Iterator[str]:
        """Returns the digest of each page's words."""
        waiting = iter(pages)
        while batch := list(islice(waiting, 1000)):
            new = {key: page for page in batch if (key := digest(page)) not in self._known}
            with self._path.open("a", encoding="ascii") as file:
                for key, text in zip(new, browser.texts(new.values()), strict=True):
                    self._known[key] = words_digest(text)
                    file.write(f"{key} {self._known[key]}\n")
            yield from (self._known[digest(page)] for page in batch)
