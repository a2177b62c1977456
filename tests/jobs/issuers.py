"""A configuration with issuers, and rows of what is published, valid by default."""

from datetime import timedelta
from pathlib import Path

from revocation.artifacts import Kind
from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.published import CRLRow, SliceRow, TargetStatus
from tests.authority import NOW, Authority


def configured(folder: Path, *extra: str) -> PublicConfig:
    """A [public] table with one issuer for each of `extra`, whose lines stand in its table."""
    tables = ['[public]\nbase_url = "http://localhost:8889"']
    for number, lines in enumerate(extra or ("",)):
        Authority(f"CA {number}").write(folder / f"{number}.pem")
        tables.append(f'[[public.issuers]]\nname = "ca-{number}"\ncertificates = ["{number}.pem"]\n{lines}')
    (folder / "revocast.toml").write_text("\n".join(tables))
    return PublicConfig.read(ConfigFile.read(folder / "revocast.toml"))


def crl_row(issuer: str = "11111111", revision: int = 5, number: int = 7, label: str = "all") -> CRLRow:
    """A fresh CRL."""
    return CRLRow(
        issuer=issuer,
        label=label,
        number=number,
        revision=revision,
        this_update=NOW,
        next_update=NOW + timedelta(days=1),
        renew_at=NOW + timedelta(hours=12),
        sha256="0" * 64,
        size=500,
    )


def slice_row(number: int, issuer: str = "11111111", revision: int = 5) -> SliceRow:
    """A fresh slice."""
    return SliceRow(
        issuer=issuer,
        slice=number,
        revision=revision,
        this_update=NOW,
        next_update=NOW + timedelta(days=1),
        renew_at=NOW + timedelta(hours=12),
        count=10,
    )


def status(target: str, *rows: CRLRow | SliceRow, kinds: tuple[Kind, ...] = (Kind.CRL, Kind.OCSP)) -> TargetStatus:
    """What a target says of itself."""
    return TargetStatus(
        target=target,
        kinds=kinds,
        updated_at=NOW,
        crls=[row for row in rows if isinstance(row, CRLRow)],
        slices=[row for row in rows if isinstance(row, SliceRow)],
    )
