"""The log of a service: whoever compares those of two zones reads one time, and a program reads each line."""

import json
import os
import re
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

from revocation.clock import now

_BEGIN = "import logging; from revocation.logs import about, log_to_stderr; log_to_stderr('signer'); "
_LOG = "logging.getLogger('a.b')"


def said(program: str, code: int = 0, **variables: str) -> str:
    """What a process with that program writes to standard error."""
    environment = {**os.environ, **variables}
    done = subprocess.run([sys.executable, "-c", _BEGIN + program], env=environment, capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (code, ""), done.stderr
    return done.stderr


def objects(program: str, code: int = 0) -> list[dict[str, Any]]:
    """The same line by line, where the log is JSON."""
    return [json.loads(line) for line in said(program, code, REVOCAST_LOG="json").splitlines()]


def test_log_has_times_in_utc_in_any_zone() -> None:
    """With their Z, as all times that are shown; of milliseconds."""
    text = said(f"{_LOG}.info('x')", TZ="XYZ-5", REVOCAST_LOG="text")
    found = re.fullmatch(r"(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3})Z INFO a\.b: x\n", text)
    assert found, text
    assert abs(datetime.fromisoformat(found[1]).replace(tzinfo=UTC) - now()) < timedelta(minutes=1)


def test_text_has_what_a_line_is_about_behind_it() -> None:
    """So `grep` by an id finds it in either form; what is empty is left out."""
    text = said(f"{_LOG}.info('made', extra=about(bundle='1.tar', message_ids=['a', 'b'], issuer=None))", TZ="UTC")
    assert text.endswith("INFO a.b: made [bundle=1.tar message_ids=a,b]\n")


def test_line_is_one_json_object_with_time_level_service_and_message() -> None:
    """And what it is about as fields of their own."""
    (line,) = objects(f"{_LOG}.warning('made %s', 'it', extra=about(bundle='1.tar', message_ids=['a', 'b']))")
    at = datetime.fromisoformat(line.pop("time").removesuffix("Z")).replace(tzinfo=UTC)
    assert abs(at - now()) < timedelta(minutes=1)
    assert line == {
        "level": "WARNING",
        "service": "signer",
        "logger": "a.b",
        "message": "made it",
        "bundle": "1.tar",
        "message_ids": ["a", "b"],
    }


def test_text_of_others_stays_in_its_line() -> None:
    """Line breaks, quotes and what moves a cursor: one line is one line, and nothing in it is a field."""
    hostile = "a\\n{\\u0022level\\u0022: 1}\\u2028\\u202e\\x1b[2J"
    text = said(f"{_LOG}.info('%s', '{hostile}')", REVOCAST_LOG="json")
    assert text.isascii()
    assert text.count("\n") == 1
    assert "\x1b" not in text
    assert json.loads(text)["message"] == 'a\n{"level": 1}\u2028\u202e\x1b[2J'


def test_library_that_migrates_says_nothing_while_all_is_well() -> None:
    """Who migrated says it once, in words of ours; what Alembic warns of stays."""
    alembic = "logging.getLogger('alembic.runtime.migration')"
    (line,) = objects(f"{alembic}.info('Context impl SQLiteImpl.'); {alembic}.warning('beware')")
    assert (line["level"], line["message"]) == ("WARNING", "beware")


def test_exception_stands_in_its_line() -> None:
    """Also one that nobody caught, in any thread, and a warning of a library: no line is anything else than JSON."""
    (caught,) = objects(f"exec(\"try: 1/0\\nexcept Exception: {_LOG}.exception('failed')\")")
    assert caught["message"] == "failed"
    assert caught["exception"].endswith("ZeroDivisionError: division by zero")
    (ended,) = objects("1/0", code=1)
    assert (ended["level"], "ZeroDivisionError" in ended["exception"]) == ("CRITICAL", True)
    (thread,) = objects("import threading; t = threading.Thread(target=lambda: 1/0); t.start(); t.join()")
    assert "ZeroDivisionError" in thread["exception"]
    (warned,) = objects("import warnings; warnings.warn('old')")
    assert "old" in warned["message"]


def test_error_that_ends_a_service_is_a_line_too() -> None:
    """What is wrong, and what to do; for people it stays as every command says it."""
    failing = (
        "import click; from revocation import cli; from revocation.errors import ConfigurationError\n"
        "@click.command()\n"
        "def fail(): raise ConfigurationError('is wrong', where='x.toml', advice='mend it')\n"
        "cli.run(fail)"
    )
    (line,) = objects(f"exec({failing!r})", code=2)
    assert (line["level"], line["message"]) == ("CRITICAL", "x.toml: is wrong (mend it)")
    assert "error:" in said(f"exec({failing!r})", code=2)
