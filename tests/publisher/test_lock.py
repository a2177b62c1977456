"""One publisher at a time per target."""

import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path

import pytest

from publisher.lock import target_lock
from revocation.errors import TargetError
from tests.authority import NOW
from tests.building.bundles import put_crl, put_slice
from tests.building.ca import CA, Responder
from tests.building.crl import crl
from tests.building.ocsp import both
from tests.building.place import Place


def test_lock_is_held_against_other_processes_and_ends_with_its_holder(tmp_path: Path) -> None:
    """A holder that is killed leaves nothing behind that has to be cleaned up."""
    script = (
        "import sys; from pathlib import Path; from publisher.lock import target_lock\n"
        "with target_lock(Path(sys.argv[1]), 'files'): print('held', flush=True); input()"
    )
    holder = subprocess.Popen(
        [sys.executable, "-c", script, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(TargetError, match="another publisher"), target_lock(tmp_path, "files", patience=0.05):
        pass
    with target_lock(tmp_path, "responses", patience=0):
        pass
    holder.kill()
    holder.communicate()
    with target_lock(tmp_path, "files", patience=5):
        pass


def test_publications_in_many_threads_do_not_disturb_each_other(place: Place, ca: CA, responder: Responder) -> None:
    """A hint, the minute's look and a command at once: all of them end well, and with the same result."""
    for n in range(1, 6):
        put_crl(place.exchange, ca, n, crl(ca, n, this_update=NOW - timedelta(seconds=9 - n)))
        put_slice(place.exchange, ca, n + 10, both(ca, responder, n), slice_=n)
    found: list[tuple[int, int]] = []

    def look() -> None:
        files, responses = place.publish()
        found.append((files.crls[0].number, len(responses.slices)))

    threads = [threading.Thread(target=look) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [(5, 5)] * 4
