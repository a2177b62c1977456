"""What comes of a claim in the queue server, by which any number of schedulers act as one."""

from enum import Enum


class Claim(Enum):
    """Whose a name is."""

    NEW = "new"
    """Ours since now: nobody had it, or the server has forgotten."""
    OURS = "ours"
    """Ours since before, also where the server did not tell us."""
    OTHERS = "others"
