"""A room's library where a library that it needs is not installed: an error that names the extra, and no traceback."""

import subprocess
import sys
from pathlib import Path

import pytest

from tests.jobs.present import Present

_CALLS = (
    ("flask", "import responder.api", "responder.api needs flask", "responder"),
    ("lmdb", "import publisher.api as p; p.publish('{config}')", "lmdb, which is not installed", "publisher"),
    ("lmdb", "import jobs.api as j; j.publish('{config}')", "lmdb, which is not installed", "publisher"),
    ("lmdb", "import jobs.api as j; j.refresh('{config}')", "lmdb, which is not installed", "jobs"),
)


@pytest.mark.parametrize(("library", "call", "words", "extra"), _CALLS)
def test_library_that_is_missing_is_named_with_its_extra(
    tmp_path: Path, library: str, call: str, words: str, extra: str
) -> None:
    """Which is all that whoever calls it can do about it."""
    config = Present(tmp_path / "data").config
    code = f"import sys; sys.modules[{library!r}] = None; {call.format(config=config)}"
    ended = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert words in ended.stderr
    assert f"pip install 'revocast[{extra}]'" in ended.stderr
