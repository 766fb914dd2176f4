"""The same job as a Scrapy project would do it: python -m bench.scrapy_spider URL DATABASE.

A spider walks the listing and follows its links. Items go through a pipeline into SQLite with full text, with a
transaction for 250 items; 16 requests at a time and no delay. It knows only the markup of the look-alike, and stores
neither raw pages nor paragraphs.
"""

from __future__ import annotations

import re
import sqlite3
import sys
from collections.abc import Iterable, Iterator
from dataclasses import astuple, dataclass, replace
from datetime import datetime
from typing import Any

import scrapy
from scrapy.crawler import CrawlerProcess

SETTINGS: dict[str, Any] = {
    "CONCURRENT_REQUESTS": 16,
    "CONCURRENT_REQUESTS_PER_DOMAIN": 16,
    "DOWNLOAD_DELAY": 0,
    "AUTOTHROTTLE_ENABLED": False,
    "ROBOTSTXT_OBEY": True,
    "COOKIES_ENABLED": False,
    "TELNETCONSOLE_ENABLED": False,
    "LOG_LEVEL": "WARNING",
    "USER_AGENT": "bench (a measurement on loopback)",
    "ITEM_PIPELINES": {"bench.scrapy_spider.SqlitePipeline": 300},
}

_CARDS = 10
_BATCH = 250


@dataclass(frozen=True, slots=True)
class Decision:
    """The item."""

    reference: str
    authority: str | None
    category: str | None
    outcome: str | None
    decision_date: str | None
    summary: str | None
    url: str
    text: str


class DecisionSpider(scrapy.Spider):  # type: ignore[misc, unused-ignore]  # has no types where Scrapy is not installed
    """Crawls the listing, decisions, and further chapters of reports."""

    name = "decisions"

    def __init__(self, site: str = "", **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.listing = f"{site}/Decisions/SearchResults?fd=0001-01-01&td=9999-12-31&t=both&page="
        self.start_urls = [f"{self.listing}1"]

    def parse(self, response: Any, **_: Any) -> Iterator[Any]:
        """Parses the first page of the listing, which states how many decisions there are."""
        total = int(response.css("p.results::text").re_first(r"([\d,]+) result").replace(",", ""))
        yield from self.parse_listing(response)
        for page in range(2, -(-total // _CARDS) + 1):
            yield scrapy.Request(f"{self.listing}{page}", self.parse_listing)

    def parse_listing(self, response: Any) -> Iterable[Any]:
        return response.follow_all(css=".card__title a", callback=self.parse_decision)  # type: ignore[no-any-return, unused-ignore]

    def parse_decision(self, response: Any) -> Iterator[Any]:
        title, *lines = _lines(response)
        found = re.fullmatch(r"(?:(.*) \()?(\d\d \d{3} \d{3}[a-z]?)\)?", title)
        if found is None:
            raise ValueError(f"{response.url}: {title!r} is not a title")
        labels = map(_words, response.css("article .label"))
        fields = dict(zip(labels, map(_words, response.css("article .value")), strict=True))
        printed = fields.get("Decision date :")
        decision = Decision(
            reference=found[2],
            authority=found[1],
            category=fields.get("Category :"),
            outcome=fields.get("Decision :"),
            decision_date=f"{datetime.strptime(printed, '%d %b %Y'):%Y-%m-%d}" if printed else None,  # noqa: DTZ007
            summary=next((line.removeprefix("Summary: ") for line in lines if line.startswith("Summary: ")), None),
            url=response.url,
            text="\n".join([title, *lines]),
        )
        yield from self.finish(response, decision, 1)

    def parse_chapter(self, response: Any, decision: Decision, chapter: int) -> Iterator[Any]:
        repeated = len(response.css("article header > *"))
        text = "\n".join([decision.text, *_lines(response)[repeated:]])
        yield from self.finish(response, replace(decision, text=text), chapter)

    def finish(self, response: Any, decision: Decision, chapter: int) -> Iterator[Any]:
        """Returns the item, or the request for its next chapter."""
        following = response.css(f'.chapters a[href$="?chapter={chapter + 1}"]')
        if following:
            kept = {"decision": decision, "chapter": chapter + 1}
            yield response.follow(following[0], self.parse_chapter, cb_kwargs=kept)
        else:
            yield decision


_BLOCKS = (
    "//article//*[self::h2 or self::h3 or self::p[not(@class='top')] or self::tr or self::li[not(p)]]"
    "[not(ancestor::ul[@class='contents'])]"
)


def _lines(response: Any) -> list[str]:
    """Returns the article with one line for each block."""
    lines: list[str] = []
    for block in response.xpath(_BLOCKS):
        tag = block.root.tag
        if tag == "tr":
            lines.append(" | ".join(map(_words, block.xpath("td"))))
        elif tag == "li" or (tag == "p" and block.root.getparent().tag == "li" and block.root.getprevious() is None):
            lines.append("- " + _words(block))
        else:
            lines.append(_words(block))
    return lines


def _words(selector: Any) -> str:
    text: str = selector.xpath("string()").get()
    return " ".join(text.split())


class SqlitePipeline:
    """Stores items in a table with a full-text index, in batches."""

    def __init__(self, database: str) -> None:
        self._database = database
        self._batch: list[tuple[str | None, ...]] = []

    @classmethod
    def from_crawler(cls, crawler: Any) -> SqlitePipeline:
        return cls(crawler.settings["DATABASE"])

    def open_spider(self) -> None:
        self._db = sqlite3.connect(self._database)
        self._db.executescript(
            "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;"
            "CREATE TABLE decisions (id INTEGER PRIMARY KEY, reference TEXT UNIQUE, authority TEXT, category TEXT,"
            " outcome TEXT, decision_date TEXT, summary TEXT, url TEXT, text TEXT);"
            "CREATE VIRTUAL TABLE decisions_fts USING fts5 (authority, summary, text, content = 'decisions',"
            " content_rowid = 'id', tokenize = 'unicode61 remove_diacritics 2');"
        )

    def process_item(self, item: Decision) -> Decision:
        self._batch.append(astuple(item))
        if len(self._batch) == _BATCH:
            self._save()
        return item

    def close_spider(self) -> None:
        self._save()
        self._db.close()

    def _save(self) -> None:
        """Stores a batch, and fills the full-text index with one statement: three times as fast as one a row."""
        with self._db:
            (last,) = self._db.execute("SELECT coalesce(max(id), 0) FROM decisions").fetchone()
            self._db.executemany(
                "INSERT INTO decisions (reference, authority, category, outcome, decision_date, summary, url, text) "
                "VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                self._batch,
            )
            self._db.execute(
                "INSERT INTO decisions_fts (rowid, authority, summary, text) "
                "SELECT id, authority, summary, text FROM decisions WHERE id > ?",
                (last,),
            )
        self._batch.clear()


def main(url: str, database: str) -> None:
    process = CrawlerProcess({**SETTINGS, "DATABASE": database})
    process.crawl(DecisionSpider, site=url)
    process.start()


if __name__ == "__main__":
    main(*sys.argv[1:])
