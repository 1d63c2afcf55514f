"""What a database holds before anything was done in it, put back after a test that commits."""

from django.core.management.sql import sql_flush
from django.db import connection, transaction
from psycopg import sql

LARGE = 1_000_000  # bytes of a table that is made anew: deleted rows stay where they were


class Beginnings:
    """
    The rows that migrations and their signals brought, as they are when this is made.

    A test that commits is followed by a flush, which empties every table. Django then finds out anew which permissions
    there are, and Kith which roles: a third of a second, for a thousand rows that are copied back in a twentieth.
    """

    def __init__(self) -> None:
        self._tables = connection.introspection.django_table_names(only_existing=True)
        with connection.cursor() as cursor:
            names = [name for name in self._tables if _has_rows(cursor, name)]
            self._rows = {name: _copied_from(cursor, name) for name in names}
            self._counted = [
                (sequence["name"], _greatest(cursor, name, sequence["column"]))
                for name in names
                for sequence in connection.introspection.get_sequences(cursor, name)
            ]

    def sql_flush(self, style: object, connection: object, **options: bool) -> list[str]:
        """
        Return what empties the tables; to be called instead of Django's function of this name.

        To truncate all of them makes some five hundred files anew, which takes half a second. A test leaves rows in a
        few: these are deleted, without what triggers do and foreign keys forbid, since everything goes. Where there
        are many rows, or numbers count from 1 again, the tables are truncated.
        """
        names = None if options.get("reset_sequences", True) else self._with_few_rows()
        if names is None:
            return sql_flush(style, connection, **options)
        return [
            "SET LOCAL session_replication_role = replica",
            *(f'DELETE FROM "{name}"' for name in names),
            "SET LOCAL session_replication_role = origin",
        ]

    def _with_few_rows(self) -> list[str] | None:
        """Return the tables that have rows; None where one of them is large."""
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT name, pg_relation_size(quote_ident(name)) FROM unnest(%s::text[]) name", [self._tables]
            )
            sizes = dict(cursor.fetchall())
            if max(sizes.values()) > LARGE:
                return None
            used = [name for name, size in sizes.items() if size]
            return [name for name in used if _has_rows(cursor, name)]

    def put_back(self, *_: object, **__: object) -> None:
        """Put the rows into their empty tables, with the ids that they had; to be called instead of Django's signal."""
        with transaction.atomic(), connection.cursor() as cursor:
            # The rows alone: what triggers write about them is among the rows, or was not there either.
            cursor.execute("SET LOCAL session_replication_role = replica")
            for name, rows in self._rows.items():
                with cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.Identifier(name))) as copy:
                    copy.write(rows)
            for sequence, counted in self._counted:  # some flushes count from 1 again
                name = sql.Identifier(sequence)
                cursor.execute(
                    sql.SQL("SELECT setval(%s, greatest(%s, last_value)) FROM {}").format(name), [sequence, counted]
                )


def can_put_back() -> bool:
    """Tell whether the tests' role may write rows without their triggers, as that of Kith's own servers may."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT has_parameter_privilege('session_replication_role', 'SET')")
        return bool(cursor.fetchone()[0])


def _has_rows(cursor, name: str) -> bool:
    cursor.execute(sql.SQL("SELECT EXISTS (SELECT FROM {})").format(sql.Identifier(name)))
    return bool(cursor.fetchone()[0])


def _greatest(cursor, name: str, column: str) -> int:
    cursor.execute(sql.SQL("SELECT max({}) FROM {}").format(sql.Identifier(column), sql.Identifier(name)))
    return cursor.fetchone()[0]


def _copied_from(cursor, name: str) -> bytes:
    with cursor.copy(sql.SQL("COPY {} TO STDOUT").format(sql.Identifier(name))) as copy:
        return b"".join(bytes(part) for part in copy)
