"""What OCSP says of one issuer's certificates in one run of `check`: each is asked for once, whoever wants to know."""

from datetime import datetime

from jobs.check_marks import Marks
from jobs.check_ocsp import OCSPView, differs, judge, look_at_ocsp
from jobs.check_plan import Plan
from jobs.findings import Finding
from publisher.verify_crl import VerifiedCRL
from revocation import serials
from revocation.clock import iso
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
    def asked(self) -> bool:
        """Whether anything was asked yet."""
        return bool(self._views)

    @property
    def verified(self) -> bool:
        """Whether anything that was asked has a verified answer."""
        return any(view.answers for view in self._views.values())

    def of(self, serial: bytes) -> OCSPView:
        """What is said of a certificate."""
        if serial not in self._views:
            self._views[serial] = look_at_ocsp(self._profile, serial, self._plan.base, self._now, self._plan.seconds)
        return self._views[serial]

    def judged(self, serial: bytes, spec: CRLSpec, crl: VerifiedCRL) -> list[Finding]:
        """Whether that is fresh, and says what the CRL says."""
        view, key = self.of(serial), f"{spec.issuer.id}/{spec.label}/{serials.to_hex(serial)}"
        since = None
        if differs(view, crl, serial):
            since = datetime.fromisoformat(self._marks.differing.setdefault(key, iso(self._now)))
        elif view.answers or view.unknown:
            self._marks.differing.pop(key, None)
        return judge(view, self._profile, crl, serial, self._now, since)

    def differing(self, spec: CRLSpec) -> list[bytes]:
        """The serials that differed from that CRL when they were last asked for."""
        beginning = f"{spec.issuer.id}/{spec.label}/"
        return [
            serials.from_hex(key.removeprefix(beginning)) for key in self._marks.differing if key.startswith(beginning)
        ]
