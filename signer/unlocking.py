"""Trying every key when a worker starts, so that a wrong passphrase or PIN is known at once."""

import logging
import threading
from concurrent.futures import Future
from typing import Final

from revocation.errors import KeyUnavailable
from revocation.issuer import Issuer
from signer.signer import Signer

_LOG: Final = logging.getLogger("revocast.signer")


def unlock_in_time(signer: Signer, seconds: float) -> None:
    """Try each key, one after the other, and report those that cannot be used.

    One that does not answer within that time keeps nothing from being recorded: it is waited for in a thread of its
    own, and those behind it are tried after it, or when they are needed first.
    """
    done: Future[None] = Future()
    threading.Thread(target=_try_all, args=(signer, done), name="unlocking", daemon=True).start()
    try:
        done.result(seconds)
    except TimeoutError:
        _LOG.error("not all keys answered within %.0f s: going on without those that do not", seconds)


def _try_all(signer: Signer, done: Future[None]) -> None:
    try:
        for profile in signer.public.profiles.values():
            if signer.keyring.is_configured(profile.issuer):
                _try(signer, profile.issuer)
    except BaseException as error:  # whoever waits is told
        done.set_exception(error)
    else:
        done.set_result(None)


def _try(signer: Signer, issuer: Issuer) -> None:
    try:
        signer.keyring.require_usable(issuer)
    except KeyUnavailable as error:
        _LOG.error("%s", error)
