"""`python -m tests.conformance URL --issuer FILE --cert FILE`: exit code 0 where all rules are kept, 1 where not."""

import argparse
import http.client
import json
import sys
from datetime import timedelta
from pathlib import Path

from cryptography import x509

from tests.conformance.examine import Examination
from tests.conformance.exchange import Server


def main() -> int:
    """Ask, and tell what is wrong; the last line with `--json` is one object."""
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument("url", help="of the responder, ending in /ocsp/")
    parser.add_argument("--issuer", type=Path, required=True, help="the CA's certificate, in PEM")
    parser.add_argument("--cert", type=Path, action="append", required=True, help="a certificate with a status, in PEM")
    parser.add_argument("--br", action="store_true", help="hold windows against the TLS Baseline Requirements")
    parser.add_argument("--static", action="store_true", help="GET is answered by files of a web server")
    parser.add_argument("--renewal", type=int, help="seconds after thisUpdate in which a newer response is there")
    parser.add_argument("--json", action="store_true", help="print what is found as JSON")
    given = parser.parse_args()
    examination = Examination(
        Server(given.url.rstrip("/") + "/"),
        _certificate(given.issuer),
        tuple(_certificate(path).serial_number for path in given.cert),
        given.br,
        given.static,
        timedelta(seconds=given.renewal) if given.renewal else None,
    )
    try:
        report = examination.run()
    except (OSError, http.client.HTTPException) as error:
        print(f"{given.url}: {error}", file=sys.stderr)
        return 2
    if given.json:
        print(json.dumps(report.as_json()))
    else:
        for one in report.violations:
            print(f"{one.rule:22} {one.where}: {one.detail} ({one.source})")
        print(f"{report.looked} exchanges, {len(report.violations)} violations")
    return int(bool(report.violations))


def _certificate(path: Path) -> x509.Certificate:
    return x509.load_pem_x509_certificate(path.read_bytes())


if __name__ == "__main__":
    sys.exit(main())
