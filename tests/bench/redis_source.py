"""The responder over a Redis server beside the same over LMDB, and what it takes to fill the server.

Answers that the hot path keeps differ in nothing; so there is a second load, of more certificates than it keeps, each
of which is looked up in its source every time.
"""

import argparse
import os
import tempfile
import time
from contextlib import ExitStack
from pathlib import Path
from statistics import median

import lmdb

from publisher.targets.protocol import Answer
from publisher.targets.redis import RedisTarget
from publisher.targets.redis_change import pieces
from revocation.redisserver import RedisServer
from revocation.store import ISSUERS_DATABASE, RESPONSES_DATABASE
from tests.bench.load import Load, load, processes, wait_for_port
from tests.bench.serve import check_answers, port_said
from tests.bench.servers import ours, started
from tests.bench.servestore import Asked, Shelf, fill
from tests.wire.server import Server

_CERTIFICATES = 100_000
_KEPT, _LOOKED_UP = 2_000, 20_000
_CONNECTIONS = 64
_BATCH = 16_384


def run(arguments: argparse.Namespace) -> dict[str, object]:
    """The figures; medians of `--runs`, in which the two sources take turns."""
    certificates = arguments.certificates or _CERTIFICATES
    with tempfile.TemporaryDirectory(prefix="revocast-bench-", dir=arguments.folder) as name, ExitStack() as stack:
        folder = Path(name)
        shelf = fill(folder / "store", certificates, _KEPT + _LOOKED_UP)
        server = stack.enter_context(Server(folder))
        filled = _copy(folder / "store", RedisServer(url=server.url))
        with server.client() as client:
            memory = client.info("memory")["used_memory"]
        asked = {"kept": shelf.asked[:_KEPT], "looked_up": shelf.asked[_KEPT:]}
        targets = {}
        for source in ("lmdb", "redis"):
            process = stack.enter_context(started(_command(folder, shelf, source, server.url)))
            port = port_said(process)
            wait_for_port(port)
            check_answers(port, shelf.asked)
            targets[source] = port, processes(process.pid)
        loads: dict[tuple[str, str], list[Load]] = {(source, kind): [] for kind in asked for source in targets}
        for _ in range(arguments.runs):
            for source, kind in loads:
                _publish(folder / "store", server)
                check_answers(targets[source][0], asked[kind] if kind == "kept" else asked[kind][:1])
                requests = _written(folder / kind, asked[kind])
                loads[source, kind].append(load(*targets[source], requests, _CONNECTIONS, arguments.seconds))
        rates = {key: median(one.per_second for one in found) for key, found in loads.items()}
        return {
            "certificates": certificates,
            "put_per_second": round(certificates / filled),
            "octets_per_response": round(memory / certificates),
            **{f"{source}_{kind}_per_second": round(rate) for (source, kind), rate in rates.items()},
            **{
                f"{source}_{kind}_cpu_us": round(median(one.cpu_us for one in found), 1)
                for (source, kind), found in loads.items()
            },
            **{f"ratio_{kind}": round(rates["redis", kind] / rates["lmdb", kind], 3) for kind in asked},
        }


def _command(folder: Path, shelf: Shelf, source: str, url: str) -> list[str]:
    """`revocast respond` over one of the two."""
    command = ours(folder, shelf.filling.authority)
    if source == "redis":
        config = folder / "revocast.toml"
        table = f'[responder.redis]\nurl = "{url}"\n'
        config.write_text(config.read_text().replace('store = "store"\n', "") + table)
    return command


def _publish(store: Path, server: Server) -> None:
    """Have both be in another state, so that nothing that was answered before is kept."""
    with (
        lmdb.open(str(store), map_size=1 << 33, max_dbs=4) as environment,
        environment.begin(write=True, db=environment.open_db(RESPONSES_DATABASE)) as transaction,
    ):
        transaction.put(b"another state", os.urandom(16))
    with server.client() as client:
        client.set("revocast:version.2", os.urandom(16))


def _written(file: Path, asked: list[Asked]) -> Path:
    file.write_text("".join(f"POST /ocsp/ {one.request.hex()}\n" for one in asked))
    return file


def _copy(store: Path, server: RedisServer) -> float:
    """Put all that LMDB has into the server as a publisher does; the seconds that the responses took."""
    with lmdb.open(str(store), readonly=True, max_dbs=4) as environment, RedisTarget(server) as target:
        issuers, responses = (
            environment.open_db(name, create=False) for name in (ISSUERS_DATABASE, RESPONSES_DATABASE)
        )
        with environment.begin() as transaction:
            target.introduce((bytes(key), bytes(value)) for key, value in transaction.cursor(db=issuers))
            rows = ((bytes(key), bytes(value)) for key, value in transaction.cursor(db=responses))
            answers = [Answer(key, value) for key, value in rows]
        begun = time.perf_counter()
        for batch in pieces(answers, _BATCH):
            target.put(batch, lambda _answer, _current: True)
        took = time.perf_counter() - begun
        target.save_status(b"status")
        target.set_filled(is_filled=True)
    return took
