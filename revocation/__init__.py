"""The public vocabulary of Revocast: what every room may know, and no secret among it."""

__version__ = "0.1.0"
