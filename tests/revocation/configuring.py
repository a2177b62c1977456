"""Configurations that are right by default, for tests that perturb one thing, and what is said of them."""

from pathlib import Path

import pytest

from revocation.config import PublicConfig
from revocation.configfile import ConfigFile
from revocation.errors import ConfigurationError

BASE = """
[public]
base_url = "http://pki.example"
"""
ISSUER = """
[[public.issuers]]
name = "demo"
certificates = ["demo.pem"]
"""


def read(folder: Path, text: str) -> PublicConfig:
    """The `[public]` table of a configuration with this text."""
    (folder / "revocast.toml").write_text(text, encoding="utf-8")
    return PublicConfig.read(ConfigFile.read(folder / "revocast.toml"))


def refuse(folder: Path, text: str) -> str:
    """What is said when this text is refused."""
    with pytest.raises(ConfigurationError) as caught:
        read(folder, text)
    assert caught.value.where
    return str(caught.value)
