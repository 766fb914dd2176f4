"""The forms in which the listing can be asked for a range of dates. Pure.

| form | asked besides `fd`, `td` and `page` | known |
|---|---|---|
| `bare` | nothing | seen to work on the live site in July 2026, for reports and statements |
| `t=both` | `t=both` | seen on `/Decisions/Archive` only |
| `dc=c+nu+u+` | the three outcomes that are known | seen on the listing |
| `trailing slash` | nothing, and the path ends in `/` | not seen |
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

from ingest.lgo.source import SEARCH_PATH


@dataclass(frozen=True, slots=True)
class ListingForm:
    """One way to ask the listing for a range of dates."""

    name: str
    """As the ledger and the claims name it."""
    filters: str = ""
    """Parameters besides the dates and the page, encoded."""
    path: str = SEARCH_PATH

    def target(self, first: date, last: date, page: int) -> str:
        """Path and query of one page, from 1, with the dates as the site is to read them."""
        filters = f"&{self.filters}" if self.filters else ""
        return f"{self.path}?fd={first}&td={last}{filters}&page={page}"


BARE = ListingForm("bare")

OTHER_FORMS = (
    ListingForm("t=both", "t=both"),
    ListingForm("dc=c+nu+u+", "dc=c%2Bnu%2Bu%2B"),
    ListingForm("trailing slash", path=f"{SEARCH_PATH}/"),
)


def find_form(name: str | None) -> ListingForm:
    """The form of a name; the bare form where no form has it."""
    return next((form for form in OTHER_FORMS if form.name == name), BARE)
