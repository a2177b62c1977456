"""What OCSP says of one issuer's certificates in one run of `check`: each is asked for once, whoever wants to know."""

from dataclasses import replace
from datetime import datetime

from jobs.check_answered import miss, missed, ran_out, remember, went_back
from jobs.check_marks import Marks
from jobs.check_ocsp import OCSPView, differs, judge, look_at_ocsp
from jobs.check_plan import Plan
from jobs.findings import Finding, Level
from publisher.verify_crl import VerifiedCRL
from revocation import serials
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec


class Answers:
    """The answers, and since when they differ from a CRL, which the marks remember.

    Args:
        profile: the issuer.
        plan: where and how to ask.
        marks: of this base URL; moved on.
        now: the time.
    """

    def __init__(self, profile: IssuerProfile, plan: Plan, marks: Marks, now: datetime) -> None:
        self._profile = profile
        self._plan = plan
        self._marks = marks
        self._now = now
        self._views: dict[bytes, OCSPView] = {}

    @property
    def heard(self) -> bool:
        """Whether anything that was asked got more than `unauthorized` or `tryLater`, or nothing at all."""
        return any(not view.silent for view in self._views.values())

    @property
    def verified(self) -> bool:
        """Whether anything that was asked has a verified answer."""
        return any(view.answers for view in self._views.values())

    def of(self, serial: bytes) -> OCSPView:
        """What is said of a certificate."""
        if serial not in self._views:
            view = look_at_ocsp(self._profile, serial, self._plan.base, self._now, self._plan.seconds)
            mark = self._marks.answers.get(self._key(serial))
            back = went_back(view, mark, self._profile, self._now)
            self._views[serial] = replace(view, findings=[*view.findings, *back])
            if moved := remember(mark, view, self._now):
                self._marks.answers[self._key(serial)] = moved
        return self._views[serial]

    def missed(self, serial: bytes) -> Finding:
        """How bad it is that a certificate which a CRL lists is not answered for; remembers it."""
        key = self._key(serial)
        mark = self._marks.answers[key] = miss(self._marks.answers.get(key), self._now)
        early = Level.OK if self._plan.starting else Level.WARNING
        return missed(self.of(serial), mark, self._profile, self._now, early)

    def ran_out(self, serial: bytes) -> bool:
        """Whether the answer for a certificate ended as that for an expired one does, and nothing came after it."""
        mark = self._marks.answers.get(self._key(serial))
        return self.of(serial).silent and mark is not None and ran_out(mark, self._now)

    def judged(self, serial: bytes, spec: CRLSpec, crl: VerifiedCRL) -> list[Finding]:
        """Whether that is fresh, and says what the CRL says."""
        view, key = self.of(serial), f"{spec.issuer.id}/{spec.label}/{serials.to_hex(serial)}"
        since = None
        if differs(view, crl, serial):
            since = self._marks.differing.setdefault(key, self._now)
        elif view.answers or view.unknown:
            self._marks.differing.pop(key, None)
        return judge(view, self._profile, crl, serial, self._now, since)

    def differing(self, spec: CRLSpec) -> list[bytes]:
        """The serials that differed from that CRL when they were last asked for."""
        beginning = f"{spec.issuer.id}/{spec.label}/"
        return [
            serials.from_hex(key.removeprefix(beginning)) for key in self._marks.differing if key.startswith(beginning)
        ]

    def unanswered(self) -> list[bytes]:
        """The serials that got no answer when they were last asked for."""
        beginning = f"{self._profile.issuer.id}/"
        return [
            serials.from_hex(key.removeprefix(beginning))
            for key, mark in self._marks.answers.items()
            if key.startswith(beginning) and mark.unanswered_since is not None
        ]

    def _key(self, serial: bytes) -> str:
        return f"{self._profile.issuer.id}/{serials.to_hex(serial)}"
