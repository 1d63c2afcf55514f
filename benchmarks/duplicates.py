"""
The search for duplicates over people made for it: what it takes, what it finds, and what it suggests for nothing.

Names are skewed as names are: the commonest first name is borne by one in eight, thousands share *Anna Müller*.
Half of the handles are nicknames, half are made of the name, with a number where somebody was quicker; on two channels.
Of each way to be here twice there are pairs for 2 % of all people; which those are is known, since they were made.
"""

import resource
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime

from django.db import connection, transaction

from benchmarks.facts import TABLES, unit
from benchmarks.measuring import Measurement, execute
from crm.duplicates.search import search_changed, start_search
from crm.models import ChangedIdentity
from jobs.models import Job

NOW = datetime(2026, 1, 1, tzinfo=UTC)
NAMESAKES = 3_000  # at 500,000 people: one name for so many
CHANGED = 1_000


@dataclass(frozen=True)
class Twice:
    """A way to be here twice: what the second record `s` has in common with the original `o`, column by column."""

    key: str
    name: str = "'Somebody ' || initcap(substr(md5(s.n::text), 1, 9))"
    email: str = "'twice' || s.n || '@example.org'"
    phone: str = "NULL"
    ref: str = "'crm-' || s.n"
    handle: str = "NULL"
    is_verified: bool = False


# In the handle of the original, which has eight letters or more; never in the digits at its end.
_LETTERS = "rtrim(o.handle, '0123456789')"
_PLACE = f"2 + (o.n %% (length({_LETTERS}) - 3))::int"
_THERE = f"substr(o.handle, {_PLACE}, 1)"

TWICE = (
    Twice("verified e-mail", email="o.email", is_verified=True),
    Twice("e-mail", email="o.email"),
    Twice("phone", phone="o.phone"),
    Twice("id in two systems", ref="o.ref"),
    Twice("name with a letter missing, same company",
          name="overlay(o.name placing '' from 2 + (o.n %% (length(o.name) - 2))::int for 1)"),
    Twice("handle on two channels", handle="o.handle"),
    Twice("name, and a handle like it", name="''", handle="replace(lower(o.name), ' ', '.')"),
    Twice("handle with a letter missing", handle=f"overlay(o.handle placing '' from {_PLACE} for 1)"),
    Twice("handle with a letter doubled", handle=f"overlay(o.handle placing repeat({_THERE}, 2) from {_PLACE} for 1)"),
    Twice("handle with another letter",
          handle=f"overlay(o.handle placing CASE {_THERE} WHEN 'y' THEN 'w' ELSE 'y' END from {_PLACE} for 1)"),
    Twice("handle with two letters swapped",
          handle=f"overlay(o.handle placing reverse(substr(o.handle, {_PLACE}, 2)) from {_PLACE} for 2)"),
)  # fmt: skip
APART = 3  # ids between originals of two sorts

_SYLLABLES = (
    "ARRAY['an','be','ca','da','el','fi','ga','ha','in','jo','ka','la','ma','no','ol','pe','ra','sa','to','vi']",
    "ARRAY['na','ra','ri','lo','mir','dis','ne','ko','len','sa']",
    "ARRAY['mül','schmi','han','jen','lar','pet','and','niel','ber','kow','row','ste','van','dub','ros','kel',"
    "'mur','tay','gar','fer']",
    "ARRAY['der','ger','mann','sen','son','ski','ley','ton','mer','ling','haus','feld','berg','stein','wald',"
    "'gaard','holm','quist','court','neau']",
    "ARRAY['a','e','i','o','u','ar','er','ir','or','ur','en','in','on','un','as','es','is','os','us','al','el','il',"
    "'ol','ul','em','im','om','um','at','et','it','ot','ut','ak','ek','ik','ok','uk','ad','ed','id','od','ud','av',"
    "'ev','iv','ov','uv','az','ez']",
)
_TABLES = [*TABLES, "crm_company", "crm_changedidentity", "crm_duplicatesuggestion"]


def _syllable(number: int, place: str) -> str:
    return f"({_SYLLABLES[number]})[1 + {place}]"


def _load(people: int) -> None:
    """Replace all facts by `people` records, a part of them the second ones of somebody else. Triggers rest."""
    each = people // 50
    originals = people - each * len(TWICE)
    first, last = f"floor(200 * power({unit(1)}, 2.5))::int", f"floor(20000 * power({unit(2)}, 3))::int"
    first_name = f"{_syllable(0, 'first %% 20')} || {_syllable(1, 'first / 20')}"
    last_name = f"{_syllable(2, 'last %% 20')} || {_syllable(4, 'last / 20 %% 50')} || {_syllable(3, 'last / 1000')}"
    made = f"""
        SELECT n, CASE WHEN n <= %(namesakes)s THEN 'Anna Müller'
                       ELSE initcap({first_name} || ' ' || {last_name}) END AS name,
            'person' || n || '@example.com' AS email, '+4420' || (70000000 + n) AS phone, 'shop-' || n AS ref,
            1 + n %% 20000 AS company, false AS is_verified
        FROM (SELECT n, {first} AS first, {last} AS last FROM generate_series(1, %(originals)s) n) drawn
    """
    known_as = """
        CASE WHEN n %% 2 = 0 THEN replace(lower(name), ' ', '_')
                 || coalesce(nullif(row_number() OVER (PARTITION BY name, n %% 2 ORDER BY n), 1)::text, '')
             ELSE translate(left(md5(n::text), 10), '0123456789', 'klmnoprstu') END
    """
    # Spread over everybody with a name of their own, so that of the commonest names each sort has its share.
    seconds = " UNION ALL ".join(
        f"""
        SELECT s.n, o.n AS original, '{twice.key}' AS sort, {twice.name} AS name, {twice.email} AS email,
            {twice.phone} AS phone, {twice.ref} AS ref, {twice.handle} AS handle, o.company,
            {twice.is_verified} AS is_verified
        FROM (SELECT k, %(originals)s + {number * each} + k AS n FROM generate_series(1, {each}) k) s
        JOIN person o ON o.n = %(namesakes)s + (s.k - 1) * %(stride)s + 1 + {number * APART}
        """
        for number, twice in enumerate(TWICE)
    )
    namesakes = min(NAMESAKES, originals // 100)
    # Odd, so that of both sorts of handles each has its share.
    parameters = {"originals": originals, "namesakes": namesakes, "stride": ((originals - namesakes) // each - 1) | 1}
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(f"TRUNCATE {', '.join(_TABLES)} RESTART IDENTITY CASCADE")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("INSERT INTO community_community (id, slug, name) VALUES (1, 'bench', 'Bench')")
        cursor.execute(
            "INSERT INTO community_channel (id, slug, name, platform, community_id)"
            " SELECT n, 'channel-' || n, 'Channel ' || n, 'discourse', 1 FROM generate_series(1, 3) n"
        )
        cursor.execute("INSERT INTO crm_company (id, name) SELECT n, 'Company ' || n FROM generate_series(1, 20000) n")
        cursor.execute(
            f"CREATE TEMP TABLE person ON COMMIT DROP AS SELECT *, {known_as} AS handle FROM ({made}) made", parameters
        )
        cursor.execute("CREATE UNIQUE INDEX ON person (n)")
        cursor.execute("DROP TABLE IF EXISTS bench_twice")
        cursor.execute(f"CREATE TABLE bench_twice AS {seconds}", parameters)
        cursor.execute(
            """
            CREATE TEMP TABLE everybody ON COMMIT DROP AS
            SELECT n, name, email, phone, ref, handle, company, is_verified, 1 + n / 2 % 2 AS channel, 'shop' AS source
            FROM person
            UNION ALL
            SELECT n, name, email, phone, ref, handle, company, is_verified, 3, 'crm' FROM bench_twice
            """
        )
        cursor.execute(
            "UPDATE everybody SET is_verified = true"
            " WHERE n IN (SELECT original FROM bench_twice WHERE sort = 'verified e-mail')"
        )
        for statement in (
            "INSERT INTO crm_contact (id, person_id, full_name, search_text, stage, company_id)"
            " SELECT n, n, name, kith_fold(name) || E'\\n' || email, 'lead', company FROM everybody",
            "INSERT INTO crm_contactpoint (contact_id, kind, raw, normalised, verified_at, verified_by)"
            " SELECT n, 'email', email, email, CASE WHEN is_verified THEN now() END,"
            " CASE WHEN is_verified THEN 'shop' ELSE '' END FROM everybody",
            "INSERT INTO crm_contactpoint (contact_id, kind, raw, normalised)"
            " SELECT n, 'phone', phone, phone FROM everybody WHERE phone IS NOT NULL",
            "INSERT INTO crm_contactref (source, external_id, contact_id) SELECT source, ref, n FROM everybody",
            "INSERT INTO community_member (channel_id, external_id, handle, contact_id)"
            " SELECT channel, 'u' || n, handle, n FROM everybody WHERE handle IS NOT NULL",
        ):
            cursor.execute(statement)
        for table in TABLES:
            cursor.execute(
                f"SELECT setval(pg_get_serial_sequence('{table}', 'id'), (SELECT coalesce(max(id), 1) FROM {table}))"
            )
    execute(f"VACUUM ANALYZE {', '.join(_TABLES)}")


def measure(people: int) -> Iterator[Measurement]:
    """Yield the search of everybody, what it found of each sort, and the search of what changed afterwards."""
    _load(people)
    begun = time.perf_counter()
    job = start_search(now=NOW)
    noted = time.perf_counter() - begun
    search_changed(now=NOW)
    seconds = time.perf_counter() - begun
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    job.refresh_from_db()
    assert job.state == Job.State.SUCCEEDED
    yield Measurement(
        operation="search of everybody for duplicates", product=seconds, amount=people, unit="contacts",
        remark=f"{noted:.1f} s to note them all; at most {memory:.0f} MB; {_in_words(_found())}",
    )  # fmt: skip
    execute(
        f"UPDATE crm_contact SET full_name = full_name || ' II' WHERE id IN (SELECT 1 + n * {people // CHANGED - 1}"
        f" FROM generate_series(0, {CHANGED - 1}) n)"
    )
    waiting = ChangedIdentity.objects.count()
    begun = time.perf_counter()
    search_changed(now=NOW)
    yield Measurement(
        operation="search of what changed", product=time.perf_counter() - begun, amount=waiting, unit="contacts"
    )


def _found() -> list[tuple[str, int, int]]:
    """Return each sort of pairs: how many there are, how many were suggested. Then what is no pair, by its reasons."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT t.sort, count(*), count(s.id)
            FROM bench_twice t
            LEFT JOIN crm_duplicatesuggestion s ON (s.first_id, s.second_id) = (t.original, t.n)
            GROUP BY t.sort
            UNION ALL
            SELECT 'two people, for ' || (SELECT string_agg(r ->> 'key', ' + ' ORDER BY r ->> 'key')
                                          FROM jsonb_array_elements(s.reasons) r), 0, count(*)
            FROM crm_duplicatesuggestion s
            LEFT JOIN bench_twice t ON (s.first_id, s.second_id) = (t.original, t.n)
            WHERE t.n IS NULL
            GROUP BY 1
            ORDER BY 2 DESC, 1
            """
        )
        return cursor.fetchall()


def _in_words(found: list[tuple[str, int, int]]) -> str:
    return "; ".join(
        f"{sort}: {suggested / pairs:.1%}" if pairs else f"{sort}: {suggested:,}" for sort, pairs, suggested in found
    )
