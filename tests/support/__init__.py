"""What several test modules share: a clock, a site to ask, commands to run, invented documents."""

import pytest

pytest.register_assert_rewrite(
    *(f"support.{name}" for name in ("command_line", "politeness", "web", "world")),
)
