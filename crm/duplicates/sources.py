"""
Where pairs come from: SQL over the contacts that are searched, each contact looked up by an index.

`pairs` gives rows (contact_id, other_id, key, weight): the kind of evidence and how much of its
points counts, 0 to 1. `about` gives rows (first, second, key, weight) on pairs of persons that were
found otherwise. The statements read the temporary tables `searched (contact_id)` and `found_pair (first, second)`.
Whatever many contacts share (an office's telephone number, a very common name) is no evidence: each
lookup stops after a few rows. Only where many have one mail address, which they verified or under one
name, each is paired with the oldest of them: a form may have made a contact of whatever it was sent.
Names are compared as `crm.folding` folds them, without accents.
"""

from dataclasses import dataclass

MOST_SHARING = 10  # contacts; an address or name that more of them have is told apart or left out
CROWD = 100  # contacts; a mail address that so many have is nobody's
MOST_COLLEAGUES = 200  # of one company; in a larger one only the names next to each other are compared
NEIGHBOURS = 6  # names looked at in each direction of each order
ALIKE_FROM = 0.6  # similarity of trigrams below which names are different names
ALIKE_BUT_FOR_A_LETTER = 0.87  # what names with a letter left out count at least: 50 of 58 points, enough alone
SHORTEST_ID = 8  # characters; shorter ids of two systems are often the same by counting


@dataclass(frozen=True)
class DuplicateSource:
    """
    A way to find pairs, or to know more about them.

    `is_ordered` says that `pairs` reads on from a place in the order of an index: it never has to sort. Where
    rows are counted by window, sorting a few is all there is, and walking a whole index in their order is slow.
    """

    key: str
    pairs: str = ""
    about: str = ""
    is_ordered: bool = False


ADDRESSES = DuplicateSource(
    key="addresses",
    pairs=f"""
        SELECT contact_id, other_id, key, 1.0
        FROM (
            SELECT
                mine.contact_id,
                theirs.contact_id AS other_id,
                CASE WHEN mine.verified_at IS NOT NULL AND theirs.verified_at IS NOT NULL THEN 'verified_' ELSE '' END
                    || mine.kind AS key,
                count(*) OVER (PARTITION BY mine.id) AS sharing
            FROM searched
            JOIN crm_contactpoint mine ON mine.contact_id = searched.contact_id
            CROSS JOIN LATERAL (
                SELECT other.contact_id, other.verified_at
                FROM crm_contactpoint other
                WHERE other.normalised = mine.normalised AND other.kind = mine.kind
                    AND other.contact_id <> mine.contact_id
                LIMIT {MOST_SHARING}
            ) theirs
        ) same_address
        WHERE sharing < {MOST_SHARING}
        UNION ALL
        SELECT
            mine.contact_id, oldest.contact_id,
            CASE WHEN mine.verified_at IS NOT NULL AND oldest.verified_at IS NOT NULL THEN 'verified_' ELSE '' END
                || mine.kind,
            1.0
        FROM searched
        JOIN crm_contactpoint mine ON mine.contact_id = searched.contact_id
        CROSS JOIN LATERAL (
            SELECT count(*) AS others FROM (
                SELECT FROM crm_contactpoint other
                WHERE other.normalised = mine.normalised AND other.kind = mine.kind
                    AND other.contact_id <> mine.contact_id
                LIMIT {CROWD}
            ) sharing
        ) shared
        CROSS JOIN LATERAL (
            SELECT other.contact_id, other.verified_at
            FROM crm_contactpoint other
            WHERE other.normalised = mine.normalised AND other.kind = mine.kind
                AND other.contact_id <> mine.contact_id
            ORDER BY other.contact_id
            LIMIT 1
        ) oldest
        JOIN crm_contact one ON one.id = mine.contact_id
        JOIN crm_contact first ON first.id = oldest.contact_id
        WHERE mine.kind = 'email' AND shared.others >= {MOST_SHARING} AND shared.others < {CROWD}
            AND (mine.verified_at IS NOT NULL AND oldest.verified_at IS NOT NULL
                OR one.full_name <> '' AND kith_fold(one.full_name) = kith_fold(first.full_name))
    """,
)

REFERENCES = DuplicateSource(
    key="references",
    pairs=f"""
        SELECT mine.contact_id, theirs.contact_id, 'external_id', 1.0
        FROM searched
        JOIN crm_contactref mine ON mine.contact_id = searched.contact_id
        CROSS JOIN LATERAL (
            SELECT other.contact_id
            FROM crm_contactref other
            WHERE other.external_id = mine.external_id AND other.source <> mine.source
                AND other.contact_id <> mine.contact_id
            LIMIT {MOST_SHARING}
        ) theirs
        WHERE length(mine.external_id) >= {SHORTEST_ID}
    """,
)


FORWARD, BACKWARD = 'kith_fold({}) COLLATE "C"', 'reverse(kith_fold({})) COLLATE "C"'


def _is_one_person(name: str) -> str:
    """Return a condition: whether all who are called like this, as far as anybody looks, are one person."""
    return f"""(
        SELECT min(namesake.person_id) = max(namesake.person_id)
        FROM (
            SELECT called.person_id FROM crm_contact called
            WHERE called.full_name <> '' AND {FORWARD.format("called.full_name")} = {name}
            LIMIT {MOST_SHARING} + 1
        ) namesake
    )"""


def _compared_by_name(near: str) -> str:
    """
    Return the pairs of a contact and one `near` it whose names are alike.

    `near` is a SELECT of (id, full_name, name), the name folded, for `mine`, whose folded name is `my.name`. A single
    word is a first name or a nickname, and only the same one says something, little. A letter left out is a slip where
    each spelling has one bearer: between two Margarets and a Margret nobody knows whose it is.
    """
    return f"""
        SELECT contact_id, other_id, key, CASE key
            WHEN 'similar_name' THEN likeness
            WHEN 'letter_in_name' THEN greatest(likeness, {ALIKE_BUT_FOR_A_LETTER})
            ELSE 1.0
        END
        FROM (
            SELECT contact_id, other_id, likeness, CASE
                WHEN name = other_name THEN CASE
                    WHEN is_common THEN 'common_name'
                    WHEN lower(normalize(full_name)) = lower(normalize(other_full_name)) THEN 'name'
                    ELSE 'accented_name'
                END
                WHEN kith_same_but_a_letter(name, other_name) THEN CASE
                    WHEN {_is_one_person("name")} AND {_is_one_person("other_name")} THEN 'letter_in_name'
                    ELSE 'similar_name'
                END
                ELSE 'similar_name'
            END AS key
            FROM (
                SELECT
                    mine.id AS contact_id, mine.full_name, my.name,
                    near.id AS other_id, near.full_name AS other_full_name, near.name AS other_name,
                    similarity(my.name, near.name) AS likeness,
                    position(' ' IN my.name) = 0 OR {MOST_SHARING} < (
                        SELECT count(*) FROM (
                            SELECT FROM crm_contact namesake
                            WHERE namesake.full_name <> '' AND {FORWARD.format("namesake.full_name")} = my.name
                            LIMIT {MOST_SHARING} + 1
                        ) namesakes
                    ) AS is_common
                FROM searched
                JOIN crm_contact mine ON mine.id = searched.contact_id
                CROSS JOIN LATERAL (SELECT {FORWARD.format("mine.full_name")} AS name OFFSET 0) my  -- folded once
                CROSS JOIN LATERAL ({near}) near
                WHERE mine.full_name <> '' AND mine.erased_at IS NULL
            ) compared
            WHERE name = other_name
                OR (likeness >= {ALIKE_FROM} AND position(' ' IN name) > 0 AND position(' ' IN other_name) > 0)
            OFFSET 0  -- told once
        ) told
    """


def _neighbours(expression: str, mine: str, comparison: str, direction: str) -> str:
    """Return a SELECT of the names next to a contact's, in the order of an indexed expression that is `mine` for it."""
    return f"""
        (SELECT other.id, other.full_name, {FORWARD.format("other.full_name")} AS name
         FROM crm_contact other
         WHERE other.full_name <> '' AND other.erased_at IS NULL
            AND ({expression.format("other.full_name")}, other.id) {comparison} ({mine}, mine.id)
         ORDER BY {expression.format("other.full_name")} {direction}, other.id {direction}
         LIMIT {NEIGHBOURS})
    """


# The orders from the front and from the back of the name put a slip of the pen near its right form in one of them.
NAMES = DuplicateSource(
    key="names",
    is_ordered=True,
    pairs=_compared_by_name(
        " UNION ".join(
            _neighbours(order, place, comparison, direction)
            for order, place in ((FORWARD, "my.name"), (BACKWARD, 'reverse(my.name) COLLATE "C"'))
            for comparison, direction in ((">", "ASC"), ("<", "DESC"))
        )
    ),
    about="""
        SELECT found_pair.first, found_pair.second, 'company', 1.0
        FROM found_pair
        JOIN crm_contact mine ON mine.id = found_pair.first
        JOIN crm_contact theirs ON theirs.id = found_pair.second AND theirs.company_id = mine.company_id
    """,
)

# Between two spellings of a common name stand hundreds of others, but few of them work at the same place.
COLLEAGUES = DuplicateSource(
    key="colleagues",
    pairs=_compared_by_name(
        f"""
        SELECT id, full_name, name
        FROM (
            SELECT other.id, other.full_name, {FORWARD.format("other.full_name")} AS name,
                count(*) OVER () AS colleagues
            FROM (
                SELECT id, full_name FROM crm_contact
                WHERE company_id = mine.company_id AND full_name <> '' AND erased_at IS NULL
                LIMIT {MOST_COLLEAGUES} + 1
            ) other
        ) company
        WHERE colleagues <= {MOST_COLLEAGUES} AND id <> mine.id
        """
    ),
)


def _partners(mine: str, theirs: str) -> str:
    """Return a SELECT of the names of those who are suggested as a contact's person already."""
    return f"""
        SELECT other.id, other.full_name, {FORWARD.format("other.full_name")} AS name
        FROM crm_contact record
        JOIN crm_duplicatesuggestion known ON known.{mine} = record.id AND known.state = 'open'
        JOIN crm_contact partner ON partner.id = known.{theirs}
        JOIN crm_contact other ON other.person_id = partner.person_id
        WHERE record.person_id = mine.person_id AND other.full_name <> '' AND other.erased_at IS NULL
    """


# Who stands next to whom changes with every new name. A pair that was found once is compared again wherever they stand,
# so that it goes only when the names are not alike any more.
SUGGESTED = DuplicateSource(
    key="suggested",
    pairs=_compared_by_name(
        " UNION ALL ".join([_partners("first_id", "second_id"), _partners("second_id", "first_id")])
    ),
)

# What a colleague said of two records speaks for their persons until it is taken back, whatever else changes.
TOLD = DuplicateSource(
    key="told",
    pairs="""
        SELECT searched.contact_id, told.second_id, 'said', 1.0
        FROM searched
        JOIN crm_duplicatesuggestion told ON told.first_id = searched.contact_id AND told.said_at IS NOT NULL
        UNION ALL
        SELECT searched.contact_id, told.first_id, 'said', 1.0
        FROM searched
        JOIN crm_duplicatesuggestion told ON told.second_id = searched.contact_id AND told.said_at IS NOT NULL
    """,
)
