"""What is published, as metrics: until when each artifact of each target holds, and how far it is behind. Pure."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from jobs.exposition import Gauge, Samples, text
from jobs.overview import Line
from jobs.seen import Seen
from jobs.series import series_metrics
from jobs.wanted import Wanted
from revocation.clock import epoch
from revocation.config import PublicConfig
from revocation.issuer import Issuer
from revocation.part import Part

_NEXT: Final = Gauge(
    "revocast_published_next_update_timestamp_seconds",
    "nextUpdate of a CRL, or of the response of a slice that expires first; 0 where it is missing.",
)
_THIS: Final = Gauge(
    "revocast_published_this_update_timestamp_seconds",
    "thisUpdate of a CRL, or of the oldest response of a slice; 0 where it is missing.",
)
_RENEW: Final = Gauge(
    "revocast_published_renewal_timestamp_seconds", "When its replacement is due; 0 where it is missing."
)
_REVISION: Final = Gauge("revocast_published_revision", "The ledger's revision that it covers.")
_BEHIND_LEDGER: Final = Gauge(
    "revocast_published_behind_ledger_revisions", "By how many revisions the ledger has more than it shows."
)
_BEHIND_BUNDLES: Final = Gauge(
    "revocast_published_behind_bundles_revisions", "By how many revisions bundles have more than it shows."
)
_UNBUNDLED: Final = Gauge(
    "revocast_bundles_behind_ledger_revisions", "By how many revisions the ledger has more than was signed."
)
_DUE: Final = Gauge("revocast_due", "What the signer has to make.")
_DELEGATE: Final = Gauge(
    "revocast_responder_certificate_not_after_timestamp_seconds",
    "When the certificate ends that OCSP responses are signed with; 0 where there is none.",
)
_ISSUER: Final = Gauge("revocast_issuer_not_after_timestamp_seconds", "When the last certificate of an issuer ends.")
_SET_ASIDE: Final = Gauge("revocast_bundles_set_aside", "Bundles that the publisher refused.")
_DISTURBED: Final = Gauge(
    "revocast_published_disturbed", "CRLs that were not there as they were published, within an hour."
)
_HELD: Final = Gauge("revocast_bundles_held", "Bundles that wait for something for longer than an hour.")
_ALARMS: Final = Gauge("revocast_target_alarms", "What threatens a target, as a store that is nearly full.")
_SEEN: Final = Gauge("revocast_published_seen_timestamp_seconds", "When the target was looked at.")
_KNOWN: Final = Gauge("revocast_published_known", "1 where it is known what lies on the target.")
_ANSWERED: Final = Gauge("revocast_signer_answered", "1 where the signer said what is recorded and due.")


@dataclass(frozen=True)
class Published:
    """What `status` found.

    Attributes:
        shown: the CRLs and slices, missing ones included.
        is_asked: whether the signer was asked; else it is not missed.
    """

    seen: Seen
    shown: Sequence[Line]
    wanted: Wanted
    is_asked: bool


def exposition(found: Published, public: PublicConfig, now: datetime) -> str:
    """All of them."""
    return text(
        (
            *_of_artifacts(found.shown),
            *(_of_signer(found.shown, found.wanted) if found.is_asked else ()),
            (_ISSUER, [(_named(one.issuer), epoch(one.issuer.not_after)) for one in public.profiles.values()]),
            *_of_targets(found.seen, now),
            *series_metrics(found.seen.statuses, public),
        )
    )


def _of_artifacts(shown: Sequence[Line]) -> Iterator[tuple[Gauge, Samples]]:
    yield _NEXT, [(_place(one), epoch(one.row.next_update) if one.row else 0) for one in shown]
    yield _THIS, [(_place(one), epoch(one.row.this_update) if one.row else 0) for one in shown]
    yield _RENEW, [(_place(one), epoch(one.row.renew_at) if one.row else 0) for one in shown]
    yield _REVISION, [(_place(one), one.row.revision) for one in shown if one.row]


def _of_signer(shown: Sequence[Line], wanted: Wanted) -> Iterator[tuple[Gauge, Samples]]:
    """What is known where it answered; what it did not say is absent, and no zero."""
    yield _ANSWERED, [({}, int(not wanted.trouble))]
    if wanted.trouble:
        return
    yield _BEHIND_LEDGER, _behind(shown, wanted.parts)
    yield _BEHIND_BUNDLES, _behind(shown, wanted.bundled)
    both = [(part, wanted.parts[part] - revision) for part, revision in wanted.bundled.items()]
    yield _UNBUNDLED, [(_part(part), max(0, lacking)) for part, lacking in both]
    yield _DUE, [({}, len(wanted.due))]
    yield _DELEGATE, [({"issuer": id_}, epoch(at) if at else 0) for id_, at in wanted.delegates.items()]


def _behind(shown: Sequence[Line], wanted: Mapping[Part, int]) -> Samples:
    """What is missing lacks every revision that there is."""
    for one in shown:
        if one.part is not None and one.part in wanted:
            yield _place(one), max(0, wanted[one.part] - (one.row.revision if one.row else 0))


def _of_targets(seen: Seen, now: datetime) -> Iterator[tuple[Gauge, Samples]]:
    """By target; of one that is not known nothing but that."""
    statuses = seen.statuses
    overdue = {status.target: sum(bundle.is_overdue(now) for bundle in status.held) for status in statuses}
    yield _SET_ASIDE, [({"target": status.target}, len(status.set_aside)) for status in statuses]
    yield _HELD, [({"target": target}, count) for target, count in overdue.items()]
    yield _DISTURBED, [({"target": status.target}, len(status.disturbed)) for status in statuses]
    threats = {target: sum(alarm.target == target for alarm in seen.alarms) for target in overdue}
    yield _ALARMS, [({"target": target}, count) for target, count in threats.items()]
    known = dict.fromkeys(overdue, 1) | dict.fromkeys(seen.unseen, 0)
    yield _SEEN, [({"target": target}, epoch(at)) for target, at in seen.at.items()]
    yield _KNOWN, [({"target": target}, is_known) for target, is_known in known.items()]


def _place(line: Line) -> Mapping[str, str]:
    return {"target": line.target, **(_part(line.part) if line.part else {})}


def _part(part: Part) -> Mapping[str, str]:
    return {"issuer": part.issuer, "kind": str(part.kind), "label": part.label}


def _named(issuer: Issuer) -> Mapping[str, str]:
    return {"issuer": issuer.id, "name": issuer.name}
