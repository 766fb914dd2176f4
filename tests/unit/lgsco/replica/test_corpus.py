"""The look-alike's decisions, and that their pages have the expected text in every markup."""

from __future__ import annotations

import re
import statistics
from collections import Counter
from datetime import date, timedelta
from html import unescape
from html.parser import HTMLParser

import pytest

from lgsco.replica.corpus import CATEGORIES, STATUTORY, Sample, expected_numbers, expected_text, generate, seeds
from lgsco.replica.furniture import frame
from lgsco.replica.markup import STYLES, render
from support.paths import GOLDEN, SEEDS

FIRST, LAST = date(2016, 1, 1), date(2025, 12, 31)


def corpus(count: int, seed: int = 1) -> list[Sample]:
    """Invented decisions over ten years."""
    return list(generate(count, seed=seed, first=FIRST, last=LAST))


@pytest.fixture(scope="module")
def many() -> list[Sample]:
    return corpus(2_000)


@pytest.fixture(scope="module")
def texts(many: list[Sample]) -> list[str]:
    return [expected_text(sample) for sample in many]


# Seeds and corpus.
def test_seeds_equal_their_files_byte_for_byte() -> None:
    for sample, path in zip(seeds(), sorted((SEEDS).glob("*.txt")), strict=True):
        golden = GOLDEN / path.name
        assert expected_text(sample) == (golden if golden.exists() else path).read_text("utf-8")


def test_cross_references_of_seed_002_point_to_existing_paragraphs() -> None:
    sample = seeds()[2]
    numbered = dict(zip(expected_numbers(sample), expected_text(sample).split("\n"), strict=True))
    assert "91" in numbered and "92" not in numbered
    assert numbered["1.•1"].startswith("- Failed to adequately") and numbered["88.1"].startswith("- Provide a written")
    assert "X repeated that Ms D had scratched her" in numbered["24"]
    assert "no record appeared in the case papers" in numbered["59"]


def test_generation_is_deterministic() -> None:
    once, again = corpus(60), corpus(60)
    assert once == again and list(map(expected_text, once)) == list(map(expected_text, again))
    assert once != corpus(60, seed=2)


def test_corpus_text_has_the_expected_statistics(texts: list[str]) -> None:
    sizes = [len(text.encode()) for text in texts]
    assert 7_000 <= statistics.median(sizes) <= 9_000 and 25_000 < max(sizes) <= 45_000
    assert len({word for text in texts for word in re.findall(r"[^\W\d_]+", text.lower())}) >= 20_000
    shares: Counter[str] = Counter()
    for text in texts[:600]:
        lines = "\n".join(text.split("\n")[5:-1])
        shares.update({end for end in re.split(r"(?<=[.;:)]) |\n", lines) if end.endswith(".")})
    statutory = " ".join(STATUTORY).replace("\u00a0", " ")
    assert [end for end, n in shares.items() if n > 180 and end.removeprefix("- ") not in statutory] == []


def test_corpus_is_marked_and_varied(many: list[Sample], texts: list[str]) -> None:
    assert all("SPECIMEN" in sample.summary and "SPECIMEN" in text for sample, text in zip(many, texts, strict=True))
    assert len({sample.reference for sample in many} | {sample.reference for sample in seeds()}) == 2_005
    assert {sample.category for sample in many} == set(CATEGORIES)
    kinds = Counter(sample.layout for sample in many)
    assert 0.02 < (kinds["overview"] + kinds["old"]) / 2_000 < 0.045 and kinds["overview"] and kinds["old"]
    lags = [sample.published - sample.decision_date for sample in many if sample.kind == "statement"]
    assert min(lags) >= timedelta(days=42) and max(lags) > timedelta(days=200)
    assert all(sample.published == sample.decision_date for sample in many if sample.kind == "report")
    for character in "’‘“”£–\u00a0":
        assert any(character in written for written in map(raw, many[:200]))


def raw(sample: Sample) -> str:
    """Returns the text of a page, with its no-break spaces."""
    return unescape(b"".join(render(sample)).decode())


def test_joint_cases_share_their_text(many: list[Sample]) -> None:
    joint = [sample for sample in many if sample.reference[-1].isalpha()]
    assert 10 < len(joint) < 60
    held = {sample.reference: sample for sample in many}
    for sample in joint[:10]:
        council = held[sample.reference[:-1]]
        assert council.chapters == sample.chapters and council.authority != sample.authority
        assert (council.closing or "").endswith("Ombudsmen")


# Pages.
def words(page: bytes) -> list[str]:
    """Extracts the words of the main part with patterns only."""
    main = page.decode().split('<main id="main">')[1].split("</main>")[0]
    furniture = r'<p class="top">.*?</p>|<ul class="contents">.*?</ul>|<nav.*?</nav>'
    main = re.sub(furniture, " ", main, flags=re.DOTALL)
    main = re.sub(r"</?(?:span|em|i|b|strong|sup|a)\b[^>]*>|<!--.*?-->", "", main, flags=re.DOTALL)
    return unescape(re.sub(r"<[^>]+>", " ", main)).split()


@pytest.mark.parametrize("markup", STYLES)
def test_every_markup_has_the_same_words(markup: str, many: list[Sample]) -> None:
    odd = [sample for sample in many if sample.kind == "report" or sample.reference[-1].isalpha()][:20]
    for sample in [*seeds(), *many[:25], *odd]:
        lines = expected_text(sample).split("\n")
        header = " ".join(lines[: 1 + len(sample.headers) + len(sample.header_extra)]).split()
        first, *rest = (words(page) for page in render(sample, markup))
        if markup == "bold":
            first, rest = sample.title.split() + first, [sample.title.split() + more for more in rest]
        got = first + [word for more in rest for word in more[len(header) :]]
        want = " ".join(line.removeprefix("- ") for line in lines)
        assert [word for word in got if word != "|"] == [word for word in want.split() if word != "|"]


class Numbers(HTMLParser):
    """Return the numbers of a page's items, from its lists, their starts and typed numbers."""

    def __init__(self) -> None:
        super().__init__()
        self.found: list[str | None] = []
        self.stack: list[tuple[str, int, str | None]] = []
        self.last: str | None = None

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag in ("ol", "ul") and given.get("class") != "contents":
            beside = not self.stack and (tag == "ul" or "type" in given)
            above = self.last if beside else self.found[-1] if self.stack else ""
            kind = "•" if tag == "ul" else given.get("type") or "1"
            self.stack.append((kind, int(given.get("start") or 1), above))
        elif tag == "li" and self.stack:
            kind, place, above = self.stack.pop()
            marker = {"a": chr(96 + place), "•": f"•{place}", "1": str(place)}[kind]
            number = above if above is None else f"{above}.{marker}".lstrip(".")
            self.last = number if not self.stack and kind == "1" else self.last
            self.stack.append((kind, place + 1, above))
            self.found.append(number)
        elif tag in ("p", "h2", "h3", "table") and not self.stack and given.get("class") != "top":
            self.last = None

    def handle_endtag(self, tag: str) -> None:
        if tag in ("ol", "ul") and self.stack:
            self.stack.pop()


def test_the_article_markup_proves_the_numbers(many: list[Sample]) -> None:
    for sample in [*seeds(), *[sample for sample in many[:200] if sample.layout == "statement"]]:
        pairs = zip(expected_text(sample).split("\n"), expected_numbers(sample), strict=True)
        main = render(sample)[0].decode().split("</header>\n", 2)[-1].split("</article>")[0]
        reader = Numbers()
        reader.feed(re.sub(r'<ul class="contents">.*?</ul>', "", main, flags=re.DOTALL))
        nested = [number for line, number in pairs if line.startswith("- ")]
        assert sorted(map(str, reader.found)) == sorted(map(str, nested)), sample.reference


def test_pages_are_complete_and_of_the_expected_size(many: list[Sample]) -> None:
    assert 36_000 < len(frame("A title", "/decisions", "", ("Education",), many[:5])) < 40_000
    page, other = (render(sample)[0].decode() for sample in many[:2])
    assert page.endswith("</html>\n") and page.count('<article id="article">') == page.count("</article>") == 1
    assert "<h1" not in page.split("<article")[1].split("</article>")[0]
    for part in (r'name="request-token" content="(\w+)"', r'rel="canonical" href="([^"]+)"', r"<ol><li>.*?</ol>"):
        ours, theirs = re.search(part, page), re.search(part, other)
        assert ours and theirs and ours[0] != theirs[0]
