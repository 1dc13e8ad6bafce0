"""The first tables of the journal."""

import sqlalchemy as sa
from alembic import op

from s1mpletrader.plugins.stores.guards import forbid_changes, forbid_discarding_lasting, forbid_forgetting_lasting
from s1mpletrader.plugins.stores.statistics import declare_statistics

revision = "journal_0001"
down_revision = None
branch_labels = None
depends_on = None

STATISTICS = {
    ("run", "sqlite_autoindex_run_1"): "100 1",
    ("entry", "sqlite_autoindex_entry_1"): "1000000 10000 1",
    ("entry", "entry_of_order"): "900000 4",
    ("entry", "entry_of_fill"): "300000 1",
    ("entry", "entry_at"): "1000000 2",
}


def upgrade() -> None:
    """Make the tables, and guard what is in them."""
    op.create_table("discarding_run", sa.Column("run", sa.String(), nullable=False), sa.PrimaryKeyConstraint("run"))
    op.create_table(
        "entry",
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("seq", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("parent_run", sa.String(), nullable=True),
        sa.Column("parent_seq", sa.BigInteger(), nullable=True),
        sa.Column("order_id", sa.String(), nullable=True),
        sa.Column("fill_id", sa.String(), nullable=True),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("hash", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("run", "seq"),
    )
    op.create_index("entry_at", "entry", ["at"], unique=False)
    op.create_index(
        "entry_of_fill",
        "entry",
        ["fill_id"],
        unique=False,
        sqlite_where=sa.text("fill_id IS NOT NULL"),
        postgresql_where=sa.text("fill_id IS NOT NULL"),
    )
    op.create_index(
        "entry_of_order",
        "entry",
        ["order_id"],
        unique=False,
        sqlite_where=sa.text("order_id IS NOT NULL"),
        postgresql_where=sa.text("order_id IS NOT NULL"),
    )
    op.create_table(
        "run",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("run", sa.String(), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("number"),
        sa.UniqueConstraint("run"),
    )

    forbid_changes(("entry",), "run", "discarding_run")
    forbid_discarding_lasting("run", "run", "discarding_run")
    forbid_forgetting_lasting("run", "run", "discarding_run")
    declare_statistics(STATISTICS)
