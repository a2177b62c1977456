"""The publisher: checks every artifact as if it came from an enemy, then writes it out. Holds no key."""
