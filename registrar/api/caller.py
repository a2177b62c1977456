"""Who asks: a token, or a client certificate; for what, and of which issuers."""

from dataclasses import dataclass

from registrar.api.problems import APIProblem, Kind


@dataclass(frozen=True)
class Caller:
    """Somebody who was recognised.

    Attributes:
        name: as the audit log has it: `token NAME`, `client CN=…`, or `client sha256:… CN=…` by a fingerprint.
        issuers: by their names; of any other it is not said that it is there.
    """

    name: str
    scopes: tuple[str, ...]
    issuers: tuple[str, ...]

    def require(self, scope: str) -> None:
        """Return if it is for this.

        Raises:
            APIProblem: it is not.
        """
        if scope not in self.scopes:
            raise APIProblem(
                Kind.SCOPE,
                f"{self.name} has not the scope {scope}",
                advice="scopes are given with the token, or with the client in [[registrar.api.clients]]",
            )


def not_recognised(detail: str) -> APIProblem:
    """The problem that nobody knows who asks."""
    return APIProblem(Kind.UNAUTHENTICATED, detail, headers={"WWW-Authenticate": 'Bearer realm="revocast"'})
