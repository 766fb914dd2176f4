"""Sorts the published samples, newest decision date first, and counts and selects them by bisection."""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Iterable, Iterator, Sequence
from datetime import date
from typing import NamedTuple

from lgsco.replica.sample import Sample, place_slug

Key = tuple[int, str]


class Filter(NamedTuple):
    """The filters of a search besides dates. An empty filter admits every sample."""

    kind: str = ""
    outcomes: frozenset[str] = frozenset()
    """Outcomes to include; empty for any."""
    authority: str = ""
    """Part of the authority's name, in lower case."""
    category: str = ""
    subcategory: str = ""
    """Slugs."""

    def admits(self, sample: Sample) -> bool:
        """Whether the search includes the sample."""
        return (
            self.kind in ("", sample.kind)
            and (not self.outcomes or sample.outcome in self.outcomes)
            and self.authority in sample.authority.lower()
            and self.category in ("", place_slug(sample.category))
            and self.subcategory in ("", place_slug(sample.subcategory))
        )


EVERYTHING = Filter()


class Index:
    """Samples by reference and in the order of the listing: decision date descending, then reference."""

    def __init__(self) -> None:
        """Makes an empty index."""
        self._samples: dict[str, Sample] = {}
        self._keys: dict[Filter, list[Key]] = {EVERYTHING: []}

    def __contains__(self, reference: str) -> bool:
        return reference in self._samples

    def __getitem__(self, reference: str) -> Sample:
        return self._samples[reference]

    def __len__(self) -> int:
        return len(self._samples)

    def __iter__(self) -> Iterator[Sample]:
        return (self._samples[reference] for _, reference in self._keys[EVERYTHING])

    def fill(self, samples: Iterable[Sample]) -> None:
        """Replaces all samples."""
        self._samples = {sample.reference: sample for sample in samples}
        self._keys = {EVERYTHING: sorted(map(_key, self._samples.values()))}

    def add(self, sample: Sample) -> None:
        """Adds a sample. Its reference must not be in the index."""
        self._samples[sample.reference] = sample
        for terms, keys in self._keys.items():
            if terms.admits(sample):
                insort(keys, _key(sample))

    def remove(self, reference: str) -> None:
        """Removes a sample."""
        key = _key(sample := self._samples.pop(reference))
        for terms, keys in self._keys.items():
            if terms.admits(sample):
                del keys[bisect_left(keys, key)]

    def count(self, first: date, last: date, terms: Filter = EVERYTHING) -> int:
        """Counts the samples with a decision date from `first` to `last`, both inclusive."""
        _, start, end = self._range(first, last, terms)
        return max(0, end - start)

    def cut(self, first: date, last: date, skip: int, most: int, terms: Filter = EVERYTHING) -> list[Sample]:
        """Returns at most `most` of them in order, after the first `skip`."""
        keys, start, end = self._range(first, last, terms)
        return [self._samples[reference] for _, reference in keys[start + skip : min(end, start + skip + most)]]

    def after(self, sample: Sample, most: int) -> list[Sample]:
        """Returns at most `most` samples that follow a sample in the order."""
        keys = self._keys[EVERYTHING]
        place = bisect_left(keys, _key(sample)) + 1
        return [self._samples[reference] for _, reference in keys[place : place + most]]

    def _range(self, first: date, last: date, terms: Filter) -> tuple[Sequence[Key], int, int]:
        keys = self._keys.get(terms)
        if keys is None:  # scanned once, then updated with each change
            keys = self._keys[terms] = [key for key in self._keys[EVERYTHING] if terms.admits(self._samples[key[1]])]
        start = bisect_left(keys, (-last.toordinal(), ""))
        return keys, start, bisect_left(keys, (1 - first.toordinal(), ""))


def _key(sample: Sample) -> Key:
    return -sample.decision_date.toordinal(), sample.reference
