"""The periodic work as plain functions, for a scheduler of yours: RQ, Celery, cron. See docs/library.md.

What stands in `__all__` stays; everything else in this room may change with any version. Each takes the path of a
configuration, gives what JSON can carry, and raises where it failed, so that the queue that called it knows. Each does
what is due and nothing else: call them as often as `revocast schedule --cron` says, or more often.

Where the configuration names a queue, a signer is asked over that. Else `revocast signer run` is started for it, and
this machine needs `[signer]` and the keys.
"""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final

from revocation.clock import now
from revocation.errors import ConfigurationError, GateError, RevocastError
from revocation.installed import named
from revocation.messages import Outcome, Verb

_needs = partial(named, "jobs.api", "jobs")
"""What works on tables of a configuration finds libraries missing only while it runs."""

with _needs():
    from jobs.check import run as run_check
    from jobs.check_marks import MarksFile
    from jobs.check_plan import Plan
    from jobs.courier import reachable_courier
    from jobs.findings import Level, summary, worst
    from jobs.installation import Installation
    from jobs.lock import held
    from jobs.refresh import EVERYTHING, Outcomes, note, run
    from jobs.signer_process import SignerProcess

__all__ = ["check_published", "generate_crls", "generate_ocsp_keys", "presign", "publish", "refresh"]

_SECONDS: Final = 600.0


def generate_crls(config: Path | str, *, seconds: float = _SECONDS) -> dict[str, Any]:
    """Make the CRLs that are due, and publish them where this machine has targets.

    Args:
        seconds: how long the signer is waited for.

    Returns:
        What `revocast generate-crls --json` prints.

    Raises:
        RevocastError: something failed: `.what`, `.where`, `.advice`.
    """
    return _do(config, (Verb.GENERATE_CRLS,), seconds)


def generate_ocsp_keys(config: Path | str, *, seconds: float = _SECONDS) -> dict[str, Any]:
    """Renew the OCSP responder keys and certificates that are due. See `generate_crls`."""
    return _do(config, (Verb.GENERATE_OCSP_KEYS,), seconds)


def presign(config: Path | str, *, seconds: float = _SECONDS) -> dict[str, Any]:
    """Sign the OCSP responses whose turn it is, and publish them. See `generate_crls`."""
    return _do(config, (Verb.PRESIGN,), seconds)


def refresh(config: Path | str, *, seconds: float = _SECONDS) -> dict[str, Any]:
    """All of these in one, and publish: what `revocast refresh` does. See `generate_crls`."""
    return _do(config, EVERYTHING, seconds)


@_needs()
def publish(config: Path | str) -> dict[str, Any]:
    """Bring this machine's targets up to date with the exchange.

    Raises:
        RevocastError: a bundle was refused, or a target failed; what could be published was.
    """
    from publisher import api  # lmdb and the targets, only where they are needed

    return {"targets": [status.model_dump(mode="json") for status in api.publish(config)]}


@_needs()
def check_published(config: Path | str, *, sample: int = 5, seconds: float = 10.0) -> dict[str, Any]:
    """Fetch and verify what is published, as a relying party would, and hold it against what was seen before.

    Args:
        sample: of so many revoked serials of each CRL OCSP is asked.
        seconds: for each fetch.

    Raises:
        RevocastError: something is late, missing, wrong, expired or went backwards; its words are the summary.
    """
    installation = Installation.read(Path(config))
    plan = Plan(installation.public, installation.public.url(""), [], sample, seconds)
    findings = run_check(plan, MarksFile(installation.jobs.state), now())
    if worst(findings) is not Level.OK:
        raise RevocastError(summary(findings), where="check_published", advice="`revocast check` says all of it")
    return {"level": Level.OK.name, "summary": summary(findings), "findings": [one.as_json() for one in findings]}


@_needs()
def _do(config: Path | str, verbs: Sequence[Verb], seconds: float) -> dict[str, Any]:
    installation = Installation.read(Path(config))
    chosen = reachable_courier(installation)
    if isinstance(chosen, SignerProcess):
        _require_signer(installation)
        with held(installation.jobs.state / "refresh.lock", "refresh"):
            outcomes = run(installation, chosen, verbs, seconds, publish=installation.publisher is not None)
            note(outcomes, installation.refreshed)
    else:
        outcomes = run(installation, chosen, verbs, seconds, publish=False)
    if problems := [*outcomes.errors, *_refused(outcomes)]:
        raise problems[0]
    return dict(outcomes.as_json())


def _require_signer(installation: Installation) -> None:
    """Return if a signer can be started here, since no queue answers."""
    if installation.has_signer:
        return
    raise ConfigurationError(
        "there is neither a queue in [jobs] nor [signer]",
        where=str(installation.path),
        advice="name `queue` in [jobs], or call this where the keys are",
    )


def _refused(outcomes: Outcomes) -> list[RevocastError]:
    """What the signer did not do, and the bundles that a target refused."""
    replies = [(verb, reply) for verb, reply in outcomes.replies if reply.outcome is not Outcome.DONE]
    undone = [
        RevocastError(f"{reply.outcome}: {reply.detail}", where=str(verb), advice=reply.advice)
        for verb, reply in replies
    ]
    return undone + [GateError(f"set aside: {reason}") for reason in outcomes.refused]
