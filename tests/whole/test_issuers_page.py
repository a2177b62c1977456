"""docs/issuers.md is carried out: its commands, on three machines, print what stands there."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import ec

from tests.authority import Authority
from tests.signer.issuers.machine import Machine
from tests.whole.ceremonies import REVOCAST

PAGE = Path(__file__).parents[2] / "docs/issuers.md"
COMMAND = re.compile(r"^(online|offline|)\$ revocast (.*)\n((?:(?!(?:online|offline|)\$ ).*\n)*)", re.M)
pytestmark = pytest.mark.timeout(300)


@pytest.mark.long
def test_issuers_are_made_as_the_page_says(tmp_path: Path) -> None:
    """Every command with its output; digests, times, serials and identities are those of the day."""
    shown = carried_out(tmp_path)
    assert len(shown) == 15
    for command, expected, found in shown:
        assert of_any_day(found, tmp_path) == of_any_day(expected, tmp_path), command


def carried_out(folder: Path) -> list[tuple[str, str, str]]:
    """Each command, what the page says of it, and what it printed."""
    machines = {name: Machine(folder / (name or "here")) for name in ("", "online", "offline")}
    (folder / "stick").mkdir()
    with machines["offline"].config.open("a") as file:
        file.write("[signer.ceremony]\n")
    for name, keys in (("", ("root", "issuing")), ("online", ("issuing",)), ("offline", ("root",))):
        for key in keys:
            machines[name].key(key, "p384")
    (machines[""].folder / "old").mkdir()
    existing = Authority("Old CA", key=ec.generate_private_key(ec.SECP384R1()))
    existing.write(machines[""].folder / "old/ca.crt")
    machines[""].key("old/ca", made=existing.key)
    blocks = re.findall(r"^```console\n(.*?)^```", PAGE.read_text(), re.M | re.S)
    found = []
    for machine, command, expected in COMMAND.findall("".join(blocks)):
        arguments = shlex.split(command)
        if "--yes" in arguments:
            without = arguments[: arguments.index("--yes")]
            arguments[-1] = re.findall(r"^order +(sha256:\w+)$", run(machines[machine], without, 1), re.M)[0]
        found.append((command, expected, run(machines[machine], arguments)))
        made = machines["offline"].pem("root")
        if made.exists() and not (folder / "stick/root.pem").exists():
            (folder / "stick/root.pem").write_bytes(made.read_bytes())
    return found


def run(machine: Machine, arguments: list[str], code: int = 0) -> str:
    """What a command prints, as a process of its own, where its machine's files are."""
    command = [*REVOCAST, *arguments]
    done = subprocess.run(command, cwd=machine.folder, capture_output=True, text=True, check=False, timeout=120)
    assert done.returncode == code, f"{arguments}: {done.returncode}\n{done.stdout}{done.stderr}"
    return done.stdout + done.stderr


def of_any_day(text: str, folder: Path) -> str:
    """Without what differs from one day to the next."""
    for pattern, word in (
        (re.escape(str(folder / "here")), "/srv/revocast"),
        (re.escape(str(folder)), "/srv"),
        (r"[0-9a-f]{64}", "DIGEST"),
        (r"\b[0-9a-f]{40}\b", "KEY"),
        (r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", "TIME"),
        (r"\b[0-9A-F]{32}\b", "SERIAL"),
        (r"serial [0-9A-F]{33,40}\b", "serial SERIAL"),
        (r"(issuer|crl)/[0-9a-f]{8}", r"\1/ISSUER"),
        (r"issuer [0-9a-f]{8}", "issuer ISSUER"),
        (r"\([0-9a-f]{8}\)", "(ISSUER)"),
        (r"\b[0-9a-f]{8}(?=  p384  )", "ISSUER"),
    ):
        text = re.sub(pattern, word, text)
    return text.strip()
