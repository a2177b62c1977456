"""A worker process for the tests: its tasks write down what they were given."""

import sys
import time
from pathlib import Path

from revocation.errors import InputError
from revocation.wire.queue import Wire

url, diary = sys.argv[1], Path(sys.argv[2])


def _note(text: str) -> None:
    with diary.open("a") as file:
        file.write(text + "\n")


def _slow(text: str) -> None:
    _note("begin " + text)
    time.sleep(1)
    _note("end " + text)


def _fail(text: str) -> None:
    raise RuntimeError("task failed on " + text)


def _flaky(text: str) -> None:
    """Fails twice."""
    tries = diary.read_text().count("try " + text) if diary.exists() else 0
    _note("try " + text)
    if tries < 2:
        raise RuntimeError("task failed on " + text)


def _wrong(text: str) -> None:
    _note("try " + text)
    raise InputError("is wrong in itself", where=text)


tasks = {"note": _note, "slow": _slow, "fail": _fail, "flaky": _flaky, "wrong": _wrong}
Wire(url).work("signer", tasks, ready=lambda: print("ready", flush=True))
print("stopped", flush=True)
