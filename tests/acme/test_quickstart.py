"""docs/acme-quickstart.md is carried out as it is written, in a network of its own with the names that stand there."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/acme-quickstart.md").read_text()
pytestmark = [
    pytest.mark.judge("unshare", "ip", "pebble-challtestsrv", "curl", "caddy"),
    pytest.mark.timeout(300),
    pytest.mark.long,
]

_CERTBOT = """\
config-dir = {folder}/letsencrypt
work-dir = {folder}/letsencrypt/work
logs-dir = {folder}/letsencrypt/logs
non-interactive = true
"""
"""For a machine that has others' certificates, perhaps: nothing of it is touched, and nobody is asked."""

_PLAY = """\
set -eu
cd {folder}/ca
{activate}
(exec {up}) > {folder}/up.log 2>&1 &
until grep -q "Ctrl-C stops everything" {folder}/up.log; do kill -0 $!; sleep 0.2; done
cp {folder}/ca/revocast-data/issuers/home-root.pem {folder}/www/home-root.pem
{steps}
kill -INT $!
wait $! || true
"""


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.M | re.S)


def commands() -> list[tuple[str, str]]:
    """Where each command is given, and the command, in the order of the page."""
    return re.findall(r"^(ca|www)\$ (.*)$", "\n".join(blocks("console")), re.M)


@pytest.fixture
def folder(tmp_path: Path) -> Iterator[Path]:
    """Both machines: a folder each; the command is in the environment of the CA alone, as `make setup` leaves it."""
    for name in ("ca", "www", "bin", "config/letsencrypt"):
        (tmp_path / name).mkdir(parents=True)
    (tmp_path / "config/letsencrypt/cli.ini").write_text(_CERTBOT.format(folder=tmp_path))
    (tmp_path / "ca/.venv").symlink_to(Path(sys.executable).parents[1])
    (tmp_path / "bin/certbot").symlink_to(Path(sys.executable).with_name("certbot"))
    (tmp_path / "www/Caddyfile").write_text(blocks("caddyfile")[0])
    yield tmp_path
    shutil.rmtree(tmp_path / "letsencrypt", ignore_errors=True)


def without_revocast(path: str) -> str:
    """The places of programs, but for those that have the command without being told so."""
    return os.pathsep.join(one for one in path.split(os.pathsep) if not (Path(one) / "revocast").exists())


def played(folder: Path) -> list[tuple[str, str]]:
    """The commands after `up`, which stays in the foreground, each with what it said."""
    (_, activate), (_, up), *others = commands()
    steps = "\n".join(f"printf '\\n===\\n'\ncd {folder}/{where}\n{command}" for where, command in others)
    script = folder / "play.sh"
    script.write_text(_PLAY.format(folder=folder, activate=activate, up=up, steps=steps))
    apart = ["unshare", "--net", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    if os.getuid():
        apart += ["--user", "--map-root-user"]
    environment = {
        **os.environ,
        "PATH": f"{folder}/bin:{without_revocast(os.environ['PATH'])}",
        "PYTHONPATH": str(ROOT),
        "HOME": str(folder),
        "XDG_CONFIG_HOME": str(folder / "config"),
        "XDG_DATA_HOME": str(folder / "data"),
    }
    command = [*apart, "bash", str(Path(__file__).with_name("at_home.sh")), str(folder), "bash", str(script)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=240, env=environment, check=False)
    logs = "".join(path.read_text()[-3000:] for path in (folder / "ca/revocast-data/logs").glob("*registrar.log"))
    assert done.returncode == 0, f"{done.stdout}{done.stderr}\n{(folder / 'up.log').read_text()}\n{logs}"
    said = done.stdout.split("\n===\n")[1:]
    return [(command, output) for (_, command), output in zip(others, said, strict=True)]


def test_page_is_carried_out_as_it_is_written(folder: Path) -> None:
    """From nothing to a certificate that is listed, revoked, and one that Caddy serves to who trusts the root."""
    said = played(folder)

    def outputs(words: str) -> list[str]:
        return [output for command, output in said if words in command]

    assert '"newNonce"' in outputs("curl --cacert home-root.pem https://ca")[0]
    assert "Certificate Name: www.home.arpa" in outputs("certbot certificates")[0]
    before, after = outputs("revocast cert list")
    assert "  good " in before
    assert "  revoked " in after
    assert "(account https://ca.home.arpa:8890/acme/home/account/" in before
    assert "published everywhere" in outputs("revocast revoke --name")[0]
    assert "at home" in outputs("https://www.home.arpa/")[0]
    shown = (folder / "up.log").read_text()
    for line in blocks("text")[0].splitlines():
        if line != "…":
            assert re.search(of_any_home(line), shown), line


def of_any_home(line: str) -> str:
    """A pattern for a line of output: ids and the folder are those of the day."""
    known = re.escape(line).replace("…", "[0-9a-f]+")
    return known.replace(re.escape("/home/me/revocast/"), r"\S+/")
