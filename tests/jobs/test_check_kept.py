"""`revocast check` on what stands between the responder and relying parties: how long it lets caches keep an answer."""

from collections.abc import Callable, Iterable
from datetime import timedelta
from email.message import Message
from pathlib import Path
from typing import Any

import pytest

from jobs.check_kept import kept_past_end
from jobs.check_marks import MarksFile
from jobs.findings import Level, worst
from tests.authority import NOW
from tests.jobs.checking import end_entity, look, said
from tests.jobs.site import Site

DAY = 86400
ENDS = NOW + timedelta(seconds=DAY)


def headers(text: str) -> Message:
    """Those in a text, a line each."""
    message = Message()
    for line in text.split("\n"):
        name, _, value = line.partition(": ")
        message[name] = value
    return message


@pytest.mark.parametrize(
    ("text", "late"),
    [
        (f"Cache-Control: max-age={DAY - 1}, public", False),
        (f"Cache-Control: max-age={DAY}, public", True),
        (f"Cache-Control: MAX-AGE={DAY}", True),
        (f'Cache-Control: public\nCache-Control: max-age="{DAY}"', True),
        (f"Cache-Control: max-age={DAY}\nAge: 1", False),
        (f"Cache-Control: max-age={DAY}\nAge: an hour", True),
        (f"Cache-Control: max-age=60, s-maxage={DAY}", True),
        (f"Cache-Control: max-age={DAY}, s-maxage=60", False),
        (f"Cache-Control: max-age={DAY}, no-store", False),
        ("Cache-Control: max-age=9999999999", True),
        ("Cache-Control: public\nExpires: Mon, 02 Mar 2026 12:00:00 GMT", True),
        ("Expires: Mon, 02 Mar 2026 11:59:59 GMT", False),
        ("Cache-Control: max-age=60\nExpires: Tue, 03 Mar 2026 12:00:00 GMT", False),
        ("Expires: Mon, 02 Mar 2026 12:00:00 -0000", True),
        ("Expires: Mon, 02 Mar 2026 12:00:00 +99999999999", False),
        ("Expires: 0", False),
        ("Expires: tomorrow", False),
        ("Server: x", False),
    ],
)
def test_answer_is_kept_past_its_end_by_what_caches_go_by(text: str, late: bool) -> None:
    """s-maxage before max-age, max-age before Expires, less the age that it has; nothing at all is no promise."""
    assert (kept_past_end(headers(text), ENDS, NOW) is not None) == late


def through(site: Site, control: str) -> Callable[..., Iterable[bytes]]:
    """The site behind something that says for itself how long an answer is kept."""
    behind = site.app

    def application(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
        def start(status: str, headers: list[tuple[str, str]]) -> Any:
            kept = [header for header in headers if header[0] != "Cache-Control"]
            return start_response(status, [*kept, ("Cache-Control", control)])

        return behind(environ, start)

    return application


def test_proxy_that_lets_answers_be_kept_past_their_end_is_a_warning(site: Site, tmp_path: Path) -> None:
    """By GET alone, since nobody keeps what was got by POST; the answer itself is right and counts."""
    site.bring_up(good=[6])
    marks, certificate = MarksFile(tmp_path / "marks"), end_entity(site, 6)
    site.answer_instead(through(site, f"public, max-age={DAY // 2}"))
    assert worst(look(site, marks, certificate)) is Level.OK
    site.answer_instead(through(site, f"public, max-age={7 * DAY}"))
    findings = look(site, marks, certificate)
    assert worst(findings) is Level.WARNING
    warned = said(findings, Level.WARNING)
    assert "sha256 GET: caches may keep it until 2026-03-08T12:00:01Z, and it ends at 2026-03-02T12:00:01Z" in warned
    assert "POST" not in warned
    assert "good, 4 answers verified" in said(findings, Level.OK)
