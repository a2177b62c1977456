"""Keeps the processes of `revocast up` running: starts them in order, restarts what dies, stops them in reverse."""

import time
from pathlib import Path
from typing import Final

from jobs.child import Child, Service
from jobs.log import Tell
from jobs.stop import Stop
from jobs.terminal import printable
from revocation.errors import ConfigurationError, RevocastError

_START_SECONDS: Final = 60.0
_STOP_SECONDS: Final = 15.0
_LEAST_STOP_SECONDS: Final = 1.0
_FIRST_PAUSE: Final = 0.5
_LONGEST_PAUSE: Final = 30.0
_LONG_RUN: Final = 60.0
_CONFIGURATION: Final = 2
_POLL: Final = 0.05


class DidNotStart(RevocastError):
    """A process ended, or said nothing, before it served."""


class Stopped(Exception):
    """We were told to stop while starting."""


class _Slot:
    """A service with its present run, and when it may be started again."""

    def __init__(self, service: Service, child: Child) -> None:
        self.service = service
        self.child = child
        self.since = time.monotonic()
        self.pause = _FIRST_PAUSE
        self.start_at: float | None = None


class Supervisor:
    """The processes of one installation. Start and stop them from one thread: the leash hangs on it.

    Args:
        logs: the folder of their logs.
        stop: set when we are told to stop.
        report: prints a line for the operator.
    """

    def __init__(self, logs: Path, stop: Stop, report: Tell) -> None:
        self._logs = logs
        self._stop = stop
        self._report = report
        self._groups: list[list[_Slot]] = []

    def start(self, *services: Service) -> None:
        """Start services side by side, and wait until each of them serves.

        Raises:
            ConfigurationError: one ended with code 2; its own words are in the message.
            DidNotStart: one ended otherwise, or did not serve in time.
            Stopped: we were told to stop meanwhile.
        """
        begun: list[_Slot] = []
        self._groups.append(begun)
        begun.extend(_Slot(service, Child(service, self._logs, self._report)) for service in services)
        deadline = time.monotonic() + _START_SECONDS
        while waiting := [slot for slot in begun if not slot.child.ready.is_set()]:
            if self._stop.wait(_POLL):
                raise Stopped
            for slot in waiting:
                self._require_alive(slot, deadline)

    def tend(self) -> None:
        """Look at every process once: report what died, and start it again when its pause is over."""
        for slot in self._slots():
            code = slot.child.exit_code()
            if code is None:
                continue
            if slot.start_at is None:
                self._schedule_restart(slot, code)
            elif time.monotonic() >= slot.start_at:
                slot.child, slot.since, slot.start_at = (
                    Child(slot.service, self._logs, self._report),
                    time.monotonic(),
                    None,
                )
                self._report(f"{slot.service.name}: started again (process {slot.child.process.pid})")

    def stop(self) -> None:
        """Stop every process within the time that one may take, the last started first.

        What was started side by side is asked at once and then waited for; what was started before, as the queue, is
        needed by it until its end.
        """
        deadline = time.monotonic() + _STOP_SECONDS
        while self._groups:
            group = self._groups.pop()
            for slot in reversed(group):
                slot.child.ask_to_stop()
            for slot in reversed(group):
                if not slot.child.wait(max(_LEAST_STOP_SECONDS, deadline - time.monotonic())):
                    self._report(f"{slot.service.name}: did not end in time and was killed")

    def processes(self) -> dict[str, int]:
        """The process id of each service's present run."""
        return {slot.service.name: slot.child.process.pid for slot in self._slots()}

    def _slots(self) -> list[_Slot]:
        return [slot for group in self._groups for slot in group]

    def _require_alive(self, slot: _Slot, deadline: float) -> None:
        code = slot.child.exit_code()
        if slot.child.ready.is_set():
            return
        if code is not None:
            raise self._explain(slot, f"ended with {code} instead of serving", code)
        if time.monotonic() > deadline:
            raise self._explain(slot, f"did not serve within {_START_SECONDS:g} s", None)

    def _schedule_restart(self, slot: _Slot, code: int) -> None:
        if time.monotonic() - slot.since > _LONG_RUN:
            slot.pause = _FIRST_PAUSE
        slot.start_at = time.monotonic() + slot.pause
        how = f"was killed by signal {-code}" if code < 0 else f"ended with {code}"
        self._report(f"{slot.service.name}: {how}; starting it again in {slot.pause:g} s, {self._words(slot)}")
        slot.pause = min(2 * slot.pause, _LONGEST_PAUSE)

    def _explain(self, slot: _Slot, what: str, code: int | None) -> RevocastError:
        said = "\n".join(f"  {slot.service.name} | {printable(line)}" for line in slot.child.last_lines)
        error = ConfigurationError if code == _CONFIGURATION else DidNotStart
        return error(f"{what}\n{said}" if said else what, where=slot.service.name, advice=self._words(slot))

    def _words(self, slot: _Slot) -> str:
        """Where to read what its present run said: its log, unless nothing could be written there."""
        log = self._logs / f"{slot.service.name.replace(' ', '-')}.log"
        if not slot.child.last_lines:
            return "it said nothing"
        return f"see {log}" if log.exists() else f"it said last: {printable(slot.child.last_lines[-1])}"
