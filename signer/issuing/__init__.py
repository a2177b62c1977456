"""Certificates that somebody asks for in a message: whether they are issued, and as what, is decided here."""
