"""What was counted, in the text format of Prometheus."""

from collections.abc import Iterator, Mapping, Sequence
from itertools import accumulate
from typing import Final

from responder.answers import ErrorAnswer
from responder.counts import (
    AGE_SUM,
    AGES,
    CODES,
    LATENCIES,
    LATENCY_SUM,
    RESTARTS,
    SLOTS,
    Failure,
    Method,
    Refused,
    Served,
)
from responder.readiness import Readiness
from revocation.certid import CertIDHash

MEDIA_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
_NANO: Final = 1e9
_NAMES: Final = {
    ErrorAnswer.MALFORMED_REQUEST: "malformedRequest",
    ErrorAnswer.TRY_LATER: "tryLater",
    ErrorAnswer.UNAUTHORIZED: "unauthorized",
}


def exposition(totals: Sequence[int], found: Readiness) -> str:
    """All metrics.

    Args:
        totals: what all processes counted, by slot.
        found: the readiness of now.
    """
    return "".join(
        f"{line}\n"
        for lines in (
            _answers(totals),
            _histogram(
                "revocast_ocsp_served_age_seconds",
                "Age of the stored responses that were answered: now less thisUpdate.",
                _ages(totals),
                [str(age) for age in AGES],
                totals[AGE_SUM],
            ),
            _codes(totals),
            _histogram(
                "revocast_source_lookup_seconds",
                "Time that looking a response up in the store took; answers that were kept in memory need none.",
                [totals[SLOTS["latency", place]] for place in range(len(LATENCIES) + 1)],
                [repr(nanoseconds / _NANO) for nanoseconds in LATENCIES],
                totals[LATENCY_SUM] / _NANO,
            ),
            _family("revocast_source_failures_total", "counter", "Look-ups answered by tryLater."),
            (_sample("revocast_source_failures_total", {"reason": one.value}, totals[SLOTS[one]]) for one in Failure),
            _family("revocast_worker_restarts_total", "counter", "Processes that ended, and were started anew."),
            [_sample("revocast_worker_restarts_total", {}, totals[RESTARTS])],
            _family("revocast_ready", "gauge", "1 where /readyz says 200."),
            [_sample("revocast_ready", {}, int(not found.reason))],
            _family("revocast_store_fresh_ratio", "gauge", "Share of an issuer's sampled responses that hold."),
            (_sample("revocast_store_fresh_ratio", {"issuer": name}, share) for name, share in found.fresh.items()),
        )
        for line in lines
    )


def _answers(totals: Sequence[int]) -> Iterator[str]:
    name = "revocast_ocsp_answers_total"
    yield from _family(name, "counter", "OCSP requests, by what was answered and the hash of the CertID.")
    for method in Method:
        for hash_ in CertIDHash:
            count = sum(totals[SLOTS[Served(method, hash_, place)]] for place in range(len(AGES) + 1))
            yield _sample(name, _labels(method, "response", hash_), count)
        for error in ErrorAnswer:
            for hash_or_none in (*CertIDHash, None):
                count = totals[SLOTS[Refused(method, error, hash_or_none)]]
                yield _sample(name, _labels(method, _NAMES[error], hash_or_none), count)


def _labels(method: Method, answer: str, hash_: CertIDHash | None) -> dict[str, str]:
    return {"method": method.name, "answer": answer, "certid_hash": hash_.value if hash_ else "none"}


def _ages(totals: Sequence[int]) -> list[int]:
    return [
        sum(totals[SLOTS[Served(method, hash_, place)]] for method in Method for hash_ in CertIDHash)
        for place in range(len(AGES) + 1)
    ]


def _codes(totals: Sequence[int]) -> Iterator[str]:
    name = "revocast_http_responses_total"
    yield from _family(name, "counter", "HTTP responses of another status than 200.")
    for place, code in enumerate((*map(str, CODES), "other")):
        yield _sample(name, {"code": code}, totals[SLOTS["code", place]])


def _histogram(name: str, text: str, counts: Sequence[int], bounds: Sequence[str], added_up: float) -> Iterator[str]:
    yield from _family(name, "histogram", text)
    for bound, count in zip((*bounds, "+Inf"), accumulate(counts), strict=True):
        yield _sample(f"{name}_bucket", {"le": bound}, count)
    yield _sample(f"{name}_sum", {}, added_up)
    yield _sample(f"{name}_count", {}, sum(counts))


def _family(name: str, kind: str, text: str) -> tuple[str, str]:
    return f"# HELP {name} {text}", f"# TYPE {name} {kind}"


def _sample(name: str, labels: Mapping[str, str], value: float) -> str:
    """No value of a label here needs escaping."""
    pairs = ",".join(f'{label}="{text}"' for label, text in labels.items())
    return f"{name}{{{pairs}}} {value}" if pairs else f"{name} {value}"
