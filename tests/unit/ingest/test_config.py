"""config.toml: it has every setting with its default and a comment, and invalid values are refused."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Callable, Mapping
from datetime import date
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from ingest.config import CONFIG_SECTIONS, VERSION, Config, load, require_contact_and_pace
from ingest.errors import ConfigError, UsageError
from ingest.run import Backfill
from ingest.tasks.timetable import make_trigger
from support.paths import ROOT
from support.world import World

SHIPPED = ROOT / "config.toml"
SETTINGS = {
    (section, setting): getattr(getattr(Config(), section), setting)
    for section in CONFIG_SECTIONS
    for setting in getattr(Config(), section)._fields
}


def written(folder: Path, text: str) -> Path:
    path = folder / "mine.toml"
    path.write_text(text, encoding="utf-8")
    return path


def find_refusal(loading: Callable[[], Config]) -> str | None:
    """Returns the message with which a configuration is refused; None if it is accepted."""
    try:
        loading()
    except ConfigError as error:
        return str(error)
    return None


def get(config: Config, section: str, key: str) -> Any:
    return getattr(getattr(config, section), key)


# ---------------------------------------------------------------- the shipped file


def test_the_shipped_file_has_every_key_with_its_default() -> None:
    table = tomllib.loads(SHIPPED.read_text(encoding="utf-8"))
    shipped = {(section, key): value for section, settings in table.items() for key, value in settings.items()}
    assert list(shipped) == list(SETTINGS), "the same keys, in the same order"
    for key, value in shipped.items():
        default = SETTINGS[key]
        assert value == (list(default) if isinstance(default, tuple) else default), key
        assert isinstance(value, bool) == isinstance(default, bool)
    assert load(SHIPPED, {}) == Config() == load(None, {})


def test_every_setting_has_a_comment_of_one_line() -> None:
    section = ""
    said: dict[tuple[str, str], str] = {}
    for line in SHIPPED.read_text(encoding="utf-8").splitlines():
        if head := re.fullmatch(r"\[(\w+)\]", line):
            section = head[1]
        elif setting := re.fullmatch(r"(\w+) = (?:\"[^\"]*\"|\[[^\]]*\]|[^\s#]+) +# (.+)", line):
            said[section, setting[1]] = setting[2]
        else:
            assert not line or line.startswith("# "), f"a setting without a comment: {line}"
    assert list(said) == list(SETTINGS)
    for key, words in said.items():
        assert len(words.split()) >= 3, key
    assert len(set(said.values())) == len(said)


def test_the_sections_of_the_contract_exist() -> None:
    assert {"site", "fetch", "storage", "schedule", "alerts"} <= {section for section, _ in SETTINGS}
    assert {("site", "base_url"), ("site", "user_agent"), ("site", "contact"), ("storage", "database")} <= set(SETTINGS)
    assert Config().site.contact == ""
    assert Config().fetch.pace >= 1


def test_the_user_agent_names_the_contact() -> None:
    config = load(None, {"LGSCO_SITE_CONTACT": "someone@example.org"})
    assert config.user_agent == f"lgsco/{VERSION} (archive of published decisions; someone@example.org)"


# ---------------------------------------------------------------- flags, environment, file, defaults


def test_a_flag_beats_the_environment_which_beats_the_file_which_beats_the_default(tmp_path: Path) -> None:
    file = written(tmp_path, '[site]\nbase_url = "https://file.invalid"\ncontact = "file"\n[fetch]\npace = 2\n')
    environment = {"LGSCO_SITE_BASE_URL": "https://environment.invalid", "LGSCO_FETCH_PACE": "3"}
    assert load(None, {}).site.base_url == "https://www.lgo.org.uk"
    assert load(file, {}).site.base_url == "https://file.invalid"
    config = load(file, environment)
    assert (config.site.base_url, config.site.contact, config.fetch.pace) == ("https://environment.invalid", "file", 3)
    config = load(file, environment, {"--site": ("site.base_url", "https://flag.invalid")})
    assert (config.site.base_url, config.site.contact, config.fetch.pace) == ("https://flag.invalid", "file", 3)
    assert config.fetch.tries == Config().fetch.tries


@pytest.mark.parametrize(
    ("value", "fill"), [('"auto"', "auto"), ("true", "on"), ('"on"', "on"), ("false", "off"), ('"off"', "off")]
)
def test_the_fill_is_set_by_a_word_or_a_switch(tmp_path: Path, value: str, fill: str) -> None:
    assert load(written(tmp_path, f"[schedule]\nfill = {value}\n"), {}).schedule.fill == fill
    assert load(None, {"LGSCO_SCHEDULE_FILL": value.strip('"')}).schedule.fill == fill


@pytest.mark.parametrize(
    ("line", "told"),
    [
        ('fill = "perhaps"', "it must be auto, on or off"),
        ("fill = 2", "must be a string"),
        ('fill_hours = "8-18"', "is not a range of hours"),
        ('fill_hours = "08:00-08:00"', "is not a range of hours"),
        ("fill_requests = 0", "it must be 1 or more"),
    ],
)
def test_an_invalid_fill_is_refused_with_its_key(tmp_path: Path, line: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told) as refused:
        load(written(tmp_path, f"[schedule]\n{line}\n"), {})
    assert f"[schedule] {line.partition(' ')[0]}" in str(refused.value)


def test_config_toml_here_is_read_unless_another_file_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    assert load(None, {}) == Config()
    (tmp_path / "config.toml").write_text("[fetch]\npace = 2\n")
    assert load(None, {}).fetch.pace == 2
    assert load(written(tmp_path, ""), {}) == Config()


@pytest.mark.parametrize("key", SETTINGS)
def test_every_setting_can_be_set_in_the_environment(key: tuple[str, str]) -> None:
    section, setting = key
    default = SETTINGS[key]
    text: str
    wanted: Any
    if isinstance(default, tuple):
        lines = ("08:00-18:00", "23:00-01:00") if setting == "quiet_hours" else ("0 5 * * mon", "0 20 * * fri")
        text, wanted = f"{lines[0]}; {lines[1]} ;", lines
    elif isinstance(default, str):
        others_of = {"base_url": "https://other.invalid", "time_zone": "Europe/Paris"}
        others_of |= {"fill": "off", "fill_hours": "00:00-24:00"}
        text = wanted = others_of.get(setting, "something")
    else:
        text, wanted = str(default + 1), default + 1
    config = load(None, {f"LGSCO_{section}_{setting}".upper(): text})
    assert get(config, section, setting) == wanted
    assert type(get(config, section, setting)) is type(default)
    others = {name: get(config, *name) for name in SETTINGS if name != key}
    assert others == {name: value for name, value in SETTINGS.items() if name != key}


# ---------------------------------------------------------------- refusals

REFUSED = [
    ("[fetch]\npase = 1", ["'pase'", "pace", "[fetch]"]),
    ("[fetch]\nPace = 1", ["'Pace'", "pace"]),
    ("[fetsh]\npace = 1", ["[fetsh]", "fetch", "schedule"]),
    ("pace = 1", ["pace", "fetch"]),
    ("fetch = 1", ["fetch", "[fetch]"]),
    ("[fetch]\npace = '1'", ["[fetch] pace", "number"]),
    ("[fetch]\npace = true", ["[fetch] pace", "number"]),
    ("[fetch]\npace = -0.1", ["[fetch] pace", "0 or more"]),
    ("[fetch]\npace = nan", ["[fetch] pace"]),
    ("[fetch]\npace = inf", ["[fetch] pace"]),
    ("[fetch]\npace = 1979-05-27", ["[fetch] pace", "number"]),
    ("[fetch.pace]\nseconds = 1", ["[fetch] pace", "number"]),
    ("[fetch]\ntries = 0", ["[fetch] tries", "1 or more"]),
    ("[fetch]\ntries = 2.0", ["[fetch] tries", "whole number"]),
    ("[fetch]\ndeadline = 0", ["[fetch] deadline", "or more"]),
    ("[fetch]\nmax_bytes = 10", ["[fetch] max_bytes", "1024 or more"]),
    ("[fetch]\ndaily_requests = 0", ["[fetch] daily_requests", "1 or more"]),
    ("[storage]\nbatch = 0", ["[storage] batch", "1 or more"]),
    ("[storage]\ndatabase = 5", ["[storage] database", "string"]),
    ("[storage]\ndatabase = ''", ["[storage] database"]),
    ("[listing]\nwalk_most = 9", ["[listing] walk_most", "10 or more"]),
    ("[schedule]\nsync_days = 0", ["[schedule] sync_days", "1 or more"]),
    ("[schedule]\nsync_days = 4000000", ["[schedule] sync_days"]),
    ("[schedule]\nexpect_daemon = 1", ["[schedule] expect_daemon", "true or false"]),
    ("[schedule]\nexpect_daemon = 'true'", ["[schedule] expect_daemon", "true or false"]),
    ("[schedule]\nexpect_daemon = [true]", ["[schedule] expect_daemon", "true or false"]),
    ("[listing]\ntrust_hours = 1e300", ["[listing] trust_hours"]),
    ("[schedule]\nsync = 'daily'", ["[schedule] sync", "list"]),
    ("[schedule]\nsync = [1]", ["[schedule] sync", "list"]),
    ("[schedule]\ntime_zone = 'Europe/Londonium'", ["[schedule] time_zone", "Europe/London"]),
    ("[schedule]\ntime_zone = '../../etc/passwd'", ["[schedule] time_zone", "Europe/London"]),
    ("[schedule]\ntime_zone = 'Europe'", ["[schedule] time_zone", "Europe/London"]),
    ("[schedule]\ntime_zone = ''", ["[schedule] time_zone", "Europe/London"]),
    ("[site]\nbase_url = 'www.lgo.org.uk'", ["[site] base_url", "https://"]),
    ("[site]\nbase_url = 'ftp://www.lgo.org.uk'", ["[site] base_url", "https://"]),
    ("[site]\nbase_url = 'https://'", ["[site] base_url", "https://"]),
    ("[site]\nbase_url = ''", ["[site] base_url", "https://"]),
    ("[site]\nbase_url = 'http://['", ["[site] base_url", "https://"]),
    ("[site]\nbase_url = 'http://127.0.0.1:port'", ["[site] base_url"]),
    ("[site]\nbase_url = 'http://127.0.0.1:99999'", ["[site] base_url"]),
    ("[site]\ncontact = ['me']", ["[site] contact", "string"]),
    ('[site]\ncontact = "me\\nX-Other: yes"', ["[site] contact"]),
    ("[alerts]\ncommand = 'mail \"me'", ["[alerts] command"]),
    ("[fetch", ["not TOML"]),
    ("[fetch]\npace = 1\npace = 2", ["not TOML"]),
]


@pytest.mark.parametrize(("text", "said"), REFUSED, ids=[text.replace("\n", " ") for text, _ in REFUSED])
def test_a_refusal_names_the_file_the_key_and_what_is_allowed(tmp_path: Path, text: str, said: list[str]) -> None:
    path = written(tmp_path, text)
    with pytest.raises(ConfigError) as refused:
        load(path, {})
    message = str(refused.value)
    assert "mine.toml" in message
    for words in said:
        assert words in message
    assert "\n" not in message
    assert refused.value.exit_code == 2


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LGSCO_FETCH_PACE", "fast"),
        ("LGSCO_FETCH_PACE", "nan"),
        ("LGSCO_FETCH_PACE", ""),
        ("LGSCO_FETCH_TRIES", "2.5"),
        ("LGSCO_FETCH_TRIES", "9" * 5_000),
        ("LGSCO_FETCH_DAILY_REQUESTS", "-1"),
        ("LGSCO_SITE_BASE_URL", "lgo"),
        ("LGSCO_SCHEDULE_TIME_ZONE", "Here"),
        ("LGSCO_SCHEDULE_EXPECT_DAEMON", "maybe"),
        ("LGSCO_SCHEDULE_EXPECT_DAEMON", ""),
    ],
)
def test_a_refusal_names_the_environment_variable(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name} "):
        load(None, {name: value})


@pytest.mark.parametrize("key", SETTINGS)
def test_a_refusal_of_any_setting_names_the_variable_that_set_it(key: tuple[str, str]) -> None:
    name = "_".join(("LGSCO", *key)).upper()
    with pytest.raises(ConfigError, match=rf"^{name}\b"):
        make_trigger(load(None, {name: "bad\nvalue"}))


def test_a_setting_is_named_by_what_set_it_last(tmp_path: Path) -> None:
    path = written(tmp_path, "[site]\nbase_url = 'http://localhost'\n[fetch]\npace = 2\n")
    assert load(path, {}).name_origin("fetch", "pace") == f"{path}: [fetch] pace"
    assert load(path, {}).name_origin("fetch", "tries") == f"{path}: [fetch] tries", "where it can be set"
    config = load(path, {"LGSCO_SITE_BASE_URL": "http://127.0.0.1", "LGSCO_FETCH_PACE": "3"}, {"--site": FLAG})
    assert config.name_origin("fetch", "pace") == "LGSCO_FETCH_PACE"
    assert config.name_origin("site", "base_url") == "--site"


def test_a_file_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"nowhere\.toml"):
        load(tmp_path / "nowhere.toml", {})
    with pytest.raises(ConfigError, match=re.escape(str(tmp_path))):
        load(tmp_path, {})
    (tmp_path / "latin.toml").write_bytes("[site]\ncontact = 'Zoë'".encode("latin-1"))
    with pytest.raises(ConfigError, match=r"latin\.toml"):
        load(tmp_path / "latin.toml", {})


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("http://127.0.0.1:8000", True),
        ("http://127.1.2.3", True),
        ("http://localhost:1", True),
        ("http://LOCALHOST", True),
        ("http://[::1]:8000", True),
        ("https://www.lgo.org.uk", False),
        ("http://localhost.example.invalid", False),
        ("http://127.0.0.1.example.invalid", False),
        ("http://127.0.0.1@example.invalid", False),
    ],
)
def test_only_loopback_is_requested_without_a_contact(address: str, asked: bool) -> None:
    config = load(None, {"LGSCO_SITE_BASE_URL": address})
    if asked:
        require_contact_and_pace(config)
    else:
        with pytest.raises(UsageError, match="contact"):
            require_contact_and_pace(config)
    require_contact_and_pace(load(None, {"LGSCO_SITE_BASE_URL": address, "LGSCO_SITE_CONTACT": "me@example.org"}))
    blank = load(None, {"LGSCO_SITE_BASE_URL": address, "LGSCO_SITE_CONTACT": "  "})
    if not asked:
        with pytest.raises(UsageError, match="contact"):
            require_contact_and_pace(blank)


SITE = {"LGSCO_SITE_BASE_URL": "https://example.invalid"}
FLAG = ("site.base_url", "http://127.0.0.2")


@pytest.mark.parametrize(
    ("contact", "is_one"),
    [
        ("me@example.org", True),
        ("Ελένη <e@example.org>", True),
        ("https://example.org/who", True),
        ("HTTP://example.org", True),
        ("  me@example.org ", True),
        ("the archive, http://example.org", True),
        ("me", False),
        ("@", False),
        ("me @ home", False),
        ("www.example.org", False),
        ("https://", False),
        ("0113 496 0000", False),
    ],
)
def test_a_contact_must_be_an_email_or_web_address(contact: str, is_one: bool) -> None:
    config = load(None, {**SITE, "LGSCO_SITE_CONTACT": contact})
    if is_one:
        require_contact_and_pace(config)
        assert contact in config.user_agent
        return
    with pytest.raises(UsageError) as refused:
        require_contact_and_pace(config)
    assert refused.value.exit_code == 2
    assert f"LGSCO_SITE_CONTACT = {contact.strip()!r} contains no e-mail or web address" in str(refused.value)
    require_contact_and_pace(load(None, {"LGSCO_SITE_CONTACT": contact, "LGSCO_SITE_BASE_URL": "http://127.0.0.1"}))


@pytest.mark.parametrize(
    ("agent", "said"),
    [
        ("lgsco/{version} ({contact})", None),
        ("archive-of-mine ({contact})", None),
        ("archive-of-mine (me@example.org)", None),  # the contact is in the text itself, without the placeholder
        ("Mozilla/5.0", "{contact}"),
        ("lgsco/{version}", "{contact}"),
        ("lgsco ({Contact})", "{contact}"),
        ("", "{contact}"),
        ("operations-of-mine ({contact})", None),
        ("Mozilla/5.0 (compatible; lgsco; {contact})", "browser"),
        ("mozilla/5.0 ({contact})", "browser"),
        (" Chrome/140 ({contact})", "browser"),
        ("Safari ({contact})", "browser"),
    ],
)
def test_a_user_agent_must_name_the_contact_and_not_a_browser(tmp_path: Path, agent: str, said: str | None) -> None:
    path = written(tmp_path, f"[site]\nuser_agent = {toml(agent)}\ncontact = 'me@example.org'\n")
    config = load(path, SITE)
    if said is None:
        require_contact_and_pace(config)
        return
    with pytest.raises(UsageError) as refused:
        require_contact_and_pace(config)
    assert refused.value.exit_code == 2
    for words in ("mine.toml: [site] user_agent", said):
        assert words in str(refused.value)
    require_contact_and_pace(load(path, {"LGSCO_SITE_BASE_URL": "http://localhost:8000"}))


def test_a_pace_that_is_too_fast_is_named_by_what_set_it(tmp_path: Path) -> None:
    path = written(tmp_path, "[fetch]\npace = 0.1\n[site]\ncontact = 'me@example.org'\n")
    with pytest.raises(UsageError, match=r"mine\.toml: \[fetch\] pace = 0\.1 is not allowed; set it to 0\.5 or more"):
        require_contact_and_pace(load(path, SITE))
    with pytest.raises(UsageError, match=r"at least 0\.5 seconds apart: LGSCO_FETCH_PACE = 0\.2 is not allowed"):
        require_contact_and_pace(load(path, {**SITE, "LGSCO_FETCH_PACE": "0.2"}))


@pytest.mark.parametrize("name", ["Zoë", "Ελένη <e@example.org>", "me “here”"])
def test_a_contact_in_any_script_is_sent_or_refused_and_never_breaks_the_run(world: World, name: str) -> None:
    refused = find_refusal(lambda: world.config(site__contact=name))
    if refused:
        assert "contact" in refused
    else:
        assert world.run(Backfill(first=date(2026, 8, 1)), site__contact=name).state == "complete"


# ---------------------------------------------------------------- any input


def toml(value: object) -> str:
    """Formats a value as TOML."""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, str):
        return '"' + "".join(c if c.isalnum() and c.isascii() else f"\\U{ord(c):08x}" for c in value) + '"'
    if isinstance(value, list):
        return f"[{', '.join(map(toml, value))}]"
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{toml(key)} = {toml(inner)}' for key, inner in value.items())}}}"
    return str(value)


_TEXTS = st.one_of(
    st.text(st.characters(exclude_categories=["Cs"]), max_size=12),
    st.sampled_from(["http://", "https://x", "http://[", "http://[::1", "//", "Europe", "../..", "\0", ".", "/"]),
    st.text("htps:/[]@.\u2100%#?\\", max_size=10).map(lambda end: f"http://{end}"),
)
_VALUES = st.recursive(
    st.one_of(st.booleans(), st.integers(), st.integers(min_value=10**300, max_value=10**320), st.floats(), _TEXTS),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_TEXTS, inner, max_size=2),
    max_leaves=4,
)
_NAMES = st.sampled_from(sorted({name for key in SETTINGS for name in key} | {"pase", ""}))
_DIALS = st.sampled_from(sorted(SETTINGS))


def load_or_refuse(folder: Path, text: str) -> None:
    """Loads a file; raises if it gives neither a Config nor a ConfigError."""
    path = folder / "any.toml"
    path.write_text(text, encoding="utf-8", newline="")
    refused = find_refusal(lambda: load(path, {}))
    if refused:
        assert "any.toml" in refused
        return
    config = load(path, {})
    for key, default in SETTINGS.items():
        assert type(get(config, *key)) is type(default)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("any")


@given(setting=_DIALS, value=_VALUES)
@example(setting=("fetch", "pace"), value=10**400)
@example(setting=("site", "base_url"), value="http://[")
@example(setting=("site", "base_url"), value="http://\u2100/")
def test_any_value_of_a_setting_is_loaded_or_refused(folder: Path, setting: tuple[str, str], value: object) -> None:
    load_or_refuse(folder, f"[{setting[0]}]\n{setting[1]} = {toml(value)}\n")


@given(table=st.dictionaries(_NAMES, _VALUES | st.dictionaries(_NAMES, _VALUES, max_size=3), max_size=4))
def test_any_table_is_loaded_or_refused(folder: Path, table: dict[str, object]) -> None:
    load_or_refuse(folder, "".join(f"{toml(key)} = {toml(value)}\n" for key, value in table.items()))


@given(text=st.text(st.characters(exclude_categories=["Cs"]), max_size=60))
@example(text="[fetch]\npace = " + "9" * 5_000)
@example(text="x = " + "[" * 5_000)
@example(text="x = " + "{a=" * 5_000)
def test_any_text_is_loaded_or_refused(folder: Path, text: str) -> None:
    load_or_refuse(folder, text)


@given(
    setting=_DIALS,
    text=st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=20) | _TEXTS,
)
def test_any_environment_variable_is_loaded_or_refused(setting: tuple[str, str], text: str) -> None:
    name = "LGSCO_{}_{}".format(*setting).upper()
    refused = find_refusal(lambda: load(None, {name: text}))
    assert refused is None or refused.startswith(name)


@pytest.mark.parametrize("text", ["true", "True", " TRUE ", "1"])
def test_a_switch_is_set_by_the_environment(text: str) -> None:
    name = "LGSCO_SCHEDULE_EXPECT_DAEMON"
    assert load(None, {name: text}).schedule.expect_daemon is True
    assert load(None, {name: "false"}).schedule.expect_daemon is False


@pytest.mark.parametrize(
    "address", ["https://me:secret@host.invalid", "ftp://me:secret@host.invalid", "me:secret@host\t"]
)
def test_a_password_in_an_address_is_refused_and_not_quoted(address: str) -> None:
    with pytest.raises(ConfigError, match="--site contains a password") as refused:
        load(None, {}, {"--site": ("site.base_url", address)})
    assert "secret" not in str(refused.value)
