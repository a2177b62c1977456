"""psycopg's cursor for large results, with values as they are: as text, each octet of a page would come as two."""

from typing import Any

import psycopg
from psycopg.pq import Format


class BinaryServerCursor(psycopg.ServerCursor[Any]):
    """Fetches rows in pieces, in binary form."""

    def __init__(self, *args: Any, **options: Any) -> None:
        super().__init__(*args, **options)
        self.format = Format.BINARY
