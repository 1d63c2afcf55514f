"""
Who people are, as far as they say themselves: by country, age group and language, *unknown* being a group of its own.

A few people in a group can be told who they are. Whoever may not see contacts is told such groups together, as `OTHER`.

Source: R5.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from community.replies import ROLE_AT

UNKNOWN, OTHER = "unknown", "other"
BREAKDOWNS = ("country", "age_group", "language")
FEWEST = 5  # people; a smaller group is told by itself only to whoever may see contacts anyway

# The age that is reached in the year of the period's last day, below each of these.
_AGES = ((18, "under_18"), (25, "18_24"), (35, "25_34"), (45, "35_44"), (55, "45_54"), (65, "55_64"))
_OLDEST = "65_and_over"
AGE_GROUPS = (*(name for _, name in _AGES), _OLDEST)
_AGE = "%(last_year)s::integer - c.birth_year"
_AGE_GROUP = " ".join(f"WHEN {_AGE} < {below} THEN '{name}'" for below, name in _AGES)


@dataclass(frozen=True)
class Group:
    """How many persons are of one group, such as `IE`; `OTHER` are the small groups together."""

    key: str
    people: int


def counted_groups(active: str) -> str:
    """
    Return a SELECT of `what`, `of_them` and `number`: how many persons are in each group, and `persons` in all.

    `active` is a table expression with the `id` of the persons who did something; with the parameter `everybody` it
    is all persons but those who are staff or a bot at the instant `at`. Languages count without their region.
    """
    return f"""
        WITH counted AS MATERIALIZED (
            SELECT id FROM {active} WHERE NOT %(everybody)s
            UNION ALL
            SELECT c.id FROM crm_contact c
            WHERE %(everybody)s AND c.merged_into_id IS NULL AND c.id NOT IN (
                SELECT record.person_id
                FROM community_memberrole dated
                JOIN community_member account ON account.id = dated.member_id
                JOIN crm_contact record ON record.id = account.contact_id
                WHERE {ROLE_AT.format(member="account.id", instant="%(at)s")} IN ('staff', 'bot')
            )
        ),
        said AS (
            SELECT COALESCE(NULLIF(c.country, ''), '{UNKNOWN}') AS country,
                   CASE WHEN c.birth_year IS NULL THEN '{UNKNOWN}' {_AGE_GROUP} ELSE '{_OLDEST}' END AS age_group,
                   COALESCE(NULLIF(lower(split_part(c.language, '-', 1)), ''), '{UNKNOWN}') AS language
            FROM counted JOIN crm_contact c ON c.id = counted.id
        )
        SELECT CASE WHEN GROUPING(country) = 0 THEN 'country' WHEN GROUPING(age_group) = 0 THEN 'age_group'
                    WHEN GROUPING(language) = 0 THEN 'language' ELSE 'persons' END AS what,
               COALESCE(country, age_group, language) AS of_them, count(*) AS number
        FROM said
        GROUP BY GROUPING SETS ((country), (age_group), (language), ())
    """


def told(what: str, counts: Mapping[str, int], *, with_small: bool) -> list[Group]:
    """
    Return the groups of the breakdown `what`, ages by age and others with the largest first, `OTHER`, `UNKNOWN` last.

    Without `with_small`, groups of fewer than five stand together as `OTHER`, with the smallest of the others until
    these are five: so none of them follows from the sum. How many are unknown tells of nobody who they are.
    """
    known = {key: people for key, people in counts.items() if key != UNKNOWN}
    small: dict[str, int] = {}
    if not with_small and any(people < FEWEST for people in known.values()):
        for key, people in sorted(known.items(), key=lambda pair: (pair[1], pair[0])):
            if people >= FEWEST and sum(small.values()) >= FEWEST:
                break
            small[key] = people
    shown = [Group(key, known[key]) for key in _in_order(what, known) if key not in small]
    if small:
        shown.append(Group(OTHER, sum(small.values())))
    return [*shown, *([Group(UNKNOWN, counts[UNKNOWN])] if UNKNOWN in counts else [])]


def _in_order(what: str, known: Mapping[str, int]) -> Sequence[str]:
    if what == "age_group":
        return [key for key in AGE_GROUPS if key in known]
    return sorted(known, key=lambda key: (-known[key], key))
