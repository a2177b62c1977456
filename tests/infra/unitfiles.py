"""infra/systemd: the units that are shipped, for one machine without a queue and, below split/, for services apart."""

import configparser
from pathlib import Path
from typing import Final

FOLDER: Final = Path(__file__).parents[2] / "infra/systemd"
SPLIT: Final = FOLDER / "split"
SERVICES: Final = sorted(FOLDER.rglob("*.service"))
TIMERS: Final = sorted(FOLDER.rglob("*.timer"))


def unit(path: Path) -> configparser.ConfigParser:
    """A unit's sections; of repeated settings the last."""
    parser = configparser.ConfigParser(strict=False, interpolation=None)
    parser.optionxform = str  # type: ignore[assignment,method-assign]
    parser.read(path)
    return parser


def settings(path: Path, name: str) -> list[str]:
    """The words of a setting that is repeated, without the `-` that lets what is not there be missing."""
    lines = [line.partition("=") for line in path.read_text().splitlines()]
    return [word.removeprefix("-") for key, _, value in lines if key == name for word in value.split()]
