"""What a batch of answers changes in an LMDB store, worked out before anything is written."""

from collections.abc import Collection, Iterable, Mapping
from typing import Any

from publisher.targets.protocol import Answer, Replaces
from revocation.store import StoredResponse, StoreFormatError, in_form


def forms_there(txn: Any, answers: Iterable[Answer]) -> list[bytes]:
    """The other forms of the answers of which there are any; mostly none, and then nobody has to look for them."""
    cursor = txn.cursor()
    forms = {form for others in {answer.others for answer in answers} for form in others}
    return [form for form in forms if cursor.set_range(form) and cursor.key().startswith(form)]


def what_is_there(txn: Any, answers: Iterable[Answer], forms: Iterable[bytes]) -> dict[bytes, bytes]:
    """What lies at the keys of the answers, and there in other forms; read in their order, page after page."""
    keys = [answer.key for answer in answers]
    keys += [in_form(key, form) for form in forms for key in keys]
    return dict(txn.cursor().getmulti(sorted(keys)))


def changes_of(
    answers: Iterable[Answer], there: Mapping[bytes, bytes], forms: Collection[bytes], replaces: Replaces
) -> dict[bytes, bytes | None]:
    """What is to lie at which key after answer upon answer was judged by what is there then; None takes out."""
    now: dict[bytes, bytes | None] = {}
    for answer in answers:
        key, value, others, _ = answer
        if forms:
            beside = [in_form(key, other) for other in others if other in forms]
            beside = [other for other in beside if (now[other] if other in now else there.get(other)) is not None]
            if not all(replaces(answer, decoded(now.get(other) or there.get(other))) for other in beside):
                continue
            now.update(dict.fromkeys(beside))
        current = now[key] if key in now else there.get(key)
        if current != value and replaces(answer, decoded(current)):
            now[key] = value
    return now


def decoded(value: bytes | None) -> StoredResponse | None:
    """What a value says; None where there is none, or none that a reader could read, which is as good."""
    try:
        return StoredResponse.decode(bytes(value)) if value is not None else None
    except StoreFormatError:
        return None
