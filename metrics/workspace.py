"""
The temporary tables that a recompute works in, and how its statements run on them.

There is one set of tables (`workspace.sql`) and one text of every statement, and two ways to run it:

- A few conversions, which is what a change of the day makes stale: the tables stay with the database
  session and are emptied by each commit, so no claim writes to the catalog; the statements are prepared
  once per session, since planning them takes longer than running them. The tables are never analyzed
  then, and rows are looked up by index whatever the planner expects of them.
- Many conversions: the statements are planned for them, with the tables analyzed as they fill. Tables that
  were analyzed are dropped in the end, and what is known of them with them.
"""

import hashlib
import re
from collections.abc import Mapping
from functools import cache, lru_cache
from typing import Any

from django.db import connection
from django.db.backends.utils import CursorWrapper

from metrics.attribution.statements import figure_parameters, statement

TABLES = re.findall(r"^CREATE TEMP TABLE (\w+)", statement("workspace"), re.MULTILINE)

# What few rows are looked up by: an index, even where the planner, who was not told how few, would read whole tables.
# Not knowing, it would also make room for millions of rows to tell apart, 64 MB each time, where there are none.
# Steps that only follow keys do without hash joins too; the others compare temporary tables with each other.
_FEW = "SET LOCAL enable_seqscan = off; SET LOCAL enable_mergejoin = off; SET LOCAL enable_hashagg = off"
_KEYS_ONLY = {"stale_of_marks", "stale_costs", "closure", "blocks", "owners", "touches", "unmark"}
# Many rows: what is in memory costs by the row and not by the page, a row by index several times one read in passing.
_MANY = {
    "touches": "SET LOCAL enable_mergejoin = off; SET LOCAL cpu_index_tuple_cost = 0.2",
    "credits": "SET LOCAL enable_mergejoin = off",
}
# These join tables that this very recompute fills. Autovacuum may have analyzed one while all its rows were uncommitted
# yet: the planner then expects a single row, and reading all there is again and again would never end.
_MANY |= dict.fromkeys(["closure", "owners"], "SET LOCAL enable_material = off")
_MANY |= {"add": "SET LOCAL enable_nestloop = off"}
_AS_BEFORE = "; ".join(
    f"RESET {name}"
    for name in (
        "enable_seqscan",
        "enable_mergejoin",
        "enable_hashjoin",
        "enable_hashagg",
        "enable_nestloop",
        "enable_material",
        "cpu_index_tuple_cost",
    )
)


class Workspace:
    """
    The tables of one transaction, which the caller has begun: they are empty at first. See the module.

    `has_statistics` says that tables were analyzed: from then on there are many rows, whatever is found later.
    With `gathers`, statements that nobody waits for an answer of (`then`) are sent with the next one that somebody
    does: the same statements, in the same order, in a third of the calls to the database.
    """

    def __init__(self, cursor: CursorWrapper, *, gathers: bool = False) -> None:
        self.cursor = cursor
        self._gathers = gathers
        self._gathered: list[str] = []
        self.has_statistics = False
        self._is_large = False
        self._figures = _hashable(figure_parameters())
        self._last_of(
            f"""
            {_FEW};
            SELECT to_regclass('pg_temp.{TABLES[-1]}') IS NOT NULL,
                array(SELECT name FROM pg_prepared_statements WHERE name LIKE 'kith\\_%')
            """
        )
        is_made, prepared = cursor.fetchone()
        self._prepared = set(prepared)
        if not is_made:
            self._gather(statement("workspace"))
        elif len(connection.savepoint_ids) > 0:
            # Within a transaction of the caller's own, what an earlier recompute left is still there.
            self._gather("; ".join(f"DELETE FROM {table}" for table in TABLES))

    def expect_many(self, *filled: str) -> None:
        """From here on, plan each statement by statistics: of the tables `filled` so far and of those to come."""
        self._is_large = True
        self._gather(_AS_BEFORE)
        if filled:
            self._gather(f"ANALYZE {', '.join(filled)}")
            self.has_statistics = True

    def expect_few(self) -> None:
        """From here on, look rows up by index and prepare statements, as at first. Not once there are statistics."""
        if self._is_large:
            self._is_large = False
            self._gather(_FEW)

    def run(self, step: str, **parameters: Any) -> CursorWrapper:
        """Run the statements of the SQL file `step`; return the cursor, which holds the rows of the last one."""
        return self.run_sql(step, statement(step), **parameters)

    def run_sql(self, step: str, sql: str, **parameters: Any) -> CursorWrapper:
        """Run the statements of `sql`, known as `step`; return the cursor, which holds the rows of the last one."""
        text = self._text(sql, parameters)
        if not self._is_large:
            text = self._few(step, text)
        elif step in _MANY:
            self._gather(_MANY[step])
        self._last_of(text)
        if self._is_large and step in _MANY:
            if self._gathers:
                self._gather(_AS_BEFORE)
            else:
                # In a call of its own: this one's result is what the caller reads.
                with connection.cursor() as other:
                    other.execute(_AS_BEFORE)
        return self.cursor

    def then(self, step: str, **parameters: Any) -> None:
        """Run the statements of the SQL file `step`, whose result nobody reads."""
        self.then_sql(step, statement(step), **parameters)

    def then_sql(self, step: str, sql: str, **parameters: Any) -> None:
        """Run the statements of `sql`, known as `step`, whose result nobody reads."""
        if not self._gathers:
            self.run_sql(step, sql, **parameters)
        elif not self._is_large:
            self._gather(self._few(step, self._text(sql, parameters)))
        elif step in _MANY:
            self._gather(f"{_MANY[step]};\n{self._text(sql, parameters)};\n{_AS_BEFORE}")
        else:
            self._gather(self._text(sql, parameters))

    def then_once(self, sql: str, **parameters: Any) -> None:
        """Run a statement whose values are others each time, so that preparing it is of no use."""
        self._gather(self._text(sql, parameters))

    def close(self) -> None:
        """Leave the session as the next transaction expects it."""
        if self.has_statistics:
            self._gather(f"DROP TABLE {', '.join(TABLES)}")
        self._last_of(_AS_BEFORE)

    def _text(self, sql: str, parameters: Mapping[str, Any]) -> str:
        return _composed(sql, tuple(sorted((self._figures | _hashable(parameters)).items())))

    def _few(self, step: str, text: str) -> str:
        """Return what prepares the statements of `text` that are not yet prepared, and executes all of them."""
        named = _prepared_as(step, text)
        missing = [(name, part) for name, part in named if name not in self._prepared]
        prepares = [f"PREPARE {name} AS {part}" for name, part in missing]
        self._prepared |= {name for name, _ in missing}
        joins = f"SET LOCAL enable_hashjoin = {'off' if step in _KEYS_ONLY else 'on'}"
        return ";\n".join([joins, *prepares, *(f"EXECUTE {name}" for name, _ in named)])

    def _gather(self, text: str) -> None:
        """Send statements with the next that are sent, or at once."""
        if self._gathers:
            self._gathered.append(text)
        else:
            self._last_of(text)

    def _last_of(self, text: str) -> None:
        """Send statements in one go, those gathered before first, and move the cursor to the last one's result."""
        whole = ";\n".join([*self._gathered, text])
        self._gathered.clear()
        # The text is complete; a wrapper that notes who writes may add values of its own all the same.
        self.cursor.execute(whole.replace("%", "%%"), ())
        while self.cursor.nextset():
            pass


def _hashable(parameters: Mapping[str, Any]) -> dict[str, Any]:
    return {name: tuple(value) if isinstance(value, list) else value for name, value in parameters.items()}


@lru_cache(maxsize=256)
def _composed(sql: str, parameters: tuple[tuple[str, Any], ...]) -> str:
    """Return the text of `sql` with these values in it; most claims run the very same statements."""
    values = {name: list(value) if isinstance(value, tuple) else value for name, value in parameters}
    return str(connection.ops.compose_sql(sql, values))  # type: ignore[attr-defined]  # PostgreSQL's operations have it


@cache
def _prepared_as(step: str, text: str) -> list[tuple[str, str]]:
    """
    Return the statements of `text` but ANALYZE, each with the name to prepare it under.

    The name follows from the text, settings included: another setting is another statement.
    """
    parts = [part for part in _parts(text) if not part.startswith("ANALYZE")]
    return [(f"kith_{step}_{hashlib.sha256(part.encode()).hexdigest()[:12]}", part) for part in parts]


def _parts(text: str) -> list[str]:
    """Cut a file into its statements: each ends with a semicolon at the end of a line. Comments are left out."""
    bare = re.sub(r"^\s*--.*\n", "", text, flags=re.MULTILINE)
    return [part.strip() for part in re.split(r";\s*(?:\n|$)", bare) if part.strip()]
