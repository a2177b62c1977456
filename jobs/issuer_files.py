"""The issuers' certificates on the targets of static objects, as `status` shows them: there, and those configured."""

from collections.abc import Iterable, Iterator
from datetime import datetime

from cryptography import x509
from cryptography.hazmat.primitives.serialization import pkcs7

from jobs.overview import Line, State
from publisher.config import DirectoryTable, PublisherConfig, S3Table
from publisher.targets.opening import open_files
from publisher.targets.protocol import StaticTarget
from revocation import paths
from revocation.config import PublicConfig
from revocation.errors import TargetError
from revocation.issuer import Issuer


def issuer_lines(targets: PublisherConfig | None, public: PublicConfig, now: datetime) -> Iterator[Line]:
    """A line for the newest certificate of each issuer on each of them, and one for all where there are several."""
    for target in targets.targets if targets else ():
        if isinstance(target, DirectoryTable | S3Table):
            files = open_files(target, public)
            for profile in public.profiles.values():
                yield from _lines(target.name, files, profile.issuer, now)


def grouped(lines: Iterable[Line]) -> list[Line]:
    """The lines with those of one issuer on one target together, in the order in which each came first."""
    groups: dict[tuple[str, str], list[Line]] = {}
    for line in lines:
        groups.setdefault((line.target, line.issuer), []).append(line)
    return [line for group in groups.values() for line in group]


def _lines(target: str, files: StaticTarget, issuer: Issuer, now: datetime) -> Iterator[Line]:
    newest = {issuer.certificates[0]}
    age, left = now - issuer.certificates[0].not_valid_before_utc, issuer.not_after - now
    state = _state(_read(files, paths.issuer_path(issuer.id)), newest)
    yield Line(target, issuer.name, "issuer certificate", state, age=age, left=left)
    if len(issuer.certificates) > 1:
        state = _state(_read(files, paths.issuers_path(issuer.id)), set(issuer.certificates))
        yield Line(target, issuer.name, "issuer certificates", state, age=age, left=left)


def _state(found: set[x509.Certificate] | None, wanted: set[x509.Certificate]) -> State:
    """Behind is a file with other certificates than are configured: the next publication puts the right one."""
    if found is None:
        return State.MISSING
    return State.FRESH if found == wanted else State.BEHIND


def _read(files: StaticTarget, path: str) -> set[x509.Certificate] | None:
    """The certificates in an object; none in one that is damaged."""
    try:
        data = files.get(path)
    except TargetError:
        return None
    if data is None:
        return None
    try:
        if path.endswith(".p7c"):
            return set(pkcs7.load_der_pkcs7_certificates(data))
        return {x509.load_der_x509_certificate(data)}
    except ValueError:
        return set()
