"""Ceremonies: an offline machine signs, and a stick carries requests to it and bundles back. See docs/ceremony.md."""
