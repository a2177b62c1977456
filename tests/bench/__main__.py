"""The table of benchmarks; `--json` prints one JSON object as the last line of each."""

import argparse
import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

from tests.bench import (
    acme,
    candidates,
    crl,
    crl_burst,
    crl_gate,
    crl_growth,
    crl_reissue,
    gate,
    keys,
    presign,
    publish,
    redis_source,
    revoke_latency,
    serve,
    static,
)
from tests.bench.raw import KEYS

TABLE: dict[str, Callable[[argparse.Namespace], dict[str, object]]] = {
    "crl": crl.run,
    "crl-reissue": crl_reissue.run,
    "crl-growth": crl_growth.run,
    "crl-burst": crl_burst.run,
    "crl-gate": crl_gate.run,
    "serve": serve.run,
    "presign": presign.run,
    "gate": gate.run,
    "keys": keys.run,
    "static": static.run,
    "publish": publish.run,
    "redis": redis_source.run,
    "revoke-latency": revoke_latency.run,
    "acme": acme.run,
    "http-servers": candidates.run,
}


def main() -> None:
    """Run one benchmark, or all of them, one after the other and each in a process of its own."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("name", choices=[*TABLE, "all"])
    parser.add_argument("--entries", type=int, default=1_000_000, help="revoked certificates; of crl-growth the most")
    parser.add_argument("--new", type=int, default=1000, help="crl-reissue: further revocations")
    parser.add_argument("--revocations", type=int, default=10_000, help="crl-burst: sent at once")
    parser.add_argument(
        "--certificates", type=int, help="presign, gate: 200000; serve, revoke-latency: 1000000; redis: 100000"
    )
    parser.add_argument("--orders", type=int, default=400, help="acme: of all clients together, in each run")
    parser.add_argument("--objects", type=int, default=10_000, help="publish: responses, by both hashes")
    parser.add_argument("--key", choices=KEYS, default="p256", help="presign, gate: of the responder")
    parser.add_argument("--slices", type=int, help="of [public.ocsp]; presign, gate: 16; revoke-latency: 4000 in each")
    parser.add_argument("--samples", type=int, default=100, help="revoke-latency: revocations, one by one")
    parser.add_argument("--one-signature", action="store_true", help="presign, gate: of [public.ocsp]")
    parser.add_argument("--runs", type=int, default=3, help="how often ours and the floor are measured; medians count")
    parser.add_argument("--ledger", choices=("sqlite", "postgresql"), default="sqlite", help="where the ledger lies")
    parser.add_argument(
        "--seconds", type=int, default=5, help="serve, http-servers: how long each server is asked in each run"
    )
    parser.add_argument("--folder", type=Path, help="serve: where its store of 1 GB is made")
    parser.add_argument("--python", type=Path, help="http-servers: an interpreter that has them; else those of ours")
    parser.add_argument("--json", action="store_true", help="print the figures as JSON, last")
    arguments = parser.parse_args()
    if arguments.name == "all":
        sys.exit(_each(sys.argv[1:]))
    figures = TABLE[arguments.name](arguments)
    for key, value in figures.items():
        print(f"{key:24} {value}")
    if arguments.json:
        print(json.dumps(figures))


def _each(words: list[str]) -> int:
    """The highest exit code; one that fails keeps the others from nothing."""
    codes = []
    for name in TABLE:
        print(f"== {name}", flush=True)
        command = [sys.executable, "-m", "tests.bench", *(name if word == "all" else word for word in words)]
        codes.append(subprocess.run(command, check=False).returncode)
    return max(codes)


if __name__ == "__main__":
    main()
