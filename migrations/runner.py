"""Alembic's commands, for our own command line and the tests."""

from pathlib import Path

from alembic import command
from alembic.config import Config


def configuration(database_url: str) -> Config:
    """Alembic's configuration for one database."""
    config = Config(Path(__file__).parent / "alembic.ini")
    config.attributes["database_url"] = database_url
    return config


def upgrade(database_url: str, revision: str = "head") -> None:
    """Bring a database to a revision. Blocks; starts an event loop of its own."""
    command.upgrade(configuration(database_url), revision)


def downgrade(database_url: str, revision: str) -> None:
    """Take a database back to a revision; `base` empties it."""
    command.downgrade(configuration(database_url), revision)


def check(database_url: str) -> None:
    """Raise alembic.util.CommandError when models and migrations disagree."""
    command.check(configuration(database_url))
