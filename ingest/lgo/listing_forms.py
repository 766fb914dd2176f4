"""Lists the forms in which the listing can be requested for a range of dates.

| form | parameters besides `fd`, `td` and `page` | source |
|---|---|---|
| `bare` | none | worked on the live site in July 2026, for reports and statements |
| `t=both` | `t=both` | seen on `/Decisions/Archive` only |
| `dc=c+nu+u+` | the three known outcomes | seen on the listing |
| `trailing slash` | none, and the path ends in `/` | not seen |

No I/O.
"""

from __future__ import annotations

from datetime import date
from typing import NamedTuple

from ingest.lgo.source import SEARCH_PATH


class ListingForm(NamedTuple):
    """One way to request the listing for a range of dates."""

    name: str
    """The name in the ledger and in messages."""
    filters: str = ""
    """Parameters besides the dates and the page, URL-encoded."""
    path: str = SEARCH_PATH

    def target(self, first: date, last: date, page: int) -> str:
        """Returns the path and query of one page, from 1. The dates are sent as given."""
        filters = f"&{self.filters}" if self.filters else ""
        return f"{self.path}?fd={first}&td={last}{filters}&page={page}"


BARE = ListingForm("bare")

OTHER_FORMS = (
    ListingForm("t=both", "t=both"),
    ListingForm("dc=c+nu+u+", "dc=c%2Bnu%2Bu%2B"),
    ListingForm("trailing slash", path=f"{SEARCH_PATH}/"),
)


def find_form(name: str | None) -> ListingForm:
    """Returns the form with a name; the bare form when no form has it."""
    return next((form for form in OTHER_FORMS if form.name == name), BARE)
