"""Readers of other systems' records: each turns one kind of source into entries, and changes nothing."""
