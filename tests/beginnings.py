"""What a database holds before anything was done in it, put back after a test that commits."""

from django.db import connection, transaction
from psycopg import sql


class Beginnings:
    """
    The rows that migrations and their signals brought, as they are when this is made.

    A test that commits is followed by a flush, which empties every table. Django then finds out anew which permissions
    there are, and Kith which roles: a third of a second, for a thousand rows that are copied back in a twentieth.
    """

    def __init__(self) -> None:
        with connection.cursor() as cursor:
            names = [name for name in connection.introspection.django_table_names() if _has_rows(cursor, name)]
            self._rows = {name: _copied_from(cursor, name) for name in names}
            self._counted = [
                (sequence["name"], _greatest(cursor, name, sequence["column"]))
                for name in names
                for sequence in connection.introspection.get_sequences(cursor, name)
            ]

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
