"""What is told of as published: kept in memory, and bounded by what is configured."""

import gc
import secrets

from revocation.clock import fixed
from revocation.messages import Look, Verb, compose
from revocation.published import CRLRow
from signer.handle import handle
from tests.authority import NOW
from tests.estate import Estate


def test_only_configured_crls_are_kept_of_what_anybody_tells(estate: Estate) -> None:
    """Unsigned messages name issuers and labels as they like: they fill no memory."""
    signer = estate.signer()
    (issuer,) = signer.public.profiles
    times = {"this_update": NOW, "next_update": NOW, "renew_at": NOW}
    known = {"number": 1, "revision": 1, "sha256": "0" * 64, "size": 1, **times}
    rows = [CRLRow(issuer=secrets.token_hex(4), label="all", **known) for _ in range(50)]
    rows += [CRLRow(issuer=issuer, label=f"a{secrets.token_hex(10)}", **known) for _ in range(50)]
    rows.append(CRLRow(issuer=issuer, label="all", **known))
    for verb in (Verb.GENERATE_CRLS, Verb.GENERATE_OCSP_KEYS, Verb.PRESIGN):
        handle(signer, compose(verb, Look(crls=tuple(rows)), NOW), fixed(NOW))
    del rows
    gc.collect()
    kept = [one for one in gc.get_objects() if isinstance(one, CRLRow)]
    assert [(row.issuer, row.label) for row in kept] == [(issuer, "all")]
