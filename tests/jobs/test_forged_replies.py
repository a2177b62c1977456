"""`revoke` and `release` when somebody with write access to the queue answers in the signer's place."""

import shutil

from revocation.messages import Outcome
from tests.jobs.present import Present, claim, forger
from tests.wire.server import Server


def test_forged_reply_does_not_make_it_published(present: Present, server: Server) -> None:
    """Somebody with write access to the queue says "done": exit 4, since no CRL shows it."""
    present.use_queue(server.url)
    with forger(server, claim(Outcome.DONE)):
        result = present.run("revoke", "5", "--timeout", "1")
    assert result.exit_code == 4
    assert "does not show it yet" in str(result.exception)


def test_forged_reply_to_a_raised_reason_does_not_make_it_published(present: Present, server: Server) -> None:
    """The serial is on the CRL already, on hold: that is no proof of a final revocation."""
    assert present.run("revoke", "5", "--reason", "certificateHold").exit_code == 0
    present.use_queue(server.url)
    with forger(server, claim(Outcome.DONE)):
        assert present.run("revoke", "5", "--reason", "keyCompromise", "--timeout", "1").exit_code == 4


def test_forged_release_does_not_make_it_published(present: Present, server: Server) -> None:
    """The serial is still on the CRL."""
    assert present.run("revoke", "5", "--reason", "certificateHold").exit_code == 0
    present.use_queue(server.url)
    with forger(server, claim(Outcome.DONE)):
        assert present.run("release", "5", "--timeout", "1").exit_code == 4


def test_forged_release_that_names_a_crl_without_the_certificate_is_not_believed(
    present: Present, server: Server
) -> None:
    """Where no OCSP contradicts it: the CRL of CA certificates never listed this one."""
    text = present.config.read_text()
    present.config.write_text(text.replace("[public.ocsp]", '[public.crl]\nscopes = ["user", "ca"]\n[public.ocsp]'))
    assert present.run("refresh").exit_code == 0
    assert present.run("revoke", "5", "--reason", "certificateHold").exit_code == 0
    present.use_queue(server.url)
    shutil.rmtree(present.estate.folder / "store")
    with forger(server, claim(Outcome.DONE, data={"crls": ["ca"]})):
        assert present.run("release", "5", "--timeout", "1").exit_code == 4


def test_forged_problems_are_words_and_no_more(present: Present, server: Server) -> None:
    """Over a queue it is waited for all the same; control characters are shown as codes."""
    present.use_queue(server.url)
    for problems, shown in ((["no\x1b[2J"], "no\\u001b[2J"), (5, "does not show it yet"), ({}, "does not show it yet")):
        with forger(server, claim(Outcome.DONE, data={"problems": problems})):
            result = present.run("revoke", "5", "--timeout", "1")
        assert result.exit_code == 4
        assert shown in str(result.exception)


def test_forged_refusal_cannot_write_to_the_terminal(present: Present, server: Server) -> None:
    """Its words are shown with their control characters as codes."""
    present.use_queue(server.url)
    with forger(server, claim(Outcome.REFUSED, detail="no\x1b[2J", advice="do\rthat")):
        result = present.run("revoke", "5", "--timeout", "1")
    assert result.exit_code == 1
    assert "no\\u001b[2J" in str(result.exception)
    assert "do\\u000dthat" in str(result.exception)
