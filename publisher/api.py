"""The publisher as a library: a bundle, or all of an exchange, to the targets of a configuration. See docs/library.md.

What stands in `__all__` stays; everything else in this room may change with any version. It reads a configuration with
`[public]` and `[publisher]`, and believes nothing but the issuers' certificates in it: a bundle goes through the gate
and its marks as every other, whoever hands it over.
"""

from functools import partial
from pathlib import Path

from revocation.clock import Clock, now
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import GateError, Held
from revocation.installed import named
from revocation.published import TargetStatus

_needs = partial(named, "publisher.api", "publisher")
"""Which libraries a configuration needs shows only while it runs."""

with _needs():
    from publisher.config import PublisherConfig
    from publisher.handed import Handed
    from publisher.publish import Outcome, publish_each
    from revocation.wire.opening import open_exchange

__all__ = ["TargetStatus", "publish", "publish_bundle"]


@_needs()
def publish(config: Path | str, *, clock: Clock = now) -> list[TargetStatus]:
    """Bring every target up to date with the exchange: idempotent, and safe at any time. What each target has then.

    Raises:
        GateError: a bundle was refused now; it is set aside with the reason, and the others are published.
        TargetError: a target failed; the others were served nevertheless.
        ConfigurationError: a table is missing or wrong.
    """
    file = ConfigFile.read(Path(config))
    return _told(publish_each(PublisherConfig.read(file), PublicConfig.read(file), clock))


@_needs()
def publish_bundle(config: Path | str, bundle: Path | str, *, clock: Clock = now) -> list[TargetStatus]:
    """Publish one bundle, which need not lie in the exchange, as one that came by mail; what waits there goes along.

    Again, it does nothing; one that is older than what is published does nothing either.

    Args:
        bundle: the tar file, of whatever name.

    Raises:
        BundleError: it is no bundle.
        InputError: it cannot be read.
        GateError: it was refused, and nothing of it is published; the reason stands in it. It is set aside.
        Held: it waits for another bundle, or for its thisUpdate.
        TargetError: a target failed; the others were served nevertheless.
        ConfigurationError: a table is missing or wrong.
    """
    file = ConfigFile.read(Path(config))
    publisher, public = PublisherConfig.read(file), PublicConfig.read(file)
    handed = Handed(open_exchange(publisher.exchange), Path(bundle))
    outcomes = publish_each(publisher, public, clock, lambda: Handed(open_exchange(publisher.exchange), Path(bundle)))
    statuses = _told(outcomes)
    held = [one.reason for status in statuses for one in status.held if one.bundle == handed.name]
    if held:
        raise Held(held[0], where=f"bundle {handed.name}")
    return statuses


def _told(outcomes: list[Outcome]) -> list[TargetStatus]:
    for outcome in outcomes:
        if outcome.error:
            raise outcome.error
        if outcome.set_aside:
            refused = outcome.set_aside[0]
            raise GateError(f"set aside: {refused.reason}", where=f"{outcome.status.target}: bundle {refused.bundle}")
    return [outcome.status for outcome in outcomes]
