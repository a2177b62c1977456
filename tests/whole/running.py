"""`revocast up` in processes of its own, and what is seen of it: its log, its processes, its URLs."""

import itertools
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from cryptography import x509
from cryptography.x509 import ocsp

from tests.waiting import until
from tests.whole.relying import HTTPWatch, ask, fetch_crl

REVOCAST = [sys.executable, "-P", "-m", "revocation"]
_NUMBERS = itertools.count()


class Running:
    """A system that was brought up with its demonstration PKI."""

    def __init__(self, data: Path, *options: str) -> None:
        self.data = data
        self.log = data.with_name(f"log-{next(_NUMBERS)}")
        command = [*REVOCAST, "up", "--data", str(data), "--port", "0", *options]
        with self.log.open("a") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, text=True)
        until(lambda: "Ctrl-C stops everything" in self.log.read_text() or self.process.poll() is not None, 120)
        assert self.process.poll() is None, self.log.read_text()
        self.url = re.findall(r"OCSP +(http://\S+)ocsp/", self.log.read_text())[-1]

    def revocast(self, *arguments: str) -> "subprocess.CompletedProcess[str]":
        """A command on this installation."""
        command = [*REVOCAST, *arguments, "--config", str(self.data / "revocast.toml")]
        return subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)

    def certificates(self) -> list[x509.Certificate]:
        """The end entities of the demonstration."""
        files = sorted((self.data / "demo/issuing/issued").glob("*.crt"))
        return [x509.load_pem_x509_certificate(file.read_bytes()) for file in files]

    def issuer(self) -> x509.Certificate:
        """The demonstration's issuing CA."""
        return x509.load_pem_x509_certificate((self.data / "demo/issuing/ca.crt").read_bytes())

    def ocsp(self, certificate: x509.Certificate) -> str:
        """What the responder says of a certificate."""
        response = ask(f"{self.url}ocsp/", certificate, self.issuer())
        if response.response_status is not ocsp.OCSPResponseStatus.SUCCESSFUL:
            return response.response_status.name
        status: str = response.certificate_status.name
        return status

    def on_crl(self, certificate: x509.Certificate) -> bool:
        """Whether the CRL that is served lists it."""
        return fetch_crl(self.crl_url()).get_revoked_certificate_by_serial_number(certificate.serial_number) is not None

    def crl_url(self) -> str:
        """Where the CRL of the demonstration's issuing CA is served."""
        urls = [url for url in re.findall(r"CRL +(http://\S+)", self.log.read_text()) if url.startswith(self.url)]
        return next(url for url in urls if fetch_crl(url).issuer == self.issuer().subject)

    def watch(self) -> HTTPWatch:
        """A relying party who looks at all of it."""
        return HTTPWatch(f"{self.url}ocsp/", self.crl_url(), self.issuer(), self.certificates())

    def command(self, *arguments: str) -> "subprocess.Popen[str]":
        """A command on this installation that was started, and not waited for."""
        command = [*REVOCAST, *arguments, "--config", str(self.data / "revocast.toml")]
        return subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, text=True)

    def children(self) -> dict[int, str]:
        """The processes below the supervisor, with their command lines."""
        found = {}
        for entry in Path("/proc").iterdir():
            if entry.name.isdigit() and str(self.process.pid) in ancestors(int(entry.name)):
                found[int(entry.name)] = (entry / "cmdline").read_text().replace("\0", " ")
        return found

    def stop(self) -> int:
        """Ctrl-C; the exit code."""
        self.process.send_signal(signal.SIGINT)
        return self.process.wait(30)


def ancestors(pid: int) -> list[str]:
    """The parents of a process, the nearest first; empty when it is gone."""
    found = []
    while pid > 1:
        try:
            pid = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return []
        found.append(str(pid))
    return found


@contextmanager
def running(data: Path, *options: str) -> Iterator[Running]:
    """A running system, stopped in the end however the test goes."""
    system = Running(data, *options)
    try:
        yield system
    finally:
        if system.process.poll() is None:
            system.process.terminate()
            system.process.wait(30)
