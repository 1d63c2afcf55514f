"""
What accounts say about two contacts being one person: one handle in two places, or a name for a handle.

A handle with one slip of the pen is looked for as names are: among its neighbors in the order from the front, and
in that from the back, never among all.
"""

from crm.duplicates.evidence import Evidence
from crm.duplicates.sources import FORWARD, MOST_SHARING, DuplicateSource

EVIDENCE = (
    Evidence("handle", 60, "same handle on two channels"),
    Evidence("similar_handle", 50, "same handle but for dots, digits and accents"),
    Evidence("handle_missing", 50, "a handle with a letter missing"),
    Evidence("handle_doubled", 50, "a handle with a letter doubled"),
    Evidence("handle_changed", 50, "a handle with another letter"),
    Evidence("handle_swapped", 50, "a handle with two letters swapped"),
    Evidence("handle_and_name", 50, "a handle that reads like the other's name"),
    Evidence("same_channel", -40, "but both have an account on one channel"),
)
SHORTEST = 5  # letters; "joe" says nothing
SHORTEST_WITH_A_SLIP = 8  # letters; "marie" and "maria" are two names
NEIGHBOURS = 3  # handles looked at in each direction of each order
MOST_SUGGESTED = 100  # pairs that a record is part of already and that are compared again

# As the index on members has it: joe.bloggs, joé_bloggs88 and "joe bloggs" are the same.
_FOLDED = "btrim(translate(kith_fold({}.handle), '._-0123456789', '   '))"
FOLDED, REVERSED = f'({_FOLDED} COLLATE "C")', f'(reverse({_FOLDED}) COLLATE "C")'

HANDLES = DuplicateSource(
    key="handles",
    pairs=f"""
        SELECT contact_id, other_id, 'handle', 1.0
        FROM (
            SELECT
                mine.contact_id, theirs.contact_id AS other_id, lower(theirs.handle) = lower(mine.handle) AS is_same,
                count(*) OVER (PARTITION BY mine.id) AS sharing
            FROM searched
            JOIN community_member mine ON mine.contact_id = searched.contact_id
            CROSS JOIN LATERAL (
                SELECT other.contact_id, other.handle
                FROM community_member other
                WHERE other.handle <> '' AND {FOLDED.format("other")} = {FOLDED.format("mine")}
                    AND other.channel_id <> mine.channel_id AND other.contact_id <> mine.contact_id
                LIMIT {MOST_SHARING}
            ) theirs
            WHERE length({FOLDED.format("mine")}) >= {SHORTEST}
        ) alike
        WHERE is_same AND sharing < {MOST_SHARING}
    """,
    about="""
        SELECT found_pair.first, found_pair.second, 'same_channel', 1.0
        FROM found_pair
        WHERE EXISTS (
            SELECT
            FROM crm_contact mine
            JOIN community_member my_account ON my_account.contact_id = mine.id
            JOIN crm_contact theirs ON theirs.person_id = found_pair.second
            JOIN community_member their_account
                ON their_account.contact_id = theirs.id AND their_account.channel_id = my_account.channel_id
            WHERE mine.person_id = found_pair.first
        )
    """,
)


def _next_to(folded: str) -> str:
    """Return a SELECT of the accounts next to a handle, from the front and from the back: one of them shows a slip."""
    return " UNION ALL ".join(
        f"""
        (SELECT other.contact_id, other.channel_id, other.handle FROM community_member other
         WHERE other.handle <> '' AND {order.format("other")} {comparison} {place}
         ORDER BY {order.format("other")} {direction}
         LIMIT {NEIGHBOURS})
        """
        for order, place in ((FOLDED, folded), (REVERSED, f'reverse({folded}) COLLATE "C"'))
        for comparison, direction in ((">=", "ASC"), ("<", "DESC"))
    )


def _of_suggested(mine: str, theirs: str) -> str:
    """Return a SELECT of the accounts of those who are suggested as an account's person already, as for names."""
    return f"""
        (SELECT other.contact_id, other.channel_id, other.handle
         FROM crm_contact record
         CROSS JOIN LATERAL (
             SELECT known.{theirs} AS contact_id FROM crm_duplicatesuggestion known
             WHERE known.{mine} = record.id AND known.state IS NOT DISTINCT FROM 'open'  -- not by the index on states
             LIMIT {MOST_SUGGESTED}
         ) known
         JOIN crm_contact partner ON partner.id = known.contact_id
         JOIN crm_contact each ON each.person_id = partner.person_id
         JOIN community_member other ON other.contact_id = each.id
         WHERE record.person_id = mine.person_id AND other.handle <> '')
    """


def _slip(other: str, folded: str) -> str:
    """
    Return a condition: whether a handle differs from `folded` by one slip.

    One of their halves is the same then, which costs less to know than what exactly the slip is.
    """
    return f"""(
        length({other}) BETWEEN greatest({SHORTEST_WITH_A_SLIP}, length({folded}) - 1) AND length({folded}) + 1
        AND (
            left({other}, length({folded}) / 2 - 1) = left({folded}, length({folded}) / 2 - 1)
            OR right({other}, length({folded}) / 2 - 1) = right({folded}, length({folded}) / 2 - 1)
        )
        AND kith_slip({other}, {folded}) IS NOT NULL
    )"""


def _who_may_be_meant(folded: str, channel: str) -> str:
    """Return a SELECT of how many people of a channel go by `folded`, slips included, as far as its neighbors show."""
    return f"""
        SELECT count(*) AS people
        FROM (
            SELECT owner.person_id
            FROM ({_next_to(folded)}) account
            CROSS JOIN LATERAL (SELECT {FOLDED.format("account")} AS folded OFFSET 0) theirs
            JOIN crm_contact owner ON owner.id = account.contact_id
            WHERE account.channel_id = {channel} AND (theirs.folded = {folded} OR {_slip("theirs.folded", folded)})
            GROUP BY owner.person_id
        ) who
    """


def _number(handle: str) -> str:
    return f"regexp_replace({handle}, '[^0-9]+', '', 'g')"


# Where both handles are made of their people's names, those speak for themselves: Dana and Dara Holm are two people.
# Whoever leaves out a letter may be anybody of that channel who is called like this, right or wrong: the points are
# shared among them, and it is the same whichever of the two changed. Two different numbers are two people.
SIMILAR_HANDLES = DuplicateSource(
    key="similar_handles",
    is_ordered=True,
    pairs=f"""
        WITH mine AS MATERIALIZED (
            SELECT member.contact_id, member.channel_id, member.handle, {FOLDED.format("member")} AS folded,
                contact.person_id
            FROM searched
            JOIN community_member member ON member.contact_id = searched.contact_id
            JOIN crm_contact contact ON contact.id = member.contact_id
            WHERE length({FOLDED.format("member")}) >= {SHORTEST}
        ), alike AS MATERIALIZED (
            SELECT mine.contact_id, mine.channel_id, mine.folded, lower(mine.handle) AS handle,
                other.contact_id AS other_id, other.channel_id AS other_channel_id, theirs.folded AS other_folded,
                lower(other.handle) AS other_handle
            FROM mine
            CROSS JOIN LATERAL (
                {_next_to("mine.folded")}
                UNION ALL {_of_suggested("first_id", "second_id")} UNION ALL {_of_suggested("second_id", "first_id")}
            ) other
            CROSS JOIN LATERAL (SELECT {FOLDED.format("other")} AS folded OFFSET 0) theirs
            WHERE other.channel_id <> mine.channel_id AND other.contact_id <> mine.contact_id
                AND (theirs.folded = mine.folded OR {_slip("theirs.folded", "mine.folded")})
        ), not_told_apart AS MATERIALIZED (
            SELECT alike.*
            FROM alike
            JOIN crm_contact mine ON mine.id = alike.contact_id
            JOIN crm_contact theirs ON theirs.id = alike.other_id
            WHERE handle <> other_handle
                AND (folded <> kith_fold(mine.full_name) OR other_folded <> kith_fold(theirs.full_name))
                AND ({_number("handle")} = {_number("other_handle")}
                    OR '' IN ({_number("handle")}, {_number("other_handle")}))
        )
        SELECT alike.contact_id, alike.other_id,
            CASE WHEN folded = other_folded THEN 'similar_handle' ELSE kith_slip(folded, other_folded) END,
            1.0 / greatest(there.people, here.people, 1)
        FROM not_told_apart alike
        CROSS JOIN LATERAL ({_who_may_be_meant("alike.folded", "alike.other_channel_id")}) there
        CROSS JOIN LATERAL ({_who_may_be_meant("alike.other_folded", "alike.channel_id")}) here
    """,
)

# Of three people called Maria Garcia each may be maria.garcia7, and of three such handles of one channel each may be
# hers: the points are shared among those who may be meant. On two channels one person has two accounts, so those do not
# share. Counted for each pair and not for who is searched: it is the same whichever of the two changed.
HANDLES_AND_NAMES = DuplicateSource(
    key="handles_and_names",
    pairs=f"""
        SELECT alike.contact_id, alike.other_id, 'handle_and_name', 1.0 / greatest(called.people, written.on_channel)
        FROM (
            SELECT mine.contact_id, namesake.id AS other_id, {FOLDED.format("mine")} AS name, mine.channel_id
            FROM searched
            JOIN community_member mine ON mine.contact_id = searched.contact_id
            CROSS JOIN LATERAL (
                SELECT other.id
                FROM crm_contact other
                WHERE other.full_name <> '' AND {FORWARD.format("other.full_name")} = {FOLDED.format("mine")}
                LIMIT {MOST_SHARING}
            ) namesake
            WHERE position(' ' IN {FOLDED.format("mine")}) > 0
            UNION ALL
            SELECT mine.id, theirs.contact_id, {FORWARD.format("mine.full_name")}, theirs.channel_id
            FROM searched
            JOIN crm_contact mine ON mine.id = searched.contact_id
            CROSS JOIN LATERAL (
                SELECT other.contact_id, other.channel_id
                FROM community_member other
                WHERE other.handle <> '' AND {FOLDED.format("other")} = {FORWARD.format("mine.full_name")}
                LIMIT {MOST_SHARING}
            ) theirs
            WHERE position(' ' IN mine.full_name) > 0
        ) alike
        CROSS JOIN LATERAL (
            SELECT count(*) AS contacts, count(DISTINCT person_id) AS people
            FROM (
                SELECT namesake.person_id FROM crm_contact namesake
                WHERE namesake.full_name <> '' AND {FORWARD.format("namesake.full_name")} = alike.name
                LIMIT {MOST_SHARING}
            ) namesakes
        ) called
        CROSS JOIN LATERAL (
            SELECT count(*) AS accounts, count(*) FILTER (WHERE channel_id = alike.channel_id) AS on_channel
            FROM (
                SELECT account.channel_id FROM community_member account
                WHERE account.handle <> '' AND {FOLDED.format("account")} = alike.name
                LIMIT {MOST_SHARING}
            ) accounts
        ) written
        WHERE called.contacts < {MOST_SHARING} AND written.accounts < {MOST_SHARING}
    """,
)
