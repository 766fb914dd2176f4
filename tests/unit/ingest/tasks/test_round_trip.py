"""An import accepts what an export writes: the text byte for byte, and every column that it prints.

`DOCUMENTS=4000 pytest tests/unit/ingest/tasks` tries many more documents.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from bench.pages.corpus import corpus
from bench.pages.mutants import bases_of, mutant
from bench.pages.odd import odd_page
from ingest.errors import ReadError
from ingest.lgo.page import parse_chapters
from ingest.lgo.text_format import render
from ingest.tasks.documents import parse_document
from storage.export import DIGESTS_FILE
from storage.model import Decision
from support.documents import EXAMPLES, MARKUPS, SEEDS, documents, page_of

COLUMNS = ("reference", "authority", "category", "subcategory", "outcome", "decision_date", "kind", "summary")
ADDED = (
    "",
    "<p>Ombudsman satisfied with the council's response: 23 September 2016</p>",
    "<p>Ombudsman satisfied with the council's response: 23 September 2016</p><p>A last word</p>",
    "<h2>Further report</h2><p>The Council did more.</p>",
    "<h2>Summary</h2><p>- It ended there.</p>",
    "<p>Summary</p><ul><li>Category : none</li></ul><p>-</p>",
    "<p>a<br>b</p><p>- - c</p><h3>Decision</h3><h3>- d</h3>",
    "<p>Decision</p><p>Overview</p><table><tr><td></td><td>-</td></tr></table>",
)
"""Lines after the text of a page: odd endings, and lines that a text parser may take for something else."""


def wrong(decision: Decision, folder: Path) -> str | None:
    """Returns what differs in a decision after an export and an import."""
    text = render(decision)
    path = folder / "decision.txt"
    path.write_bytes(text.encode())
    (folder / DIGESTS_FILE).write_text(f"{sha256(text.encode()).hexdigest()}  decision.txt\n", "utf-8")
    try:
        again = parse_document(path, unclosed=False)
    except ReadError as error:
        return f"{error}\n{text}"
    if render(again) != text:
        return f"another text:\n{text}\n---\n{render(again)}"
    other = {name: (getattr(decision, name), getattr(again, name)) for name in COLUMNS}
    other = {name: values for name, values in other.items() if values[0] != values[1]}
    return f"{other}\n{text}" if other else None


@settings(max_examples=2 * EXAMPLES)
@given(documents(), SEEDS, st.sampled_from(MARKUPS), st.sampled_from(ADDED))
def test_an_exported_decision_imports_unchanged(document: object, seed: int, markup: str, added: str) -> None:
    page = page_of(document, seed, markup=markup)  # type: ignore[arg-type]
    try:
        decision = parse_chapters([page.replace("</article>", f"{added}</article>").encode()])
    except ReadError:
        return
    with tempfile.TemporaryDirectory() as folder:
        assert wrong(decision, Path(folder)) is None


def _generated() -> Iterator[tuple[tuple[bytes, ...], str]]:
    samples = corpus(100)
    bases = bases_of(samples)
    for number in range(10_000):
        odd, mutated = odd_page(number, samples, 5), mutant(number, bases, 5)
        yield odd.pages, odd.sample.reference
        yield mutated.pages, mutated.base.sample.reference


def test_exported_generated_decisions_import_unchanged(tmp_path: Path) -> None:
    failures, stored = [], 0
    for pages, reference in islice(_generated(), 6 * EXAMPLES):
        try:
            decision = parse_chapters(list(pages), reference=reference)
        except ReadError:
            continue
        stored += 1
        if (failure := wrong(decision, tmp_path)) is not None:
            failures.append(failure)
    assert stored > EXAMPLES
    assert failures == []
