"""Alembic's environment: it runs inside the transaction that it is given."""

from alembic import context

context.configure(**context.config.attributes["configure"])
context.run_migrations()
