"""What SQLite's planner is told about the tables: used by migrations, and therefore never changed once released.

Without it the planner takes ten rows for every book, and reads a whole book where an index would lead to one order.
"""

from collections.abc import Mapping
from typing import Final

import sqlalchemy as sa
from alembic import op

_STATISTICS: Final = sa.table("sqlite_stat1", sa.column("tbl"), sa.column("idx"), sa.column("stat"))


def declare_statistics(indexes: Mapping[tuple[str, str], str]) -> None:
    """For each (table, index): its rows, then how many of them share the first column's value, the first two columns', and so on.

    The tables of the index are new, and have no statistics yet; those of other tables stay.
    """
    if op.get_context().dialect.name != "sqlite":
        return
    for table in dict.fromkeys(table for table, _ in indexes):
        op.execute(f"ANALYZE {table}")
    op.bulk_insert(_STATISTICS, [{"tbl": table, "idx": index, "stat": stat} for (table, index), stat in indexes.items()])
