"""What a Containerfile makes, without an engine: its instructions followed, with a virtual environment as the base.

The few instructions that ours use, and nothing else: another one, or a RUN that needs a shell, is an error. The system
below Python is this machine's, packages come by uv in pip's place, which verifies the same hashes, and users stay.
"""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path

ROOT = Path(__file__).parents[2]
_UV = Path(sys.executable).parent / "uv"
_PIP, _COMPILE = ["python", "-m", "pip", "install"], ["python", "-m", "compileall"]
_FOLDER = ["install", "--directory"]


@dataclass
class Image:
    """The tree of files, and how a process in it is started.

    Attributes:
        root: what is `/` in the Containerfile.
    """

    root: Path
    place: Path = Path("/")
    environment: dict[str, str] = field(default_factory=dict)
    user: str = "root"
    entrypoint: list[str] = field(default_factory=list)
    arguments: list[str] = field(default_factory=list)

    @classmethod
    def built(cls, containerfile: Path, root: Path) -> "Image":
        """Follow a Containerfile, with the repository as its context."""
        image = cls(root)
        for line in containerfile.read_text().splitlines():
            instruction, _, rest = line.partition(" ")
            if line and instruction != "#":
                image._follow(instruction, rest)
        return image

    @property
    def python(self) -> Path:
        """The interpreter."""
        return self.root / "venv/bin/python"

    def variables(self) -> dict[str, str]:
        """A process's environment; a path of the image is one of the tree."""
        inside = {name: str(self._at(value)) if value[0] == "/" else value for name, value in self.environment.items()}
        return {"PATH": f"{self.python.parent}:{os.defpath}", **inside}

    def command(self, *arguments: str) -> list[str]:
        """What an engine starts, with these arguments in place of those of CMD."""
        return [str(self.python), *self.entrypoint[1:], *(arguments or self.arguments)]

    def _follow(self, instruction: str, rest: str) -> None:
        match instruction:
            case "FROM":
                subprocess.run([_UV, "venv", "--quiet", "--python", sys.executable, self.root / "venv"], check=True)
            case "WORKDIR":
                self.place = Path(rest)
                self._at(rest).mkdir(parents=True)
            case "ENV":
                self.environment |= dict(word.split("=", 1) for word in rest.split())
            case "COPY":
                *sources, to = rest.split()
                self._copy(sources, self._at(to))
            case "RUN":
                self._run(json.loads(rest))
            case "USER":
                self.user = rest
            case "ENTRYPOINT":
                self.entrypoint = json.loads(rest)
            case "CMD":
                self.arguments = json.loads(rest)
            case "EXPOSE":
                pass
            case _:
                raise ValueError(f"{instruction} is not known here")

    def _at(self, path: str) -> Path:
        return self.root / str(self.place / path).lstrip("/")

    def _copy(self, sources: list[str], to: Path) -> None:
        for source in sources:
            if source.endswith("/"):
                without = shutil.ignore_patterns("__pycache__")  # as .dockerignore says
                shutil.copytree(ROOT / source, to, dirs_exist_ok=True, ignore=without)
            else:
                to.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / source, to)

    def _run(self, command: list[str]) -> None:
        if command[:4] == _PIP:
            self._install(command[4:])
        elif command[:3] == _COMPILE:
            subprocess.run([self.python, *command[1:]], check=True, cwd=self._at("."))
        elif command[:2] == _FOLDER:
            self._at(command[-1]).mkdir(parents=True)
        else:
            raise ValueError(f"RUN {command[0]} is not known here")

    def _install(self, options: list[str]) -> None:
        """From uv's cache, where `make setup` put them; else from the index."""
        command = [_UV, "--no-config", "pip", "install", "--quiet", "--python", self.python, *options]
        offline = subprocess.run([*command, "--offline"], cwd=self._at("."), capture_output=True)
        if offline.returncode:
            subprocess.run(command, cwd=self._at("."), check=True)
