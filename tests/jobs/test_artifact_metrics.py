"""`revocast status --prometheus`: until when each artifact holds, and how far it is behind, as Prometheus reads it."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest

from jobs.artifact_metrics import Published, exposition
from jobs.overview import lines
from jobs.seen import Seen
from jobs.wanted import Wanted
from publisher.targets.alarm import Alarm
from revocation.artifacts import Kind
from revocation.clock import epoch, fixed, now
from revocation.config import PublicConfig
from revocation.part import Part
from revocation.published import HeldBundle, SetAside
from signer.handle import handle
from signer.look import look
from tests.authority import NOW
from tests.jobs.issuers import configured, crl_row, slice_row, status
from tests.jobs.present import Present
from tests.responder.scraping import read

DAY = timedelta(days=1)


def metrics(public: PublicConfig, seen: Seen, wanted: Wanted | None = None, at: datetime = NOW) -> dict[str, float]:
    """What is exposed; the signer was asked where something is wanted."""
    shown = lines(seen.statuses, public, wanted or Wanted(), at)
    return read(exposition(Published(seen, shown, wanted or Wanted(), wanted is not None), public, at))


def place(name: str, issuer: str, kind: str = "crl", label: str = "all", target: str = "files") -> str:
    """The metric of one artifact."""
    return f'revocast_published_{name}{{target="{target}",issuer="{issuer}",kind="{kind}",label="{label}"}}'


def test_each_artifact_has_its_times_and_its_revision(tmp_path: Path) -> None:
    """As moments, from which a rule computes what is left, however old the file is."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    found = metrics(public, Seen([status("files", crl_row(issuer, revision=5), slice_row(3, issuer, revision=6))]))
    for kind, label, revision in (("crl", "all", 5), ("ocsp", "3", 6)):
        assert found[place("next_update_timestamp_seconds", issuer, kind, label)] == epoch(NOW + DAY)
        assert found[place("this_update_timestamp_seconds", issuer, kind, label)] == epoch(NOW)
        assert found[place("renewal_timestamp_seconds", issuer, kind, label)] == epoch(NOW + DAY / 2)
        assert found[place("revision", issuer, kind, label)] == revision
    not_after = epoch(public.profiles[issuer].issuer.not_after)
    assert found[f'revocast_issuer_not_after_timestamp_seconds{{issuer="{issuer}",name="ca-0"}}'] == not_after


def test_artifact_that_is_missing_has_expired_long_ago(tmp_path: Path) -> None:
    """An absent sample compares to nothing, and no rule would fire."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    wanted = Wanted(parts={Part(issuer=issuer, kind=Kind.OCSP, label="1"): 0})
    found = metrics(public, Seen([status("files")]), wanted)
    assert found[place("next_update_timestamp_seconds", issuer)] == 0
    assert found[place("next_update_timestamp_seconds", issuer, "ocsp", "1")] == 0
    assert place("revision", issuer) not in found


def test_what_is_behind_is_told_by_where_it_waits(tmp_path: Path) -> None:
    """In the ledger, which the signer has to sign; or in the exchange, which the publisher has to publish."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    crl, slice_ = (Part(issuer=issuer, kind=kind, label=label) for kind, label in ((Kind.CRL, "all"), (Kind.OCSP, "3")))
    wanted = Wanted(parts={crl: 9, slice_: 0}, bundled={crl: 7, slice_: 6})
    seen = Seen([status("files", crl_row(issuer, revision=5), slice_row(3, issuer, revision=6))])
    found = metrics(public, seen, wanted)
    assert found[place("behind_ledger_revisions", issuer)] == 4
    assert found[place("behind_bundles_revisions", issuer)] == 2
    assert found[f'revocast_bundles_behind_ledger_revisions{{issuer="{issuer}",kind="crl",label="all"}}'] == 2
    assert found[place("behind_ledger_revisions", issuer, "ocsp", "3")] == 0
    assert found[place("behind_bundles_revisions", issuer, "ocsp", "3")] == 0


def test_what_is_due_is_counted(tmp_path: Path) -> None:
    """Each thing that the signer says it has to make, of whatever issuer; none is a zero."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    whats = ("crl all", "ocsp slice 3", "responder certificate")
    due = {(of, what): "renewal" for of in (issuer, "0123456789abcdef") for what in whats}
    assert metrics(public, Seen([status("files")]), Wanted(due=due))["revocast_due"] == 6
    assert metrics(public, Seen([status("files")]), Wanted())["revocast_due"] == 0


def test_what_is_due_is_what_the_signer_then_makes(present: Present) -> None:
    """A revocation makes the CRL and the slice of its certificate due, until both are signed, published or not."""

    def due() -> float:
        return read(present.run("status", "--prometheus", "--timeout", "60").stdout)["revocast_due"]

    assert due() == 0
    signer = present.estate.signer()
    handle(signer, present.estate.revoke(5, now=now()), fixed(now()))
    assert due() == 2
    made = look(signer, fixed(now() + timedelta(seconds=2)))
    assert len(made.made) == 2
    assert due() == 0


def test_what_nobody_said_is_absent_and_no_zero(tmp_path: Path) -> None:
    """A signer that hangs, or was not asked, has nothing that would look like `nothing is behind`."""
    public = configured(tmp_path)
    (issuer,) = public.profiles
    seen = Seen([status("files", crl_row(issuer))])
    silent = metrics(public, seen, Wanted(trouble="does not answer"))
    assert silent["revocast_signer_answered"] == 0
    asked = metrics(public, seen)
    assert "revocast_signer_answered" not in asked
    for found in (silent, asked):
        assert not [name for name in found if "behind" in name or name.startswith("revocast_due")]


def test_target_of_which_nothing_is_known_is_said(tmp_path: Path) -> None:
    """Its artifacts are not there; that they are not is no sign that all is well."""
    public = configured(tmp_path)
    row = status("files")
    row.set_aside.append(SetAside(bundle="000000000001-x.tar", at=NOW, reason="its number went back"))
    row.held += [
        HeldBundle(bundle=f"00000000000{n}-x.tar", since=NOW - timedelta(minutes=45 * n), reason="waits")
        for n in (1, 2)
    ]
    found = metrics(
        public, Seen([row], [Alarm("files", "map", "nearly full")], {"responses": "told nothing"}, {"files": NOW})
    )
    assert found['revocast_published_seen_timestamp_seconds{target="files"}'] == epoch(NOW)
    assert found['revocast_published_known{target="files"}'] == 1
    assert found['revocast_published_known{target="responses"}'] == 0
    for name in ("bundles_set_aside", "bundles_held", "target_alarms"):
        assert found[f'revocast_{name}{{target="files"}}'] == 1
        assert f'revocast_{name}{{target="responses"}}' not in found


def test_revocation_is_behind_until_it_is_signed_and_then_until_it_is_published(present: Present) -> None:
    """Asked of a real signer, at each step of its way."""

    def behind() -> list[float]:
        result = present.run("status", "--prometheus", "--timeout", "60")
        found = read(result.stdout)
        (delegate,) = [at for name, at in found.items() if name.startswith("revocast_responder_certificate")]
        assert delegate > epoch(now())
        assert result.exit_code == (1 if any("behind" in name and at for name, at in found.items()) else 0)
        return [
            sum(at for name, at in found.items() if name.startswith(f"revocast_{of}") and 'kind="crl"' in name)
            for of in ("published_behind_ledger", "published_behind_bundles", "bundles_behind_ledger")
        ]

    assert behind() == [0, 0, 0]
    signer = present.estate.signer()
    handle(signer, present.estate.revoke(5, now=now()), fixed(now()))
    lacking = behind()
    assert lacking[0] == lacking[2] > 0 == lacking[1]
    assert not look(signer, fixed(now() + timedelta(seconds=2))).problems
    waiting = behind()
    assert waiting[0] == lacking[0]
    assert waiting[1] > 0 == waiting[2]


@pytest.mark.parametrize("text", ['a"b', "a\\b", "a\nb"])
def test_label_cannot_break_out_of_its_quotes(tmp_path: Path, text: str) -> None:
    """The name of an issuer is the configuration's, and may become freer than it is."""
    from jobs.exposition import Gauge
    from jobs.exposition import text as exposed

    assert read(exposed([(Gauge("revocast_x", "X."), [({"name": text}, 1)])])) == {
        'revocast_x{name="' + text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n") + '"}': 1.0
    }
