"""Makes the two pictures of the README again: `python -m bench.screenshots`. Needs Chromium.

Fills a demo archive in a temporary folder. Draws what `lgsco demo` and `lgsco coverage` print on a terminal as SVG, and
takes a picture of a decision's page in `lgsco serve`. With the name of a folder it also takes pictures of five pages
there, on a desk and on a phone.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from html import escape
from pathlib import Path
from tempfile import TemporaryDirectory

from playwright.sync_api import sync_playwright

IMAGES = Path(__file__).parent.parent / "docs" / "images"
PROGRAMS = Path(sys.executable).parent
COMMANDS = (("demo",), ("coverage", "--db", "demo.db"))
PAGES = {
    "home": "",
    "search": "lgsco/search?query=council",
    "decision": "lgsco/decisions/18+009+360",
    "table": "lgsco/decisions",
    "query": "lgsco?sql=select+reference,authority,outcome,summary+from+decisions+limit+20",
}
BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
SIZE = (1000, 640)
PHONE = (390, 844)
"""Width and height of the pictures of web pages, in pixels."""

CHARACTER_WIDTH, LINE_HEIGHT, MARGIN = 7.8, 17, 14
"""Of the terminal's picture, in pixels."""
STYLE = re.compile(r"\x1b\[([\d;]*)m")
STEPS = (0, 95, 135, 175, 215, 255)
"""The values of red, green and blue in the colours 16 to 231 of a terminal."""


def main() -> None:
    """Writes the pictures."""
    IMAGES.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory() as name:
        folder = Path(name)
        shown = "".join(f"$ lgsco {' '.join(command)}\n{run(folder, *command)}\n" for command in COMMANDS)
        (IMAGES / "terminal.svg").write_text(draw_terminal(shown.rstrip("\n").split("\n")), encoding="utf-8")
        take_pictures(folder, Path(sys.argv[1]) if len(sys.argv) > 1 else None)


def run(folder: Path, *arguments: str) -> str:
    """Returns the terminal output of a command, without its log."""
    terminal, inside = os.openpty()
    variables = {**os.environ, "PATH": f"{PROGRAMS}{os.pathsep}{os.environ['PATH']}", "TERM": "xterm-256color"}
    with subprocess.Popen(
        [PROGRAMS / "lgsco", *arguments], cwd=folder, env=variables, stdout=inside, stderr=subprocess.DEVNULL
    ) as process:
        os.close(inside)
        shown = b""
        try:
            while part := os.read(terminal, 65_536):
                shown += part
        except OSError:  # the command closed its side
            pass
        os.close(terminal)
    if process.returncode:
        raise SystemExit(f"lgsco {' '.join(arguments)} exits {process.returncode}")
    return shown.decode().replace("\r\n", "\n")


def draw_terminal(lines: list[str]) -> str:
    """An SVG picture of lines with terminal colours."""
    width = max(len(STYLE.sub("", line)) for line in lines) * CHARACTER_WIDTH + 2 * MARGIN
    height = len(lines) * LINE_HEIGHT + 2 * MARGIN
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width:.0f} {height}" width="{width:.0f}">',
        '<rect width="100%" height="100%" rx="8" fill="#16181c"/>',
        '<g font-family="ui-monospace, Menlo, Consolas, monospace" font-size="13" fill="#e6e6e6">',
    ]
    for number, line in enumerate(lines):
        parts += draw_line(line, MARGIN + (number + 0.75) * LINE_HEIGHT)
    return "\n".join([*parts, "</g>", "</svg>\n"])


def draw_line(line: str, y: float) -> list[str]:
    """The boxes and words of one line, at the height of its base line."""
    parts, column, ink, paper = [], 0, "", ""
    for number, piece in enumerate(STYLE.split(line)):
        if number % 2:
            ink, paper = read_style(piece, ink, paper)
            continue
        x, length = MARGIN + column * CHARACTER_WIDTH, len(piece) * CHARACTER_WIDTH
        if paper:
            top, height = y - 0.75 * LINE_HEIGHT, LINE_HEIGHT - 1
            parts.append(f'<rect x="{x:.1f}" y="{top:.1f}" width="{length:.1f}" height="{height}" fill="{paper}"/>')
        if piece.strip():
            look = f' fill="{ink}"' if ink else ' fill="#7fd1b9"' if line.startswith("$ ") else ""
            words = escape(piece).replace(" ", "\u00a0")  # SVG folds other spaces
            parts.append(f'<text x="{x:.1f}" y="{y:.1f}" textLength="{length:.1f}"{look}>{words}</text>')
        column += len(piece)
    return parts


def read_style(codes: str, ink: str, paper: str) -> tuple[str, str]:
    """The colours of the words and of what is behind them after a style that `lgsco` sets; "" for the usual ones."""
    if codes == "2":
        return "#8a8f98", paper
    if found := re.fullmatch(r"38;5;(\d+)", codes):
        return colour(int(found[1])), paper
    if found := re.fullmatch(r"48;5;(\d+)", codes):
        return ink, colour(int(found[1]))
    return "", ""


def colour(number: int) -> str:
    """Returns one of a terminal's 256 colours, except the first 16."""
    if number >= 232:
        return "#" + f"{8 + 10 * (number - 232):02x}" * 3
    red, rest = divmod(number - 16, 36)
    return "#" + "".join(f"{STEPS[step]:02x}" for step in (red, *divmod(rest, 6)))


def take_pictures(folder: Path, pages: Path | None) -> None:
    """Takes the README's picture of a decision and, if a folder is given, pictures of `PAGES` on a desk and a phone."""
    browser = next(filter(None, map(shutil.which, BROWSERS)), None)
    if browser is None:
        raise SystemExit(f"no browser here ({', '.join(BROWSERS)})")
    serve = [str(PROGRAMS / "lgsco"), "serve", "--db", "demo.db", "--port", "0"]
    with subprocess.Popen(serve, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        assert server.stdout is not None
        url = server.stdout.readline().strip()
        with sync_playwright() as play:
            page = play.chromium.launch(executable_path=browser, args=["--no-sandbox"]).new_page()

            def take(path: str, size: tuple[int, int], picture: Path) -> None:
                page.set_viewport_size({"width": size[0], "height": size[1]})
                page.goto(f"{url}{path}")
                page.screenshot(path=picture)

            take(PAGES["decision"], SIZE, IMAGES / "decision.png")
            if pages is not None:
                pages.mkdir(parents=True, exist_ok=True)
                for name, path in PAGES.items():
                    take(path, SIZE, pages / f"{name}.png")
                    take(path, PHONE, pages / f"{name}-phone.png")
        server.terminate()


if __name__ == "__main__":
    main()
