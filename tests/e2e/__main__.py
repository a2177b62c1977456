"""`python -m tests.e2e run` and `… chaos`: exit code 0 where nothing was wrong; JSON on standard output."""

import argparse
import random
import shutil
import signal
import sys
import tempfile
import traceback
from dataclasses import replace
from pathlib import Path

from tests.conftest import find_judges
from tests.e2e import run
from tests.e2e.chaos import chaos, require_prompt
from tests.e2e.report import Report

_CHAOS_CERTIFICATES = 1_500


def _main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.e2e", description=__doc__)
    parser.add_argument("what", choices=["run", "chaos"])
    parser.add_argument("--certificates", type=int, help="how many the PKI has")
    parser.add_argument("--revoke", type=int, default=run.FULL.revoked, help="of `run`: how many are revoked")
    parser.add_argument("--seconds", type=float, default=600, help="of `chaos`: how long things go wrong")
    parser.add_argument("--seed", type=int, default=random.randrange(1 << 32), help="the same choices again")
    parser.add_argument("--hang", nargs="*", default=[], help="of `chaos`: programs that hang afterwards: it must fail")
    parser.add_argument("--keep", action="store_true", help="leave the folder with all logs")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing is left running
    find_judges()
    report, folder = Report(), Path(tempfile.mkdtemp(prefix="revocast-e2e-"))
    try:
        _do(arguments, folder, report)
    except AssertionError:
        report.hold([traceback.format_exc()])
    finally:
        if arguments.keep or not report.ok:
            report.say(f"its files and logs are in {folder}")
        else:
            shutil.rmtree(folder)
    print(report.as_json())
    return 0 if report.ok else 1


def _do(arguments: argparse.Namespace, folder: Path, report: Report) -> None:
    if arguments.what == "run":
        certificates = arguments.certificates or run.FULL.certificates
        run.run(folder, replace(run.FULL, certificates=certificates, revoked=arguments.revoke), report, arguments.seed)
    else:
        certificates = arguments.certificates or _CHAOS_CERTIFICATES
        chaos(folder, certificates, arguments.seconds, report, arguments.seed, arguments.hang)
        require_prompt(report)


if __name__ == "__main__":
    sys.exit(_main())
