"""
A million people for the search: names, handles, addresses and telephone numbers as skewed as real ones.

Every seventh is called by the most common first name, nearly half have their address at the same provider, and a
fifth are known by a handle alone. Everything random is a hash of the row's number: the same rows every time.
"""

from typing import Any

from django.db import connection, transaction

FIRST_NAMES = (
    "Anna Maria Peter Thomas Michael Laura Julia Sarah David Daniel Sofia Emma Lukas Jonas Elena Paul Mark Andrea Nina "
    "Simon Martin Clara Eva Jan Sven Ingrid Olga Pavel Ahmed Fatima Yusuf Leila Hassan Mei Wei Hiroshi Yuki Priya "
    "Arjun Ravi Chloé José Inés Zoë Søren Łukasz Márta Björn Ferenc Quentin Ximena Tadeusz Birgit Xaver Ulrike Wolfgang"
).split()
LAST_NAMES = (
    "Smith Müller Garcia Jensen Johnson Schmidt Rossi Nielsen Brown Schneider Martinez Hansen Jones Fischer Lopez "
    "Pedersen Miller Weber Gonzalez Andersen Davis Meyer Rodriguez Christensen Wilson Wagner Fernandez Larsen Taylor "
    "Becker Perez Sørensen Moore Schulz Sanchez Rasmussen Clark Hoffmann Ramirez Petersen"
).split()
DOMAINS = "gmail.com outlook.com yahoo.com hotmail.com icloud.com web.de example.org mail.example.net".split()
RARE_NAME, RARE_EMAIL, RARE_PHONE = "Quirin Zwetschgenbaum", "quirin.z@posteo.example", "+44 20 7946 0958"

_UNIT = "((hashint8extended(n, {salt}) & 9007199254740991)::float8 / 9007199254740992)"


def _one_of(name: str, *, salt: int, power: float = 2) -> str:
    """One of a list: the higher the power of an even number, the more often the first."""
    unit = _UNIT.format(salt=salt)
    return f"(%({name})s::text[])[1 + floor(power({unit}, {power}) * cardinality(%({name})s::text[]))::int]"


_PEOPLE = f"""
    CREATE TEMP TABLE drawn ON COMMIT DROP AS
    SELECT n, first, last,
           CASE WHEN {_UNIT.format(salt=23)} < 0.8 THEN first || ' ' || last ELSE '' END AS full_name,
           CASE WHEN {_UNIT.format(salt=24)} < 0.6 OR {_UNIT.format(salt=23)} >= 0.8
                THEN lower(left(first, 4)) || lower(left(last, 3)) || n %% 1000 ELSE '' END AS known_as,
           CASE WHEN {_UNIT.format(salt=25)} < 0.9
                THEN lower(first) || '.' || lower(last) || n || '@' || domain END AS email,
           CASE WHEN {_UNIT.format(salt=26)} < 0.4
                THEN '+44 ' || (20 + n %% 70) || ' ' || lpad((n * 7919 %% 10000)::text, 4, '0')
                     || ' ' || lpad((n * 104729 %% 10000)::text, 4, '0') END AS phone
    FROM (
        SELECT n, {_one_of("first", salt=20)} AS first,
               CASE WHEN {_UNIT.format(salt=27)} < 0.7 THEN {_one_of("last", salt=21)}
                    ELSE initcap(translate(substr(md5(n::text), 1, 5 + (n %% 4)::int), '0123456789', 'aeioulnrst'))
               END AS last,
               {_one_of("domains", salt=22, power=2.5)} AS domain
        FROM generate_series(1::bigint, %(people)s - 1) n
    ) named
    UNION ALL
    SELECT %(people)s, '', '', %(rare_name)s, '', %(rare_email)s, %(rare_phone)s
"""
_STATEMENTS = [
    """
    INSERT INTO crm_contact (id, person_id, full_name, known_as, search_text, stage)
    SELECT n, n, full_name, known_as,
           kith_fold(concat_ws(
               E'\\n', NULLIF(full_name, ''), NULLIF(known_as, ''), email, phone, replace(phone, ' ', '')
           )),
           CASE WHEN full_name = '' THEN 'audience' ELSE 'lead' END
    FROM drawn
    """,
    """
    INSERT INTO crm_contactpoint (contact_id, kind, raw, normalised)
    SELECT n, 'email', email, lower(email) FROM drawn WHERE email IS NOT NULL
    UNION ALL
    SELECT n, 'phone', phone, replace(phone, ' ', '') FROM drawn WHERE phone IS NOT NULL
    """,
]


_INDEX = "crm_contact_search"  # made anew afterwards, which is ten times quicker than row by row


def load(people: int) -> None:
    """Replace all contacts by so many people, with fresh statistics, unless they are there. A minute for a million."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT full_name = %s FROM crm_contact ORDER BY id DESC LIMIT 1", [RARE_NAME])
        newest = cursor.fetchone()
        cursor.execute("SELECT count(*) FROM crm_contact")
        if newest == (True,) and cursor.fetchone() == (people,):
            return
    parameters: dict[str, Any] = {
        "people": people, "first": list(FIRST_NAMES), "last": list(LAST_NAMES), "domains": list(DOMAINS),
        "rare_name": RARE_NAME, "rare_email": RARE_EMAIL, "rare_phone": RARE_PHONE,
    }  # fmt: skip
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute("TRUNCATE crm_contact RESTART IDENTITY CASCADE")
        cursor.execute("SELECT pg_get_indexdef(%s::regclass)", [_INDEX])
        (definition,) = cursor.fetchone()
        cursor.execute(f"DROP INDEX {_INDEX}")
        cursor.execute("SET LOCAL session_replication_role = replica")
        cursor.execute("SET LOCAL maintenance_work_mem = '512MB'")
        cursor.execute(_PEOPLE, parameters)
        for statement in _STATEMENTS:
            cursor.execute(statement)
        cursor.execute(definition)
        cursor.execute("SELECT setval(pg_get_serial_sequence('crm_contact', 'id'), %s)", [people])
    with connection.cursor() as cursor:
        cursor.execute("VACUUM ANALYZE crm_contact, crm_contactpoint")
