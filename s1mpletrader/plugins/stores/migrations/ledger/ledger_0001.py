"""The first tables of the ledger."""

import sqlalchemy as sa
from alembic import op

from s1mpletrader.plugins.stores import types
from s1mpletrader.plugins.stores.guards import forbid_changes, forbid_discarding_lasting, forbid_forgetting_lasting
from s1mpletrader.plugins.stores.statistics import declare_statistics

revision = "ledger_0001"
down_revision = None
branch_labels = None
depends_on = None

KEPT = ("funds", "trade", "execution_group", "group_event", "order_intent", "order_event", "fill", "external_fill")

STATISTICS = {
    ("trade", "trade"): "1000000 100000 1",
    ("execution_group", "execution_group"): "1000000 100000 1",
    ("execution_group", "execution_group_of_trade"): "1000000 3 3",
    ("group_event", "group_event"): "1000000 100000 3 1",
    ("order_intent", "order_intent"): "1000000 100000 1",
    ("order_intent", "order_intent_of_group"): "1000000 2 2",
    ("order_intent", "order_intent_of_client"): "1000000 1 1",
    ("order_intent", "order_intent_replacing"): "10000 1 1",
    ("order_event", "order_event"): "1000000 100000 2 1",
    ("order_event", "order_event_of_venue"): "1000000 2 2",
    ("fill", "fill"): "1000000 100000 1",
    ("fill", "fill_of_order"): "1000000 2 2",
}


def upgrade() -> None:
    """Make the tables, and guard what is in them."""
    op.create_table(
        "book",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("lasting", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("book"),
    )
    op.create_table("discarding_book", sa.Column("book", sa.String(), nullable=False), sa.PrimaryKeyConstraint("book"))
    op.create_table(
        "external_fill",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("fill_id", sa.String(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=True),
        sa.Column("exchange_order_id", sa.String(), nullable=True),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("venue_trade_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("price", types.ExactDecimal(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("fee", types.ExactDecimal(), nullable=False),
        sa.Column("fee_currency", sa.String(), nullable=False),
        sa.Column("liquidity", sa.String(), nullable=False),
        sa.Column("venue_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("book", "fill_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "funds",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("asset", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("amount", types.ExactDecimal(), nullable=False),
        sa.PrimaryKeyConstraint("book", "strategy", "asset", "kind", "at", "ordinal"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "trade",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("direction", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.PrimaryKeyConstraint("book", "trade_id"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "execution_group",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("action", sa.String(), nullable=False),
        sa.Column("algorithm", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book", "trade_id"],
            ["trade.book", "trade.trade_id"],
        ),
        sa.PrimaryKeyConstraint("book", "group_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("execution_group_of_trade", "execution_group", ["trade_id", "book"], unique=False)
    op.create_table(
        "group_event",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.LargeBinary(), nullable=False),
        sa.Column("wake_at", sa.BigInteger(), nullable=True),
        sa.Column("done", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book", "group_id"],
            ["execution_group.book", "execution_group.group_id"],
        ),
        sa.PrimaryKeyConstraint("book", "group_id", "ordinal"),
        sqlite_with_rowid=False,
    )
    op.create_table(
        "order_intent",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("group_id", sa.String(), nullable=False),
        sa.Column("trade_id", sa.String(), nullable=False),
        sa.Column("strategy", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("client_order_id", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("type", sa.String(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("price", types.ExactDecimal(), nullable=True),
        sa.Column("stop_price", types.ExactDecimal(), nullable=True),
        sa.Column("time_in_force", sa.String(), nullable=False),
        sa.Column("reduce_only", sa.Boolean(), nullable=False),
        sa.Column("decided_at", sa.BigInteger(), nullable=False),
        sa.Column("list_kind", sa.String(), nullable=False),
        sa.Column("list_id", sa.String(), nullable=True),
        sa.Column("replaces", sa.String(), nullable=True),
        sa.Column("reference_price", types.ExactDecimal(), nullable=True),
        sa.ForeignKeyConstraint(
            ["book", "group_id"],
            ["execution_group.book", "execution_group.group_id"],
        ),
        sa.ForeignKeyConstraint(
            ["book", "replaces"],
            ["order_intent.book", "order_intent.order_id"],
        ),
        sa.PrimaryKeyConstraint("book", "order_id"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "order_intent_of_client",
        "order_intent",
        ["client_order_id", "book"],
        unique=False,
        sqlite_where=sa.text("client_order_id <> order_id"),
        postgresql_where=sa.text("client_order_id <> order_id"),
    )
    op.create_index("order_intent_of_group", "order_intent", ["group_id", "book"], unique=False)
    op.create_index(
        "order_intent_replacing",
        "order_intent",
        ["replaces", "book"],
        unique=False,
        sqlite_where=sa.text("replaces IS NOT NULL"),
        postgresql_where=sa.text("replaces IS NOT NULL"),
    )
    op.create_table(
        "fill",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("fill_id", sa.String(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("venue", sa.String(), nullable=False),
        sa.Column("account", sa.String(), nullable=False),
        sa.Column("symbol", sa.String(), nullable=False),
        sa.Column("venue_trade_id", sa.String(), nullable=False),
        sa.Column("side", sa.String(), nullable=False),
        sa.Column("price", types.ExactDecimal(), nullable=False),
        sa.Column("quantity", types.ExactDecimal(), nullable=False),
        sa.Column("fee", types.ExactDecimal(), nullable=False),
        sa.Column("fee_currency", sa.String(), nullable=False),
        sa.Column("liquidity", sa.String(), nullable=False),
        sa.Column("venue_at", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("source", sa.String(), nullable=False),
        sa.ForeignKeyConstraint(
            ["book", "order_id"],
            ["order_intent.book", "order_intent.order_id"],
        ),
        sa.PrimaryKeyConstraint("book", "fill_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("fill_of_order", "fill", ["order_id", "book"], unique=False)
    op.create_table(
        "order_event",
        sa.Column("book", sa.String(), nullable=False),
        sa.Column("order_id", sa.String(), nullable=False),
        sa.Column("ordinal", sa.BigInteger(), nullable=False),
        sa.Column("written", sa.BigInteger(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("at", sa.BigInteger(), nullable=False),
        sa.Column("submitted_at", sa.BigInteger(), nullable=True),
        sa.Column("venue_at", sa.BigInteger(), nullable=True),
        sa.Column("exchange_order_id", sa.String(), nullable=True),
        sa.Column("rejection_reason", sa.String(), nullable=True),
        sa.Column("evidence", sa.String(), nullable=True),
        sa.Column("quantity", types.ExactDecimal(), nullable=True),
        sa.Column("price", types.ExactDecimal(), nullable=True),
        sa.ForeignKeyConstraint(
            ["book", "order_id"],
            ["order_intent.book", "order_intent.order_id"],
        ),
        sa.PrimaryKeyConstraint("book", "order_id", "ordinal"),
        sqlite_with_rowid=False,
    )
    op.create_index(
        "order_event_of_venue",
        "order_event",
        ["exchange_order_id", "book"],
        unique=False,
        sqlite_where=sa.text("exchange_order_id IS NOT NULL"),
        postgresql_where=sa.text("exchange_order_id IS NOT NULL"),
    )

    forbid_changes(KEPT, "book", "discarding_book")
    forbid_discarding_lasting("book", "book", "discarding_book")
    forbid_forgetting_lasting("book", "book", "discarding_book")
    declare_statistics(STATISTICS)
