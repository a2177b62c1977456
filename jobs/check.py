"""`revocast check`: fetches and verifies everything from outside, as a relying party would, and remembers what it saw.

It uses the public configuration, the public URLs and nothing else of the installation.
"""

from datetime import datetime
from pathlib import Path

import click

from jobs.check_certificate import look_at_certificate
from jobs.check_crl import CRLView, look_at_crl, sample
from jobs.check_issuer import look_at_issuer
from jobs.check_marks import CRLMark, Marks, MarksFile, MarksLost
from jobs.check_ocsp import judge, look_at_ocsp
from jobs.check_plan import Plan
from jobs.config import JobsConfig
from jobs.findings import Finding, Level, summary, worst
from jobs.terminal import printable
from revocation import cli, serials
from revocation.clock import iso
from revocation.clock import now as clock_now
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.configfile import ConfigFile
from revocation.crlspec import CRLSpec
from revocation.errors import RevocastError
from revocation.status import Reason


@click.command()
@cli.config_option
@cli.json_option
@click.option("--base-url", help="Fetch from there instead of [public].base_url and its prefix.")
@click.option("--cert", "files", multiple=True, type=click.Path(path_type=Path), help="Certificates to ask for.")
@click.option("--sample", default=5, show_default=True, type=click.IntRange(0, 1000), help="Revoked serials per CRL.")
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1), help="Seconds for each fetch.")
@click.pass_context
def check(
    context: click.Context,
    config: Path | None,
    base_url: str | None,
    files: tuple[Path, ...],
    sample: int,
    timeout: float,
    *,
    as_json: bool,
) -> None:
    """Fetch and verify everything as a relying party would; for monitoring.

    Exit code 0: OK. 1: WARNING, something is late. 2: CRITICAL, something is missing, wrong, expired, went backwards,
    or CRL and OCSP disagree. 3: UNKNOWN, the check itself could not be made.
    """
    try:
        file = ConfigFile.read(config)
        public, jobs = PublicConfig.read(file), file.table("jobs", JobsConfig)
        certificates = [certificate for path in files for certificate in load_certificates(path)]
        base = base_url.rstrip("/") + "/" if base_url else public.url("")
        findings = run(Plan(public, base, certificates, sample, timeout), MarksFile(jobs.state), clock_now())
    except RevocastError as error:
        findings = [Finding(Level.UNKNOWN, "check", str(error))]
    report(findings, as_json=as_json)
    context.exit(int(worst(findings)))


def run(plan: Plan, marks_file: MarksFile, now: datetime) -> list[Finding]:
    """Everything that is found. Marks are moved on only by what verified and did not go back."""
    findings: list[Finding] = []
    try:
        marks = marks_file.read(plan.base)
    except MarksLost as error:
        marks = Marks()
        findings.append(Finding(Level.WARNING, "marks", str(error)))
    for profile in plan.public.profiles.values():
        findings += look_at_issuer(profile, plan)
        for spec in profile.crls.values():
            view = look_at_crl(spec, plan.base, marks.crls.get(_key(spec)), now, plan.seconds)
            findings += view.findings
            findings += _sampled(profile, spec, view, plan, marks, now)
    findings += [found for certificate in plan.certificates for found in look_at_certificate(certificate, plan, now)]
    try:
        marks_file.write(plan.base, marks)
    except OSError as error:
        findings.append(Finding(Level.WARNING, "marks", f"cannot be written: {error}"))
    return list(dict.fromkeys(findings))


def report(findings: list[Finding], *, as_json: bool) -> None:
    """One line for the monitoring system, then a line for each object, the bad ones first."""
    if as_json:
        cli.print_json(
            {
                "level": worst(findings).name,
                "summary": printable(summary(findings)),
                "findings": [finding.as_json() for finding in findings],
            }
        )
        return
    click.echo(printable(summary(findings)))
    for finding in sorted(findings, key=lambda found: found.level is Level.OK):
        click.echo(printable(finding.line))


def _sampled(
    profile: IssuerProfile, spec: CRLSpec, view: CRLView, plan: Plan, marks: Marks, now: datetime
) -> list[Finding]:
    """Ask OCSP for some of what the CRL lists and for what it no longer lists; move the mark on."""
    if view.crl is None:
        return []
    key = _key(spec)
    chosen = sample(view.crl, marks.crls.get(key), plan.sample)
    findings: list[Finding] = []
    for serial in chosen:
        answers = look_at_ocsp(profile, serial, plan.base, now, plan.seconds)
        if answers.unknown:  # expired since: it stays on the list once more, and is answered no longer
            findings.append(Finding(Level.OK, answers.what, "is not answered any more"))
        else:
            findings += judge(answers, profile, view.crl, serial, now)
    back = [
        found
        for text, reason in view.vanished.items()
        for found in _vanished(profile, serials.from_hex(text), reason, plan, now)
    ]
    if not any(finding.level is Level.CRITICAL for finding in [*view.findings, *back]):
        revoked = {serials.to_hex(serial): view.crl.revoked[serial].reason for serial in chosen}
        marks.crls[key] = CRLMark(number=view.crl.number, this_update=iso(view.crl.this_update), revoked=revoked)
    return [*findings, *back]


def _vanished(profile: IssuerProfile, serial: bytes, reason: Reason, plan: Plan, now: datetime) -> list[Finding]:
    """A serial that left the CRL: it expired (no answer any more), was released from hold, or was un-revoked.

    A CRL keeps its entries longer than any response lives (RFC 5280 section 3.3), so what OCSP still calls revoked for
    good cannot have left it by expiry.
    """
    answers = look_at_ocsp(profile, serial, plan.base, now, plan.seconds)
    said = f"was revoked ({reason.name}) and is"
    findings = []
    for way, answer in answers.answers.items():
        if answer.revocation is None and reason is not Reason.certificateHold:
            findings.append(Finding(Level.CRITICAL, answers.what, f"{said} good again ({way})"))
        elif answer.revocation is not None and answer.revocation.reason is not Reason.certificateHold:
            detail = f"{said} no longer on the CRL, and OCSP still says revoked ({way})"
            findings.append(Finding(Level.CRITICAL, answers.what, detail))
    return findings[:1]


def _key(spec: CRLSpec) -> str:
    return f"{spec.issuer.id}/{spec.label}"
