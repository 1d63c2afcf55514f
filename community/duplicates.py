"""What accounts say about two contacts being one person: one handle in two places, or a name for a handle."""

from crm.duplicates.evidence import Evidence
from crm.duplicates.sources import FORWARD, MOST_SHARING, DuplicateSource

EVIDENCE = (
    Evidence("handle", 60, "same handle on two channels"),
    Evidence("similar_handle", 50, "same handle but for dots and digits"),
    Evidence("handle_and_name", 50, "a handle that reads like the other's name"),
    Evidence("same_channel", -50, "but both have an account on one channel"),
)
SHORTEST = 5  # letters; "joe" says nothing

# As the index on members has it: joe.bloggs, joe_bloggs88 and "joe bloggs" are the same.
FOLDED = """(btrim(translate(lower({}.handle), '._-0123456789', '   ')) COLLATE "C")"""

HANDLES = DuplicateSource(
    key="handles",
    pairs=f"""
        SELECT contact_id, other_id, key, 1.0
        FROM (
            SELECT
                mine.contact_id, theirs.contact_id AS other_id,
                CASE WHEN lower(theirs.handle) = lower(mine.handle) THEN 'handle' ELSE 'similar_handle' END AS key,
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
        WHERE sharing < {MOST_SHARING}
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
