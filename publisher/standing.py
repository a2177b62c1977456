"""May what lies in a bucket stand in the place of what this publisher would put there? Another may have been faster.

Several publishers share a bucket, and each knows of a new bundle a moment before or after the others. So an object that
this one did not put is read, and stands where the gate would let it follow on ours: the issuer signed it, for the
certificate that the path names, it says something later, and nothing that the marks forbid. Whoever else writes into
the bucket can have nothing stand but that. A revocation that this publisher does not know of stands also where it
begins later by its clock: it may be this clock that is wrong, and a publisher that is slow takes none back.
"""

from contextlib import suppress
from datetime import datetime

from publisher.gate import forbidden_answer
from publisher.line import known_from, replaces
from publisher.marks import Marks
from publisher.verify_ocsp import VerifiedResponse, read_response
from revocation.certid import CertID
from revocation.clock import Clock, epoch
from revocation.config import IssuerProfile, PublicConfig
from revocation.errors import GateError
from revocation.ocsppath import get_path
from revocation.paths import OCSP_PATH
from revocation.store import StoredResponse
from revocation.windows import SKEW


class Standing:
    """What one publisher lets stand, at the time of its clock; any thread may ask."""

    def __init__(self, public: PublicConfig, marks: Marks, clock: Clock) -> None:
        self._public = public
        self._marks = marks
        self._clock = clock

    def __call__(self, path: str, data: bytes, ours: StoredResponse | None) -> bool:
        """Whether what lies at a path, relative to the one for OCSP, may stay there instead of ours.

        Args:
            ours: None where this publisher knows of no response for the certificate, or not any more.
        """
        now = self._clock()
        for profile in self._public.profiles.values():
            with suppress(GateError):
                response = read_response(data, profile.issuer)
                return self._may_stand(response, path, ours, profile, now)
        return False

    def _may_stand(
        self,
        response: VerifiedResponse,
        path: str,
        ours: StoredResponse | None,
        profile: IssuerProfile,
        now: datetime,
    ) -> bool:
        """The same of a response that the issuer signed.

        Raises:
            GateError: it says good of what is revoked for good, or ours cannot be read.
        """
        known = None if ours is None else known_from(read_response(ours.der, profile.issuer))
        has_begun = response.this_update - SKEW <= now
        only_revocation = response.revocation is not None and not (known and known.revoked)
        return (
            path in _paths(response, profile)
            and now < response.next_update
            and (has_begun or only_revocation)
            and response.hashes in profile.ocsp.accepted
            and forbidden_answer(response, profile) is None
            and not self._contradicts_marks(response, profile)
            and (known is None or replaces(response, known, now))
        )

    def _contradicts_marks(self, response: VerifiedResponse, profile: IssuerProfile) -> bool:
        """Whether it says good of what is revoked, and is no release."""
        mark = self._marks.known(profile.issuer.octets, response.serial)
        if mark is None or response.revocation is not None:
            return False
        return not mark.releasable or epoch(response.this_update) <= mark.this_update


def _paths(response: VerifiedResponse, profile: IssuerProfile) -> set[str]:
    """Where it is looked for, by each hash that it answers."""
    names = (CertID.of(profile.issuer, response.serial, hash_) for hash_ in response.hashes)
    return {get_path(name).removeprefix(OCSP_PATH) for name in names}
