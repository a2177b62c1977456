"""What `revocast up` prints when everything answers: the URLs, commands that verify them, and what to try next."""

import shlex
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from jobs.acme_shown import acme_commands, root_of
from jobs.program import program
from jobs.samples import Sample
from revocation import paths, serials
from revocation.config import IssuerProfile, PublicConfig


@dataclass(frozen=True)
class Scene:
    """What there is to show.

    Attributes:
        public: the issuers.
        base: the URL under which `crl/`, `issuer/` and `ocsp/` lie, ending in `/`.
        config: the revocast.toml.
        webroot: where the published files lie on this machine, if they do.
        samples: certificates that are good now, to show the commands with.
        directories: of issuers that serve ACME the name with the URL of its directory.
    """

    public: PublicConfig
    base: str
    config: Path
    webroot: Path | None
    samples: list[Sample]
    directories: Mapping[str, str] = field(default_factory=dict)


def announcement(scene: Scene) -> Iterator[str]:
    """The lines."""
    yield f"OCSP        {scene.base}{paths.OCSP_PATH}"
    for profile in scene.public.profiles.values():
        yield f"{profile.issuer.name}"
        for spec in profile.complete_crls.values():
            yield f"  CRL       {scene.base}{spec.path}"
        yield f"  issuer    {scene.base}{paths.issuer_path(profile.issuer.id)}"
        if profile.issuer.name in scene.directories:
            yield f"  ACME      {scene.directories[profile.issuer.name]}"
            yield f"  root      {root_of(profile, scene.public)}  # clients and browsers have to trust it"
    yield ""
    if scene.samples:
        yield "Ask as a relying party:"
        yield from ("  " + line for line in _commands(scene.samples[0], scene))
        yield ""
    yield "Try next:"
    yield from ("  " + line for line in _next(scene))


def _next(scene: Scene) -> Iterator[str]:
    chosen = ("--config", scene.config)
    yield _shell(*program(), "status", *chosen)
    yield _shell(*program(), "check", *chosen, "--base-url", scene.base)
    for name, directory in scene.directories.items():
        profile = next(one for one in scene.public.profiles.values() if one.issuer.name == name)
        yield from acme_commands(directory, root_of(profile, scene.public))
    for sample in scene.samples[:1]:
        serial = serials.to_hex(sample.serial)
        whose = ("--issuer", sample.profile.issuer.name)
        yield _shell(*program(), "revoke", serial, *whose, "--reason", "certificateHold", *chosen)
        yield _shell(*program(), "release", serial, *whose, *chosen)


def _commands(sample: Sample, scene: Scene) -> Iterator[str]:
    issuer = _issuer_file(sample.profile, scene.public)
    trust = ("-partial_chain", "-CAfile", issuer)
    yield _shell(
        "openssl", "ocsp", "-issuer", issuer, "-cert", sample.path, "-url", scene.base + paths.OCSP_PATH, *trust
    )
    if scene.webroot:
        crl = scene.webroot / next(iter(sample.profile.complete_crls.values())).path
        yield _shell("openssl", "crl", "-inform", "DER", "-in", crl, "-noout", "-text", "-CAfile", issuer)
        yield _shell("openssl", "verify", *trust, "-crl_check", "-CRLfile", crl, sample.path)


def _issuer_file(profile: IssuerProfile, public: PublicConfig) -> Path:
    return next(table.certificates[0] for table in public.issuers if table.name == profile.issuer.name)


def _shell(*words: str | Path) -> str:
    return shlex.join(str(word) for word in words)
