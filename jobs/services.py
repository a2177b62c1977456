"""The processes of `revocast up`, in the order in which they start."""

from collections.abc import Iterator
from pathlib import Path

from jobs.child import Service
from jobs.process import command_line


def services(
    config: Path, host: str, port: int, passphrases: bytes, *, has_registrar: bool = False
) -> Iterator[Service]:
    """The workers, the scheduler and the HTTP server. The publisher comes first: it misses no hint of the signer.

    Args:
        config: the revocast.toml of all of them.
        host: where the HTTP server listens.
        port: on which TCP port.
        passphrases: what `revocast signer unlock` gave.
        has_registrar: whether certificates are issued by ACME too.
    """
    yield Service("worker publisher", tuple(command_line("worker", "publisher", config=config)))
    yield Service(
        "worker signer",
        tuple(command_line("worker", "signer", config=config)),
        secret=passphrases,
        secret_option="--passphrases-fd",  # noqa: S106 - the name of an option
        inherits=True,  # for passphrases that the configuration calls env:NAME
    )
    yield Service("scheduler", tuple(command_line("scheduler", config=config)))
    yield Service("respond", tuple(command_line("respond", "--host", host, "--port", str(port), config=config)))
    if has_registrar:
        yield Service("worker registrar", tuple(command_line("worker", "registrar", config=config)))
        yield Service("registrar", tuple(command_line("registrar", config=config)), mark="listening on ")
