"""Asking the signer without a queue: `revocast signer run` as a subprocess, one message a line, one reply a line."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from pydantic import ValidationError

from jobs.process import child_environment, command_line
from revocation.errors import ConfigurationError, NoAnswer
from revocation.messages import Message, Reply

_CONFIGURATION = 2


class SignerProcess:
    """A signer that lives for one row of messages.

    Args:
        config: the revocast.toml that it reads.
    """

    def __init__(self, config: Path) -> None:
        self._config = config

    def ask(self, messages: Sequence[Message], seconds: float) -> list[Reply]:
        """The replies, in the order of the messages. What the signer says on standard error is shown as it is.

        Raises:
            ConfigurationError: the signer refused to start, and has said why.
            NoAnswer: it took too long, died, or left a message without a reply.
        """
        lines = "".join(message.model_dump_json() + "\n" for message in messages)
        try:
            done = subprocess.run(
                command_line("signer", "run", config=self._config),
                input=lines,
                stdout=subprocess.PIPE,
                env=child_environment(),
                timeout=seconds,
                text=True,
                check=False,
            )
        except subprocess.TimeoutExpired as error:
            raise NoAnswer(f"the signer took longer than {seconds:g} s and was ended") from error
        if done.returncode == _CONFIGURATION:
            raise ConfigurationError("the signer refused to start and said why above")
        replies = {reply.id: reply for reply in _replies(done.stdout)}
        missing = [message for message in messages if message.id not in replies]
        if missing:
            raise NoAnswer(
                f"the signer ended with {done.returncode} and without a reply to {missing[0].verb}",
                where=f"message {missing[0].id}",
                advice="the reason stands above",
            )
        return [replies[message.id] for message in messages]


def _replies(text: str) -> list[Reply]:
    try:
        return [Reply.model_validate_json(line) for line in text.splitlines() if line.strip()]
    except ValidationError as error:
        raise NoAnswer("what the signer wrote is not a reply") from error
