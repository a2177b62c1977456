"""`revocast check`: fetches and verifies everything from outside, as a relying party would, and remembers what it saw.

It uses the public configuration, the public URLs and nothing else of the installation.
"""

from datetime import datetime
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
from cryptography import x509

from jobs.check_answers import Answers
from jobs.check_certificate import issuer_of, look_at_certificate
from jobs.check_crl import look_at_crl
from jobs.check_issuer import look_at_issuer
from jobs.check_listed import Listed
from jobs.check_marks import Marks, MarksFile, MarksLost
from jobs.check_plan import Plan
from jobs.config import JobsConfig
from jobs.findings import Finding, Level, summary, worst
from jobs.registrar_fit import out_of_reach
from jobs.terminal import printable
from revocation import cli, serials
from revocation.clock import now as clock_now
from revocation.config import IssuerProfile, PublicConfig, load_certificates
from revocation.configfile import ConfigFile
from revocation.errors import InputError, RevocastError


class NotReported(RevocastError):
    """What was found, or the help, could not be written to standard output."""

    exit_code = int(Level.UNKNOWN)


class _NotUnderstood(click.UsageError):
    """The command line of a plug-in: UNKNOWN, since 2 would be CRITICAL to a monitoring system."""

    exit_code = int(Level.UNKNOWN)


class _Plugin(click.Command):
    """A command that monitoring runs."""

    def make_context(self, *args: Any, **more: Any) -> click.Context:
        """As usual, but for the exit code of an error."""
        try:
            return super().make_context(*args, **more)
        except click.UsageError as error:
            raise _NotUnderstood(error.format_message(), error.ctx) from error
        except OSError as error:
            raise NotReported(f"the help cannot be written: {error.strerror}", where="standard output") from error


@click.command(cls=_Plugin)
@cli.config_option
@cli.json_option
@click.option("--base-url", help="Fetch from there instead of [public].base_url and its prefix.")
@click.option("--cert", "files", multiple=True, type=click.Path(path_type=Path), help="Certificates to ask for.")
@click.option("--sample", default=5, show_default=True, type=click.IntRange(0, 1000), help="Revoked serials per CRL.")
@click.option("--timeout", default=10.0, show_default=True, type=click.FloatRange(0.1), help="Seconds for each fetch.")
@click.option("--quiet", is_flag=True, help="Say nothing when all is OK.")
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
    quiet: bool,
) -> None:
    """Fetch and verify everything as a relying party would; for monitoring.

    Exit code 0: OK. 1: WARNING, something is late, or certificates of ACME or the API name this machine alone. 2:
    CRITICAL, something is missing, wrong, expired, went backwards, or CRL and OCSP disagree. 3: UNKNOWN, the check
    itself could not be made, or asked for, or told.
    """
    try:
        file = ConfigFile.read(config)
        public, jobs = PublicConfig.read(file), file.table("jobs", JobsConfig)
        certificates = [certificate for path in files for certificate in load_certificates(path)]
        plan = Plan(public, _base(public, base_url), certificates, sample, timeout)
        findings = run(plan, MarksFile(jobs.state), clock_now())
        findings += [Finding(Level.WARNING, "base_url", sentence) for sentence in out_of_reach(file)]
    except RevocastError as error:
        findings = [Finding(Level.UNKNOWN, "check", str(error))]
    except Exception as error:  # a monitoring system takes what ends with 1 or 2 for a finding about the site
        findings = [Finding(Level.UNKNOWN, "check", f"failed by a defect of its own: {type(error).__name__}: {error}")]
    if quiet and worst(findings) is Level.OK:
        return
    try:
        report(findings, as_json=as_json)
    except OSError as error:
        raise NotReported(f"what was found cannot be written: {error.strerror}", where="standard output") from error
    context.exit(int(worst(findings)))


def run(plan: Plan, marks_file: MarksFile, now: datetime) -> list[Finding]:
    """Everything that is found. Marks are moved on only by what verified and did not go back."""
    findings: list[Finding] = []
    try:
        marks = marks_file.read(plan.base)
    except MarksLost as error:
        marks = Marks()
        findings.append(Finding(Level.WARNING, "marks", str(error)))
    certificates, foreign = _by_issuer(plan)
    findings += foreign
    for profile in plan.public.profiles.values():
        findings += look_at_issuer(profile, plan)
        findings += _statuses(profile, certificates.get(profile.issuer.id, []), plan, marks, now)
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


def _by_issuer(plan: Plan) -> tuple[dict[str, list[x509.Certificate]], list[Finding]]:
    """The certificates of each issuer, by its id; and those of others, which cannot be judged."""
    found: dict[str, list[x509.Certificate]] = {}
    foreign: list[Finding] = []
    for certificate in plan.certificates:
        profile = issuer_of(certificate, plan.public)
        if profile is None:
            what = f"certificate {serials.to_hex(serials.from_int(certificate.serial_number))}"
            foreign.append(Finding(Level.UNKNOWN, what, "is of no configured issuer"))
        else:
            found.setdefault(profile.issuer.id, []).append(certificate)
    return found, foreign


def _statuses(
    profile: IssuerProfile, certificates: list[x509.Certificate], plan: Plan, marks: Marks, now: datetime
) -> list[Finding]:
    """One issuer's CRLs, each fetched once, and what OCSP says beside them."""
    views = {
        label: look_at_crl(spec, plan.base, marks.crls.get(f"{spec.issuer.id}/{label}"), now, plan.seconds)
        for label, spec in profile.crls.items()
    }
    answers = Answers(profile, plan, marks, now)
    listed = Listed(profile, views, answers, marks)
    findings = [finding for view in views.values() for finding in view.findings]
    findings += listed.look(plan.sample)
    for certificate in certificates:
        findings += look_at_certificate(certificate, profile, views, answers, now)
    findings += listed.conclude()
    marks.forget_old_answers(profile.issuer.id)
    return findings


def _base(public: PublicConfig, given: str | None) -> str:
    """The URL to fetch from, ending in `/`.

    Raises:
        InputError: it is none.
    """
    if given is None:
        return public.url("")
    try:
        parts = urlsplit(given)
        is_url = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        is_url = False
    if not is_url or not given.isprintable() or " " in given:
        raise InputError(f"{given!r} is not a URL", where="--base-url", advice="write http://HOST[:PORT][/PREFIX]")
    return given.rstrip("/") + "/"
