"""Ledger and registrar's database are lost together, and come back from one backup: with certbot, before and after."""

import json
from pathlib import Path

import pytest

from tests.acme.home import BIN, home, seconds_until_refused
from tests.whole.running import running

pytestmark = [pytest.mark.judge("openssl", "pebble-challtestsrv"), pytest.mark.timeout(300), pytest.mark.long]


def test_account_revokes_after_ledger_and_registrar_were_restored(tmp_path: Path) -> None:
    """By certbot's account key of before; CRL and OCSP say it."""
    with home(tmp_path) as place:
        folders = [part for name in ("config", "work", "logs") for part in (f"--{name}-dir", tmp_path / name)]
        account = ("--server", place.directory, "--agree-tos", "--register-unsafely-without-email", "-n", *folders)
        standalone = ("--standalone", "--http-01-port", str(place.http_port))
        place.client(BIN / "certbot", "certonly", *account, "--cert-name", "it", "-d", "www.home.arpa", *standalone)
        config = ("--config", place.data / "revocast.toml")
        made = json.loads(place.client(BIN / "revocast", "backup", tmp_path / "backups", "--json", *config))
        assert (made["registrar"]["accounts"], made["registrar"]["certificates"]) == (1, 1)
        assert place.system.stop() == 0
        lost = [*place.data.glob("signer/ledger.sqlite*"), *place.data.glob("registrar/registrar.sqlite*")]
        assert len(lost) >= 2
        for file in lost:
            file.unlink()
        said = place.client(BIN / "revocast", "restore", made["folder"], *config)
        assert "registrar.sqlite: what was ended there since holds again" in said
        place.client(BIN / "revocast", "ledger", "reconcile", place.data / "public/www", *config)
        port = place.system.url.rstrip("/").rpartition(":")[2]
        with running(place.data, "--port", port):
            place.client(BIN / "certbot", "revoke", "--cert-name", "it", "--no-delete-after-revoke", *account[-7:])
            assert seconds_until_refused(place, tmp_path / "config/live/it/fullchain.pem") < 5
