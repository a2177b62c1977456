"""HTTP as the registrar speaks it: a loop reads requests as a whole, and only then a thread works on one (RFC 9112)."""
