"""Each service's folder, from the files of infra/: what is shipped, with this site's names, ports and passwords in it.

Two edges. The first has what infra/config/publisher.toml has: a directory for nginx, and responses in Valkey.
The second has the store on its own host, as a comment there says, and a bucket beside the directory.
"""

import tomllib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from shutil import copy
from typing import Final

from tests.building.seaweedfs import PUBLIC
from tests.e2e.pki import PASSPHRASE, PKI
from tests.e2e.servers import DATABASE, ROLE, Servers

INFRA: Final = Path(__file__).parents[2] / "infra"
EDGES: Final = ("1", "2")
TARGETS_OF: Final = {"publisher-1": ["files", "responses"], "publisher-2": ["files-2", "responses-2", "bucket"]}
"""As the two publishers call theirs."""

BUCKET_OF: Final = "2"

TARGETS: Final = [name for names in TARGETS_OF.values() for name in names]

SHORT: Final = (
    'crl = { expires = "20m", renewal = "1m", look = "1m", max_age = "5s" }\n'
    'ocsp = { expires = "20m", renewal = "2m", look = "1m", max_age = "5s", '
    'responder_certificate_expires = "25m", responder_certificate_renewal = "1m" }\n'
)
"""Windows that are renewed while one looks on, delegates too; `look` is how often the schedulers ask."""

_SERVER: Final = {"valkey.example:6379": "valkey", "https://s3.example:9000": "s3", "postgresql.example": "postgresql"}
_SHARED: Final = """[[publisher.targets]]
name = "responses"
kind = "redis\""""
_OF_ITS_OWN: Final = """[[publisher.targets]]
name = "responses-2"
kind = "lmdb"
path = "{store}"

[[publisher.targets]]
name = "bucket"
kind = "s3"
url = "s3://{bucket}"
endpoint = "{endpoint}"
path_style = true
"""


@dataclass(frozen=True)
class Setting:
    """What all folders are made from.

    Attributes:
        ports: of the links, by name; of the edges' HTTP servers as `web-1`, of responders as `responder-1`.
        windows: lines for [public].
    """

    folder: Path
    pki: PKI
    servers: Servers
    ports: Mapping[str, int]
    tls_ca: Path
    operator_key: str
    windows: str = ""

    @property
    def base_url(self) -> str:
        """What relying parties ask, at the first edge."""
        return f"http://127.0.0.1:{self.ports['web-1']}"

    def home(self, name: str) -> Path:
        """The folder of a service, in the place of /etc/revocast and of what it keeps below /var/lib."""
        return self.folder / name


def write(setting: Setting, name: str) -> Path:
    """The folder of one service (`signer-1`, …, `operator`), with its file; returns that."""
    service, home = name.partition("-")[0], setting.home(name)
    (home / "credentials").mkdir(parents=True, exist_ok=True)
    copy(setting.pki.ca_certificate, home / "example-ca.pem")
    copy(setting.tls_ca, home / "valkey-ca.pem")
    copy(setting.servers.s3.ca, home / "s3-ca.pem")
    text = (INFRA / f"config/{service}.toml").read_text()
    if name == "publisher-2":
        text = _second_publisher(setting, text)
    if name == "responder-2":
        text = text[: text.index("[responder.redis]")].replace(
            'server = "fastpysgi"', f'server = "fastpysgi"\nstore = "{setting.home("publisher-2") / "store"}"'
        )
    for shipped, here in _names(setting, name, service, text).items():
        assert shipped in text, f"{service}.toml has no {shipped!r}"
        text = text.replace(shipped, here)
    text = text.replace('"http://pki.example"\n', f'"{setting.base_url}"\n{setting.windows}')
    assert ".example" not in text
    tomllib.loads(text)
    _secrets(setting, service, name)
    file = home / "revocast.toml"
    file.write_text(text)
    file.chmod(0o600)
    return file


def environment(setting: Setting, name: str, path: str) -> dict[str, str]:
    """All that a service finds in its environment."""
    service, home = name.partition("-")[0], setting.home(name)
    mine = {
        "PATH": path,
        "HOME": str(home),
        "TMPDIR": str(home),
        "REVOCAST_CONFIG": str(home / "revocast.toml"),
        "REVOCAST_LOG": "json",
        "CREDENTIALS_DIRECTORY": str(home / "credentials"),
    }
    if service in ("signer", "publisher"):
        mine |= {"AWS_SHARED_CREDENTIALS_FILE": str(home / "aws"), "AWS_CA_BUNDLE": str(home / "s3-ca.pem")}
    if service == "signer":
        mine["PGPASSFILE"] = str(home / "pgpass")
    return mine


def _names(setting: Setting, name: str, service: str, text: str) -> dict[str, str]:
    """What stands in the shipped file, and what here."""
    home, password = setting.home(name), setting.servers.valkey.password(service)
    names = {"PASSWORD@": f"{password}@"} if "PASSWORD@" in text else {}
    for shipped, server in _SERVER.items():
        if shipped in text:
            scheme = "https://" if server == "s3" else ""
            names[shipped] = f"{scheme}127.0.0.1:{setting.ports[f'{name}:{server}']}"
    for folder in (f"/etc/revocast/{service}", f"/var/lib/revocast-{service}"):
        if folder in text:
            names[folder] = str(home)
    if service == "signer":
        names |= {"//revocast@": f"//{ROLE}@", '/revocast"': f'/{DATABASE}"', "PUBLIC-KEY": setting.operator_key}
    if service == "publisher":
        names["/var/lib/revocast-public"] = str(home / "public")
    if service in ("scheduler", "operator"):
        names['["files", "responses"]'] = str(TARGETS).replace("'", '"')
    if service == "responder":
        number = name.partition("-")[2]
        names |= {"port = 8889": f"port = {setting.ports[f'responder-{number}']}", "127.0.0.1:9180": "127.0.0.1:0"}
    return names


def _second_publisher(setting: Setting, text: str) -> str:
    """Names of targets are in the notes of the queue server, so this one's differ."""
    shared = text.index(_SHARED)
    store, endpoint = setting.home("publisher-2") / "store", f"https://127.0.0.1:{setting.ports['publisher-2:s3']}"
    mine = _OF_ITS_OWN.format(store=store, bucket=PUBLIC, endpoint=endpoint)
    return text[: text.rindex("\n# For responders", 0, shared)].replace('"files"', '"files-2"') + "\n" + mine


def _secrets(setting: Setting, service: str, name: str) -> None:
    home = setting.home(name)
    if service in ("publisher", "responder"):
        (home / "credentials/valkey").write_text(setting.servers.valkey.password(service))
    if service == "signer":
        key = home / "example-ca.key"
        copy(setting.pki.ca_key, key)
        key.chmod(0o400)
        (home / "credentials/ca.passphrase").write_text(PASSPHRASE)
        port = setting.ports[f"{name}:postgresql"]
        (home / "pgpass").write_text(f"127.0.0.1:{port}:{DATABASE}:{ROLE}:{setting.servers.password}\n")
        (home / "pgpass").chmod(0o400)
    if (profile := setting.servers.s3.profiles / f"{service}.aws").exists():
        copy(profile, home / "aws")
