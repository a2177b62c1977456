"""infra/systemd: units that systemd understands, and on one machine without a queue a timer that looks often enough."""

import subprocess
from datetime import timedelta
from pathlib import Path

import pytest

from revocation.crlprofile import CRLProfile
from revocation.ocspprofile import OCSPProfile
from tests.infra.unitfiles import FOLDER, SERVICES, TIMERS, unit
from tests.responder.confined import confined
from tests.responder.filling import Filling, write


@pytest.mark.judge("systemd-analyze")
def test_units_are_valid(tmp_path: Path) -> None:
    """systemd-analyze knows every setting; only the program's place is another here."""
    units = []
    for path in (*SERVICES, *TIMERS):
        units.append(tmp_path / path.name)
        units[-1].write_text(path.read_text().replace("/opt/revocast/.venv/bin/revocast", "/bin/true"))
    result = subprocess.run(["systemd-analyze", "verify", "--man=no", *units], capture_output=True, text=True)
    ours = [line for line in result.stderr.splitlines() if "revocast" in line]
    assert not ours


def test_responder_is_tried_again_for_ever() -> None:
    """Else five tries in ten seconds, as while another program has its port, leave it down until somebody comes."""
    respond = unit(FOLDER / "revocast-respond.service")
    assert respond["Unit"]["StartLimitIntervalSec"] == "0"
    assert respond["Service"]["Restart"] == "always"


def test_signer_has_no_network_and_the_responder_no_keys() -> None:
    """The two users of revocast.sysusers, and what each is kept from."""
    refresh = unit(FOLDER / "revocast-refresh.service")["Service"]
    respond = unit(FOLDER / "revocast-respond.service")["Service"]
    assert (refresh["User"], refresh["PrivateNetwork"], refresh["IPAddressDeny"]) == ("revocast", "yes", "any")
    assert (respond["User"], respond["IPAddressAllow"]) == ("revocast-web", "localhost")
    assert "/var/lib/revocast/signer" in respond["InaccessiblePaths"]
    users = (FOLDER / "revocast.sysusers").read_text()
    assert "u revocast " in users
    assert "u revocast-web " in users


@pytest.mark.judge("unshare")
@pytest.mark.parametrize("mode", ["made later", "put back later"])
def test_responder_has_the_lock_file_of_a_store_that_came_after_it(tmp_path: Path, mode: str) -> None:
    """It starts before the first publication, and a store is put back by renaming, as docs/operating.md says."""
    filling, store = Filling(), tmp_path / "store"
    if mode == "put back later":
        write(store, filling.shelf())
        write(tmp_path / "copy", filling.shelf())
    paths = unit(FOLDER / "revocast-respond.service")["Service"]["ReadWritePaths"].split()
    state = Path("/var/lib/revocast")
    writable = [tmp_path / Path(path.removeprefix("-")).relative_to(state) for path in paths]
    with confined(tmp_path, writable) as responder:
        before = responder.look()
        if mode == "made later":
            assert "nothing was published yet" in before
            write(store, filling.shelf())
        else:
            assert before == "readable with the lock file"
            store.rename(tmp_path / "old")
            (tmp_path / "copy").rename(store)
        assert responder.look() == "readable with the lock file"


def test_timer_looks_at_least_as_often_as_the_profiles_ask() -> None:
    """Every 15 minutes, for looks of an hour by default; and missed ones are made up for."""
    timer = unit(FOLDER / "revocast-refresh.timer")["Timer"]
    assert timer["OnCalendar"] == "*:0/15"
    assert timer["Persistent"] == "yes"
    assert timedelta(minutes=15) <= min(CRLProfile().look, OCSPProfile().look)
