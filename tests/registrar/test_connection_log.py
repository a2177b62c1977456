"""What the log has of connections that break, and of defects of the server."""

import logging

import pytest

from registrar.connection_log import ConnectionLog


def failed(log: ConnectionLog, error: Exception) -> None:
    """Say that something failed, as the server does it."""

    def fail() -> None:
        raise error

    try:
        fail()
    except Exception:
        log.say("it failed", logging.ERROR, is_error=True)


def test_connection_that_breaks_is_no_news(caplog: pytest.LogCaptureFixture) -> None:
    """One line without a traceback, for who asks for all."""
    with caplog.at_level(logging.DEBUG):
        failed(ConnectionLog(), ConnectionResetError(104, "reset"))
    assert [(one.levelname, one.getMessage(), one.exc_info) for one in caplog.records] == [("DEBUG", "it failed", None)]


def test_defects_are_told_once_a_minute(caplog: pytest.LogCaptureFixture) -> None:
    """With the traceback of one, and how many there were besides."""
    now = 0.0
    log = ConnectionLog(lambda: now)
    with caplog.at_level(logging.INFO):
        for _ in range(8):
            failed(log, KeyError("defect"))
        now = 60.0
        failed(log, KeyError("defect"))
    assert [one.getMessage() for one in caplog.records] == [
        "it failed",
        "it failed (7 more since the last one that was told)",
    ]
    assert all(one.exc_info for one in caplog.records)
