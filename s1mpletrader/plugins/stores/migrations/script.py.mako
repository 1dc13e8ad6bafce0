"""${message}."""

import sqlalchemy as sa
import sqlmodel
from alembic import op

from s1mpletrader.plugins.stores import types
${imports if imports else ""}

revision = ${repr(up_revision)}
down_revision = ${repr(down_revision)}
branch_labels = ${repr(branch_labels)}
depends_on = ${repr(depends_on)}


def upgrade() -> None:
    """Bring the tables forward, and keep what is in them."""
    ${upgrades if upgrades else "pass"}
