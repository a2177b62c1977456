"""What `check` asks OCSP on account of CRLs: some of what they list, what left them, and a serial that never was."""

import hashlib
from collections.abc import Mapping
from typing import Final

from jobs.check_answers import Answers
from jobs.check_crl import CRLView, sample
from jobs.check_marks import CRLMark, Marks
from jobs.findings import Finding, Level
from publisher.verify_crl import VerifiedCRL
from revocation import serials
from revocation.config import IssuerProfile
from revocation.crlspec import CRLSpec
from revocation.status import Reason

_NEVER_ISSUED: Final = b"revocast check: no certificate has this serial"


class Listed:
    """One issuer's CRLs beside its OCSP answers.

    Args:
        profile: the issuer.
        views: its CRLs as they were fetched, by label.
        answers: what OCSP says.
        marks: of this base URL; moved on by what verified and did not go back.
    """

    def __init__(self, profile: IssuerProfile, views: Mapping[str, CRLView], answers: Answers, marks: Marks) -> None:
        self._profile = profile
        self._views = views
        self._answers = answers
        self._marks = marks
        self._silent: list[bytes] = []

    def look(self, size: int) -> list[Finding]:
        """Ask for up to `size` serials of each CRL, and for all that left one since it was last looked at."""
        findings: list[Finding] = []
        for spec in self._profile.crls.values():
            view = self._views[spec.label]
            if view.crl is not None and spec.name.delta:
                findings += self._look_at_delta(spec, view, view.crl)
            elif view.crl is not None:
                findings += self._look_at(spec, view, view.crl, size)
        return findings

    def conclude(self) -> list[Finding]:
        """What follows from all that was asked, here and elsewhere: whether the responder knows this issuer at all."""
        silent = list(dict.fromkeys(self._silent))
        if not silent:
            return [] if self._answers.heard else [self._never_issued()]
        findings = [self._answers.missed(serial) for serial in silent]
        views = [self._answers.of(serial) for serial in silent]
        all_unknown = all(view.unknown for view in views)
        if self._answers.verified or (all_unknown and all(self._answers.ran_out(serial) for serial in silent)):
            return findings
        if not all_unknown:
            return [finding for view in views for finding in view.findings]
        detail = (
            f"answers unauthorized for all {len(views)} that were asked for of what the CRL lists: "
            "its store is empty or another's, or every one of them has expired"
        )
        return [Finding(Level.CRITICAL, f"ocsp {self._profile.issuer.name}", detail)]

    def _look_at(self, spec: CRLSpec, view: CRLView, crl: VerifiedCRL, size: int) -> list[Finding]:
        key = f"{spec.issuer.id}/{spec.label}"
        open_ = [*self._answers.differing(spec), *self._answers.unanswered()]
        still = [serial for serial in open_ if serial in crl.revoked]
        chosen = list(dict.fromkeys([*still, *sample(crl, self._marks.crls.get(key), size)]))
        findings: list[Finding] = []
        for serial in chosen:
            if self._answers.of(serial).silent:
                self._silent.append(serial)
            else:
                findings += self._answers.judged(serial, spec, crl)
        kept: dict[str, Reason] = {}
        for text, reason in view.vanished.items():
            serial = serials.from_hex(text)
            if not self._is_listed(serial):  # it may have moved from one CRL to another
                found, is_settled = self._vanished(spec, crl, serial, reason)
                findings += found
                kept |= {} if is_settled else {text: reason}
        if not any(finding.level is Level.CRITICAL for finding in view.findings):
            revoked = {serials.to_hex(serial): crl.revoked[serial].reason for serial in chosen}
            self._marks.crls[key] = CRLMark(
                number=crl.number, this_update=crl.this_update, revoked=revoked, vanished=kept
            )
        return findings

    def _look_at_delta(self, spec: CRLSpec, view: CRLView, delta: VerifiedCRL) -> list[Finding]:
        """Whether it adds to the complete CRL that is published; what it says of certificates that one says too."""
        what = f"crl {self._profile.issuer.name} {spec.label}"
        findings = []
        complete = self._views[str(spec.name.complete)].crl
        if complete is not None and (delta.base_number or 0) > complete.number:
            detail = f"adds to number {delta.base_number}, and the complete CRL has {complete.number}"
            findings.append(Finding(Level.CRITICAL, what, detail))
        if not any(finding.level is Level.CRITICAL for finding in view.findings):
            mark = CRLMark(number=delta.number, this_update=delta.this_update)
            self._marks.crls[f"{spec.issuer.id}/{spec.label}"] = mark
        return findings

    def _vanished(self, spec: CRLSpec, crl: VerifiedCRL, serial: bytes, reason: Reason) -> tuple[list[Finding], bool]:
        """A serial that left the CRL: it expired (no answer any more), was released from hold, or was un-revoked.

        A CRL keeps its entries longer than any response lives (RFC 5280 section 3.3), so what OCSP still calls revoked
        for good cannot have left it by expiry, unless the response says that it answers for expired certificates too
        (archive cutoff). Whoever could not be asked is asked again in the next run.

        Returns:
            What is wrong, and whether there is nothing more to ask.
        """
        view = self._answers.of(serial)
        if view.unknown or self._answers.ran_out(serial):
            return [], view.unknown
        said = f"was revoked ({reason.name}) and is"
        for way, answer in view.answers.items():
            if answer.revocation is None and reason is not Reason.certificateHold:
                return [Finding(Level.CRITICAL, view.what, f"{said} good again ({way})"), *view.findings], False
            if answer.archive_cutoff is not None and answer.revocation is not None:
                return [], True
            if answer.revocation is not None and answer.revocation.reason is not Reason.certificateHold:
                detail = f"{said} no longer on the CRL, and OCSP still says revoked ({way})"
                return [Finding(Level.CRITICAL, view.what, detail), *view.findings], False
        is_released = bool(view.answers) and all(answer.revocation is None for answer in view.answers.values())
        return self._answers.judged(serial, spec, crl), is_released

    def _is_listed(self, serial: bytes) -> bool:
        return any(view.crl is not None and serial in view.crl.revoked for view in self._views.values())

    def _never_issued(self) -> Finding:
        """Whether OCSP is there, where no certificate is known to ask for."""
        serial = b"\x01" + hashlib.sha256(_NEVER_ISSUED).digest()[:19]
        view = self._answers.of(serial)
        if view.unknown:
            return Finding(Level.OK, view.what, "was never issued, and is unknown")
        if view.answers:
            return Finding(Level.CRITICAL, view.what, "was never issued, and is answered for")
        return view.findings[0]
