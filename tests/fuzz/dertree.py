"""DER as a tree, and changes to it that leave all lengths right: what random octets hardly ever do.

What cannot be read as DER is a leaf, and so is everything in it; OCTET STRINGs that hold DER are looked into.
"""

from copy import deepcopy
from dataclasses import dataclass, field
from random import Random

from revocation import der

_CONSTRUCTED = 0x20
_TAGS = (0x01, 0x02, 0x03, 0x04, 0x05, 0x06, 0x0A, 0x17, 0x18, 0x30, 0x80, 0x81, 0x82, 0xA0, 0xA1, 0xA2)


@dataclass
class Node:
    """A value: its tag, and what is in it, or the octets of its content if nothing is."""

    tag: int
    content: bytes = b""
    inside: list["Node"] = field(default_factory=list)

    def encode(self) -> bytes:
        """The value, with its length."""
        return der.tlv(self.tag, *[node.encode() for node in self.inside] or [self.content])

    def walk(self) -> list["Node"]:
        """It and all below it."""
        return [self, *(below for node in self.inside for below in node.walk())]


def parse(data: bytes) -> list[Node]:
    """The values of which `data` consists; none where it is not DER."""
    try:
        return [_node(tag, data[start:end]) for tag, _, start, end in der.values(data, 0, len(data))]
    except der.DERError:
        return []


def mutate(data: bytes, donor: bytes, random: Random) -> bytes:
    """`data` after one to three changes of its tree; what is put in comes from `donor` or from chance."""
    roots = parse(data)
    if not roots:
        return data
    donors = [node for root in parse(donor) for node in root.walk()]
    for _ in range(random.randint(1, 3)):
        _change(random.choice([node for root in roots for node in root.walk()]), donors, random)
    return b"".join(root.encode() for root in roots)


def _node(tag: int, content: bytes) -> Node:
    inside = parse(content) if tag & _CONSTRUCTED or tag == der.OCTET_STRING else []
    return Node(tag, b"" if inside else content, inside)


def _change(node: Node, donors: list[Node], random: Random) -> None:
    what = random.randrange(6)
    if what == 0:
        node.tag = random.choice(_TAGS)
    elif what == 1:
        _change_content(node, random)
    elif what == 2 and node.inside:
        del node.inside[random.randrange(len(node.inside))]
    elif what == 3 and node.inside:
        node.inside.insert(random.randrange(len(node.inside) + 1), deepcopy(random.choice(node.inside)))
    elif what == 4 and donors:
        chosen = deepcopy(random.choice(donors))
        node.tag, node.content, node.inside = chosen.tag, chosen.content, chosen.inside
    elif node.inside:
        random.shuffle(node.inside)


def _change_content(node: Node, random: Random) -> None:
    octets = bytearray(node.content)
    at = random.randrange(len(octets) + 1)
    octets[at : at + random.randint(0, 2)] = random.randbytes(random.choice((0, 1, 1, 2, 20, 129)))
    node.content, node.inside = bytes(octets), []
