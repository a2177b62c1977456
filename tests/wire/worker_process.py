"""A worker process for the tests: its tasks write down what they were given."""

import sys
import time
from pathlib import Path

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


Wire(url).work("signer", {"note": _note, "slow": _slow, "fail": _fail}, ready=lambda: print("ready", flush=True))
print("stopped", flush=True)
