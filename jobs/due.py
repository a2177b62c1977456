"""What is due, put beside the task that does it: the signer's words by kind, and what waits for a publisher."""

from collections.abc import Iterable

from jobs.overview import Line, State
from jobs.wanted import Due
from revocation.config import PublicConfig
from revocation.messages import Verb
from revocation.wire.notes import Chore

_MAKES = {
    "crl ": Verb.GENERATE_CRLS,
    "ocsp slice ": Verb.PRESIGN,
    "responder certificate": Verb.GENERATE_OCSP_KEYS,
}
"""What a thing that is due begins with, and who makes it."""


def due_by_task(
    due: Due, shown: Iterable[Line], public: PublicConfig
) -> dict[tuple[Verb | Chore, str | None], list[str]]:
    """By task, and by target where it is publishing.

    Args:
        due: what the signer says it has to make.
        shown: every artifact of every target: what is behind or missing and made already is due to be published.
    """
    found: dict[tuple[Verb | Chore, str | None], list[str]] = {}
    for (issuer, what), why in due.items():
        name = public.profiles[issuer].issuer.name if issuer in public.profiles else issuer
        for beginning, verb in _MAKES.items():
            if what.startswith(beginning):
                found.setdefault((verb, None), []).append(f"{name}: {what}: {why}")
    unmade = {(public.profiles[issuer].issuer.name, what) for issuer, what in due if issuer in public.profiles}
    for line in shown:
        if line.state in (State.BEHIND, State.MISSING) and (line.issuer, line.what) not in unmade:
            sentence = f"{line.issuer}: {line.what}: {line.why or line.state}"
            found.setdefault((Verb.PUBLISH, line.target), []).append(sentence)
    return found
