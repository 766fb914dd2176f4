"""Database rows to what is shown: coverage, the calendar, politeness."""
