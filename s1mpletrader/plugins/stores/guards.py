"""Triggers that keep what is written: used by migrations, and therefore never changed once released."""

from collections.abc import Sequence

from alembic import op


def forbid_changes(tables: Sequence[str], key: str, discarding: str) -> None:
    """Refuse every UPDATE of the tables, and every DELETE but of rows whose key is being discarded."""
    if op.get_context().dialect.name == "sqlite":
        for table in tables:
            _sqlite_guard(table, "UPDATE", "1")
            _sqlite_guard(table, "DELETE", f"NOT EXISTS (SELECT 1 FROM {discarding} WHERE {key} = OLD.{key})")  # noqa: S608
        return
    op.execute(
        f"""
        CREATE FUNCTION {discarding}_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF TG_OP = 'DELETE' THEN
                IF EXISTS (SELECT 1 FROM {discarding} WHERE {key} = OLD.{key}) THEN
                    RETURN OLD;
                END IF;
            END IF;
            RAISE EXCEPTION '% of % is refused: it is append-only', TG_OP, TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
        END $$
        """  # noqa: S608
    )
    for table in tables:
        op.execute(
            f"CREATE TRIGGER {table}_kept BEFORE UPDATE OR DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {discarding}_guard()"
        )
        op.execute(
            f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {discarding}_guard()"
        )


def forbid_discarding_lasting(table: str, key: str, discarding: str) -> None:
    """Refuse to discard what real orders depend on."""
    lasting = f"EXISTS (SELECT 1 FROM {table} WHERE {key} = NEW.{key} AND lasting)"  # noqa: S608
    if op.get_context().dialect.name == "sqlite":
        op.execute(
            f"CREATE TRIGGER {discarding}_lasting BEFORE INSERT ON {discarding} WHEN {lasting} "
            f"BEGIN SELECT RAISE(ABORT, 'real orders depend on this {key}: it is never discarded'); END"
        )
        return
    op.execute(
        f"""
        CREATE FUNCTION {discarding}_lasting_guard() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            IF {lasting} THEN
                RAISE EXCEPTION 'real orders depend on this {key}: it is never discarded' USING ERRCODE = 'restrict_violation';
            END IF;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        f"CREATE TRIGGER {discarding}_lasting BEFORE INSERT ON {discarding} "
        f"FOR EACH ROW EXECUTE FUNCTION {discarding}_lasting_guard()"
    )


def forbid_forgetting_lasting(table: str, key: str, discarding: str) -> None:
    """Refuse to rename, shorten or lower the standing of what the table lists, and to delete it but while it is discarded."""
    counted = " OR NEW.written < OLD.written" if table == "book" else ""
    lowered = f"NEW.{key} <> OLD.{key} OR (OLD.lasting AND NOT NEW.lasting){counted}"
    if op.get_context().dialect.name == "sqlite":
        _sqlite_guard(table, "UPDATE", lowered)
        _sqlite_guard(table, "DELETE", f"NOT EXISTS (SELECT 1 FROM {discarding} WHERE {key} = OLD.{key})")  # noqa: S608
        return
    op.execute(
        f"CREATE TRIGGER {table}_raised BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({lowered}) "
        f"EXECUTE FUNCTION {discarding}_guard()"
    )
    op.execute(f"CREATE TRIGGER {table}_kept BEFORE DELETE ON {table} FOR EACH ROW EXECUTE FUNCTION {discarding}_guard()")
    op.execute(
        f"CREATE TRIGGER {table}_whole BEFORE TRUNCATE ON {table} FOR EACH STATEMENT EXECUTE FUNCTION {discarding}_guard()"
    )


def _sqlite_guard(table: str, verb: str, condition: str) -> None:
    op.execute(
        f"CREATE TRIGGER {table}_no_{verb.lower()} BEFORE {verb} ON {table} WHEN {condition} "
        f"BEGIN SELECT RAISE(ABORT, '{verb} of {table} is refused: it is append-only'); END"
    )
