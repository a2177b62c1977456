"""`revocast issuer csr`: a request for a CA certificate, for who certifies this issuer elsewhere."""

from datetime import datetime
from pathlib import Path

import click
from cryptography import x509

from revocation import cli, clock
from revocation.configfile import ConfigFile
from revocation.errors import InputError
from revocation.issuer import Issuer
from signer import selfcheck
from signer.auditing.heads import require_uncontradicted
from signer.auditing.sealing import seal
from signer.encoding.certification_request import encode_info
from signer.encoding.crl import assemble
from signer.issuers import options
from signer.issuers.agreeing import People
from signer.issuers.create import require_unknown
from signer.issuers.files import require_new, sha256_of, write_new
from signer.issuers.prospect import KeySource, has_certificate, prospect
from signer.issuers.renewable import Renewable
from signer.issuers.request import in_pem
from signer.issuers.strength import require_strong
from signer.issuers.subject import parse_subject, require_bounded, require_complete, shown_name
from signer.keys import BytesTBS
from signer.keys.kind import name_of_kind
from signer.keys.limited_key import LimitedKey, Use
from signer.keys.purpose import Purpose
from signer.ledger import audit, continuity
from signer.signer import Signer, open_signer
from signer.unsigned import given_back


@click.command(short_help="Write a request for a CA certificate (PKCS #10).")
@click.argument("name")
@click.option("--subject", help="Of a new issuer; one that has a certificate keeps its own.")
@options.key_options
@click.option("--out", type=click.Path(path_type=Path, dir_okay=False), help="Else issuers/NAME.csr.")
@click.option("--operator", "operators", multiple=True, help="Who is there, for the audit log; else who is logged in.")
@cli.config_option
@cli.json_option
def csr(
    name: str,
    subject: str | None,
    key: str | None,
    passphrase: str | None,
    out: Path | None,
    operators: tuple[str, ...],
    config: Path | None,
    as_json: bool,
) -> None:
    """Write a request for a certificate of issuer NAME, signed with its key, for an outside root or an offline machine.

    It says subject and key and nothing else. For an issuer that has a certificate, it is for a renewal or a
    cross-certificate.
    """
    now, file = clock.now(), ConfigFile.read(config)
    signer, ca, shown, signing = (
        _of_present(file, name, subject, now)
        if has_certificate(file, name)
        else _of_new(config, name, subject, options.key_source(key, passphrase))
    )
    path = out or options.beside(file.path, name, ".csr")
    require_new(path, "a request")
    data = _sign(signer, ca, signing, now, (People(operators).who, shown_name(shown)))
    pem = in_pem(data)
    write_new(path, pem)
    seal(signer)
    digest = sha256_of(pem)
    if as_json:
        said = {"request": str(path), "sha256": digest, "subject": shown_name(shown), "name": name}
        cli.print_json({**said, "key": name_of_kind(ca.public_key_info)})
        return
    click.echo(f"{path}: {shown_name(shown)}, {name_of_kind(ca.public_key_info)}")
    click.echo(f"sha256:{digest}")
    click.echo(
        f"note the digest down, for who certifies it; the certificate comes back with `{_comes_back(signer, name)}`"
    )


def _comes_back(signer: Signer, name: str) -> str:
    known = any(profile.issuer.name == name for profile in signer.public.profiles.values())
    return f"revocast issuer {'add-certificate' if known else 'install'} {name} FILE"


def _of_new(
    config: Path | None, name: str, subject: str | None, key: KeySource
) -> tuple[Signer, Issuer, x509.Name, LimitedKey]:
    if subject is None:
        raise InputError("is needed: the issuer has no certificate yet", where="--subject")
    found = prospect(config, name, key)
    dn = parse_subject(subject)
    require_complete(dn, found.compliance)
    require_bounded(dn, f"issuer {name}")
    signing = found.signer.keyring.uncertified(name, Purpose.CSR)
    require_strong(signing.public_key_info, found.compliance, f"issuer {name}")
    ca = Issuer(name, dn.public_bytes(), signing.public_key_info, ())
    require_unknown(found.signer, ca)
    return found.signer, ca, dn, signing


def _of_present(
    file: ConfigFile, name: str, subject: str | None, now: datetime
) -> tuple[Signer, Issuer, x509.Name, LimitedKey]:
    if subject is not None:
        raise InputError(
            "the issuer has a certificate, and keeps its subject", where="--subject", advice="leave it out"
        )
    signer = open_signer(file, now, table=Renewable)
    issuer = signer.public.profile(name).issuer
    return signer, issuer, issuer.certificates[0].subject, signer.keyring.key_of(issuer, Purpose.CSR)


def _sign(signer: Signer, ca: Issuer, key: LimitedKey, now: datetime, who_and_subject: tuple[str, str]) -> bytes:
    info = encode_info(ca.subject, ca.public_key_info)
    who, subject = who_and_subject
    require_uncontradicted(signer)
    with signer.ledger.write() as connection:  # recorded before it is signed: no signature is without a record
        continuity.require_whole(connection)
        key.permit(connection, Use(), now)
        said = {"requester": who, "subject": subject, "tbs_sha256": sha256_of(info)}
        audit.record_signing(connection, now, "sign certification request", ca.id, key, Purpose.CSR, **said)
    with given_back(signer.ledger, key):
        data = assemble(info, key.algorithm_identifier, key.sign(BytesTBS(info)))
    made = x509.load_der_x509_csr(data)
    oid, hash_ = made.signature_algorithm_oid, made.signature_hash_algorithm
    selfcheck.verify(ca.public_key_info, made.signature, BytesTBS(info), oid, hash_)
    return data
