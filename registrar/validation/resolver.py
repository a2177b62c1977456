"""Questions to our resolvers: bounded in time, aliases followed to their end, and each failure told from the others."""

from typing import Final

import dns.exception
import dns.flags
import dns.message
import dns.name
import dns.nameserver
import dns.rcode
import dns.rdata
import dns.rdatatype
import dns.resolver

from registrar.problem import Problem, ProblemType
from registrar.validation.config import Network, split_address
from registrar.validation.deadline import Deadline
from registrar.validation.failure import MayPass, NoSuchName
from registrar.validation.hostname import is_hostname

_MOST_ALIASES: Final = 8
_PAYLOAD: Final = 1232
"""Octets of a UDP answer that no path breaks up; what is longer comes by TCP."""

_TRY_SECONDS: Final = 2.0


class Resolver:
    """Asks the resolvers of the configuration; keeps nothing.

    Args:
        deadline: of all that is asked.
    """

    def __init__(self, network: Network, deadline: Deadline) -> None:
        self._seconds = network.dns_timeout.total_seconds()
        self._deadline = deadline
        try:
            self._resolver = dns.resolver.Resolver(configure=not network.resolvers)
        except dns.resolver.NoResolverConfiguration:
            raise MayPass(
                ProblemType.DNS, "this server has no DNS resolver: its operator has to name some", status=500
            ) from None
        configured = map(split_address, network.resolvers)
        places = list(configured) or [(str(one), self._resolver.port) for one in self._resolver.nameservers]
        self._servers = [dns.nameserver.Do53Nameserver(*place) for place in places]
        self._resolver.timeout = min(_TRY_SECONDS, self._seconds)
        self._resolver.use_edns(0, 0, _PAYLOAD)

    def look_up(self, name: str, type_: str) -> list[dns.rdata.Rdata]:
        """The records of that type, following aliases (CNAME, DNAME); none where the name has none.

        Raises:
            NoSuchName: the name, or what it is an alias of, does not exist.
            MayPass: no resolver answered, or none could find out.
            Problem: it is no name, or its aliases go round or on and on.
        """
        if not is_hostname(name):
            raise Problem(ProblemType.DNS, "a name to be looked up is no name of a host")
        wanted, asked = dns.name.from_text(name), set[dns.name.Name]()
        while wanted not in asked and len(asked) < _MOST_ALIASES:
            asked.add(wanted)
            answer = self._ask(wanted, name, type_)
            if answer.rrset is not None:
                return list(answer.rrset)
            if answer.canonical_name == wanted:
                return []
            wanted = answer.canonical_name
        raise _endless(name, type_)

    def _prefer(self, answer: dns.resolver.Answer) -> None:
        """Ask the one that answered first next time, so that one which is away is waited for once."""
        self._servers.sort(key=lambda one: (one.address, one.port) != (answer.nameserver, answer.port))

    def _ask(self, wanted: dns.name.Name, name: str, type_: str) -> dns.resolver.Answer:
        try:
            seconds = min(self._seconds, self._deadline.left())
            self._resolver.nameservers = list(self._servers)
            answer = self._resolver.resolve(wanted, type_, lifetime=seconds, search=False, raise_on_no_answer=False)
        except dns.resolver.NXDOMAIN:
            raise NoSuchName(ProblemType.DNS, f"{_question(name, type_)}: the name does not exist (NXDOMAIN)") from None
        except (dns.resolver.LifetimeTimeout, TimeoutError):
            raise MayPass(ProblemType.DNS, f"{_question(name, type_)}: no resolver answered in time") from None
        except dns.resolver.YXDOMAIN:
            raise Problem(ProblemType.DNS, f"{_question(name, type_)}: an alias makes a name too long") from None
        except dns.resolver.NoNameservers as error:
            raise _unanswered(name, type_, error) from None
        except (dns.exception.DNSException, OSError, ValueError) as error:
            what = type(error).__name__
            raise MayPass(ProblemType.DNS, f"{_question(name, type_)}: the question failed ({what})") from None
        if answer.response.flags & dns.flags.TC:
            raise MayPass(ProblemType.DNS, f"{_question(name, type_)}: the answer is cut off, by TCP too")
        self._prefer(answer)
        return answer


def _unanswered(name: str, type_: str, error: dns.resolver.NoNameservers) -> Problem:
    """What the last resolver said; dnspython keeps an error text, or what it raised itself."""
    *_, (_, _, _, said, response) = error.kwargs["errors"] or [("", False, 0, "nothing", None)]
    if isinstance(said, dns.message.ChainTooLong) or (response is not None and _is_endless(response)):
        return _endless(name, type_)
    words = said if isinstance(said, str) else f"what cannot be read ({type(said).__name__})"
    return MayPass(ProblemType.DNS, f"{_question(name, type_)}: the resolver answered {words}")


def _is_endless(response: dns.message.QueryMessage) -> bool:
    """Whether a resolver gave up, as it shows, on aliases."""
    try:
        return len(response.resolve_chaining().cnames) >= _MOST_ALIASES
    except dns.message.ChainTooLong:
        return True
    except dns.exception.DNSException:
        return False


def _endless(name: str, type_: str) -> Problem:
    detail = f"{_question(name, type_)}: its aliases (CNAME) go round, or there are more than {_MOST_ALIASES}"
    return Problem(ProblemType.DNS, detail)


def _question(name: str, type_: str) -> str:
    return f"DNS, {type_} of {name}"
