"""More behind the configuration and behind certificates: whole or not at all, and by several at a time."""

import os
import resource
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import pytest
from cryptography import x509

from revocation.errors import InputError
from signer.issuers.files import append_certificate
from signer.issuers.options import key_source
from signer.issuers.prospect import Prospect, prospect
from tests.signer.issuers.machine import Machine


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    """One without issuers."""
    return Machine(tmp_path / "machine")


def root_of(machine: Machine) -> Prospect:
    """A root that is to be."""
    _, key, _, passphrase = machine.key("root")
    return prospect(machine.config, "root", key_source(key, passphrase))


@contextmanager
def full_after(octets: int) -> Iterator[None]:
    """Within, no file gets longer than that: the kernel takes a part of what is written, as on a disk that is full."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (octets, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


def test_full_disk_leaves_the_configuration_as_it_was(machine: Machine) -> None:
    """Half a table would keep every service from starting; what is to be added is in the message."""
    before, found = machine.config.read_bytes(), root_of(machine)
    with full_after(len(before) + 20), pytest.raises(InputError) as refused:
        found.append()
    assert machine.config.read_bytes() == before
    assert found.lines in str(refused.value.advice)
    assert str(found.certificate) in str(refused.value.advice)


def test_configuration_that_was_edited_meanwhile_keeps_the_edit(machine: Machine) -> None:
    """What somebody wrote while people were asked stays; tables that do not fit behind it are not put there."""
    found = root_of(machine)
    edited = machine.config.read_text() + "\n[[public.issuers]\n"
    machine.config.write_text(edited)
    with pytest.raises(InputError, match="was edited meanwhile"):
        found.append()
    assert machine.config.read_text() == edited


def test_configuration_stays_a_link_with_its_permissions(machine: Machine) -> None:
    """/etc/revocast.toml may be a link into a repository, and readable for the service's group alone."""
    real = machine.folder / "real.toml"
    machine.config.rename(real)
    real.chmod(0o640)
    machine.config.symlink_to(real)
    machine.create_root()
    assert machine.config.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert 'name = "root"' in real.read_text()


def test_certificates_that_are_added_at_one_time_are_all_there(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each command reads the file and writes it anew: one that was signed and lost stays valid."""
    machine.create_root()
    place, certificate = machine.pem("root"), machine.certificate("root")
    read = Path.read_bytes

    def read_while_others_may(path: Path) -> bytes:
        data = read(path)
        os.sched_yield()
        return data

    monkeypatch.setattr(Path, "read_bytes", read_while_others_may)
    with ThreadPoolExecutor(8) as pool:
        for done in [pool.submit(append_certificate, place, certificate) for _ in range(80)]:
            done.result()
    assert len(x509.load_pem_x509_certificates(read(place))) == 81
