"""Roots and intermediates: CA certificates and requests for them, made by a CA key wherever it is."""
