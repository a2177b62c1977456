"""The exchange format between the signer and its publishers: a plain tar with a manifest. See docs/bundle.md."""

from revocation.bundle.manifest import FORMAT, Entry, Manifest
from revocation.bundle.reader import BundleReader
from revocation.bundle.writer import write_bundle

__all__ = ["FORMAT", "BundleReader", "Entry", "Manifest", "write_bundle"]
