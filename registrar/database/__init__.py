"""The registrar's database: accounts, orders, authorizations, challenges, certificates. SQLite or PostgreSQL.

Each row belongs to an issuer, by its name in the configuration, and no query crosses from one to another.
"""

from registrar.database.database import Database
from registrar.database.turn import DatabaseUnavailable

__all__ = ["Database", "DatabaseUnavailable"]
