"""The whole way, once: import, publish, ask about every certificate, revoke in the middle of it, ask again."""

import random
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from revocation.errors import NoAnswer
from revocation.issuer import Issuer
from revocation.messages import Outcome
from tests.e2e import pki
from tests.e2e.agreement import Parties
from tests.e2e.clients import Edge, PublicBucket
from tests.e2e.configuration import EDGES
from tests.e2e.meanwhile import Asking
from tests.e2e.programs import Programs
from tests.e2e.report import Report
from tests.e2e.site import Site
from tests.e2e.verify import Verifier
from tests.e2e.watching import troubles

REASONS: Final = ("keyCompromise", "superseded", "cessationOfOperation", "affiliationChanged", "unspecified")
PERIOD: Final = 60.0
"""Seconds after which everybody looks without being told: signer, publishers."""

_PUBLISHED_SECONDS: Final = 600.0
_REPLY_SECONDS: Final = 120.0
_BY_COMMAND: Final = 5
_ASKERS: Final = 4


@dataclass(frozen=True)
class Size:
    """How much.

    Attributes:
        by_easyrsa: so many of the certificates Easy-RSA itself issues.
        judged: so many good certificates are put before ocsptool and curl, besides all that are revoked.
    """

    certificates: int
    revoked: int
    by_easyrsa: int
    judged: int


FULL: Final = Size(certificates=10_000, revoked=200, by_easyrsa=10, judged=100)
SHORT: Final = Size(certificates=120, revoked=12, by_easyrsa=3, judged=6)


def run(folder: Path, size: Size, report: Report, seed: int) -> None:
    """Do all of it; what was wrong stands in the report then."""
    draw = random.Random(seed)
    report.figures |= {"certificates": size.certificates, "issued_by_easyrsa": size.by_easyrsa, "seed": seed}
    with report.step("pki", f"an Easy-RSA PKI of {size.certificates} certificates, seed {seed}"):
        made = pki.make(folder, size.certificates, size.by_easyrsa)
    with ExitStack() as stack:
        with report.step("start", "servers, two of each service, two web servers"):
            site = stack.enter_context(Site(folder, made))
            site.start()
        parties = parties_of(site)
        publish(site, parties, report)
        with report.step("first_sweep", "every certificate, at both edges, before the revocations"):
            report.hold(parties.answers(site.servers.ledger()))
        chosen = draw.sample(sorted(made.files), size.revoked)
        _revoke_meanwhile(site, parties, chosen, report)
        _agree(site, parties, chosen, size, report, draw)
        refused = {entry for entry in site.servers.refused() if entry not in _REFUSED_IN_GOOD_ORDER}
        report.hold(f"Valkey refused {command} to {user}" for user, command in sorted(refused))


def parties_of(site: Site) -> Parties:
    """The relying parties of a site."""
    verifier = Verifier(site.pki.issuer)
    path = f"/crl/{Issuer.of('example-ca', [site.pki.issuer]).id}/all.crl"
    edges = {name: Edge(name, site.web(name), verifier, path) for name in EDGES}
    bucket = PublicBucket(site.servers.s3.port, site.servers.s3.ca, path)
    (site.folder / "clients").mkdir(exist_ok=True)
    programs = {
        name: Programs(site.folder / "clients", site.pki.ca_certificate, verifier, f"http://127.0.0.1:{edge.port}")
        for name, edge in edges.items()
    }
    return Parties(edges, bucket, verifier, programs, site.pki.files)


def publish(site: Site, parties: Parties, report: Report) -> None:
    """Import the PKI into what is running, and wait until both edges and the bucket have all of it."""
    with report.step("import", "import it while everything runs"):
        key = site.setting.home("operator") / "operator.key"
        done = site.revocast("signer-1", "import", str(site.pki.folder), "--requester-key", str(key))
        assert done.returncode == 0, done.stdout + done.stderr
    with report.step("publish", "until it is published everywhere"):
        ledger = site.servers.ledger()
        assert ledger.keys() == site.pki.files.keys()
        some = {serial: ledger[serial] for serial in random.Random(0).sample(sorted(ledger), min(200, len(ledger)))}
        await_none(lambda: [*parties.lists(ledger), *parties.answers(some)], _PUBLISHED_SECONDS)
        await_none(lambda: list(parties.answers(ledger)), _PUBLISHED_SECONDS)


def await_none(problems: Callable[[], Sequence[str]], seconds: float) -> float:
    """How long it took until there was none.

    Raises:
        AssertionError: there still is one after so many seconds; it stands in it.
    """
    since = time.monotonic()
    while found := problems():
        assert time.monotonic() - since < seconds, f"after {seconds:.0f} s: {found[:5]}"
        time.sleep(0.5)
    return time.monotonic() - since


def _revoke_meanwhile(site: Site, parties: Parties, chosen: Sequence[int], report: Report) -> None:
    with ExitStack() as stack, report.step("revoke", f"revoke {len(chosen)} while clients ask at both edges"):
        asking = [stack.enter_context(Asking(edge, sorted(site.pki.files), chosen)) for edge in parties.edges.values()]
        with ThreadPoolExecutor(_ASKERS) as pool:
            refused = list(pool.map(lambda one: _revoke(site, *one), enumerate(chosen)))
    report.hold(problem for problem in refused if problem)
    for one in asking:
        report.hold(one.problems)
    report.figures |= {"revoked": len(chosen), "answers_meanwhile": sum(one.answers for one in asking)}


def _revoke(site: Site, number: int, serial: int) -> str:
    """The first by the operator's command, the others by the message that it sends; why it was not done."""
    reason = REASONS[number % len(REASONS)]
    if number < _BY_COMMAND:
        done = site.revocast("operator", "revoke", f"{serial:X}", "--reason", reason, "--timeout", f"{_REPLY_SECONDS}")
        return "" if done.returncode == 0 else f"revoke: exit code {done.returncode}: {done.stdout}{done.stderr}"
    try:
        reply = site.ask(site.revocation(serial, reason), _REPLY_SECONDS)
    except NoAnswer as error:
        return f"revocation of {serial:X}: {error}"
    return "" if reply.outcome is Outcome.DONE else f"revocation of {serial:X}: {reply.outcome}: {reply.detail}"


def _agree(
    site: Site, parties: Parties, chosen: Sequence[int], size: Size, report: Report, draw: random.Random
) -> None:
    """Within one period of the last reply, and then everybody about everything."""
    ledger = site.servers.ledger()
    wanted = sum(verdict is not None for verdict in ledger.values())
    report.hold([] if wanted == len(chosen) else [f"the ledger has {wanted} revoked certificates"])
    of_chosen = {serial: ledger[serial] for serial in chosen}
    with report.step("converge", "until edges and bucket show all of them"):
        took = await_none(lambda: [*parties.lists(ledger), *parties.answers(of_chosen)], 2 * PERIOD)
        report.hold([] if took <= PERIOD else [f"it took {took:.0f} s, more than one period"])
    parties.verdicts.clear()
    with report.step("second_sweep", "every certificate, at both edges, and each CRL"):
        report.hold(parties.answers(ledger))
        report.hold(parties.lists(ledger))
    with report.step("openssl_verify", "`openssl verify -crl_check` of every certificate, with each CRL"):
        report.hold(parties.verified(ledger, site.folder))
    with report.step("operators", "status, schedule and check from the operator's machine and the publishers'"):
        await_none(lambda: list(troubles(site)), 2 * PERIOD)
    with report.step("openssl_ocsp", "openssl ocsp about every certificate, at one of the edges"):
        report.hold(parties.by_openssl(ledger, draw))
    good = sorted(ledger.keys() - set(chosen))
    others = draw.sample(good, min(size.judged, len(good)))
    with report.step("ocsptool_curl", f"ocsptool and curl: {len(chosen)} revoked, {len(others)} good"):
        report.hold(parties.by_others(ledger, [*chosen, *others], draw))
    report.figures["verdicts"] = dict(sorted(parties.verdicts.items()))


_REFUSED_IN_GOOD_ORDER: Final = {
    *((user, "client|setinfo") for user in ("signer", "publisher", "scheduler", "operator", "responder")),
    *((user, "info") for user in ("signer", "scheduler", "operator", "responder")),
}
"""What docs/redis.md says is there in good order."""
