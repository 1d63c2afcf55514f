"""
What speaks for two records being one person, and how much.

Each kind of evidence has points, read as the chance that such a pair is one person by this alone. Reasons
that are independent of each other add up as chances do: two of 60 and 50 leave 40 % x 50 % = 20 % doubt,
so the score is 80. Evidence against (two accounts on one channel) has negative points: of 80 points,
-40 leave 48. So nobody who registered twice is suggested for a name alone, but is for a verified address.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from crm.models import DuplicateSuggestion
from gateway.registry import Registry
from gateway.users import name_of_user

SUGGESTED_FROM = 50  # points; a pair below is not worth anybody's time


@dataclass(frozen=True)
class Evidence:
    """
    A kind of evidence and how it is said. The search may lower its points, for names that are alike but not the same.

    What exactly is the same stands with both people and is not copied: a copy would outlive their erasure. Of kinds
    `about` the same thing a pair has one, the strongest: a person with two records has two spellings of one name.
    """

    key: str
    points: int
    sentence: str
    about: str = ""


evidence: Registry[Evidence] = Registry(
    "kind of evidence",
    Evidence("said", 90, "said by a colleague"),  # enough although both have an account on one channel
    Evidence("verified_email", 95, "same verified e-mail"),
    Evidence("verified_phone", 90, "same verified phone"),
    Evidence("email", 80, "same e-mail"),
    Evidence("phone", 60, "same phone"),
    Evidence("external_id", 60, "same id in two systems"),
    Evidence("name", 60, "same name", about="name"),
    Evidence("accented_name", 55, "same name but for accents", about="name"),
    Evidence("common_name", 30, "same name; others have it too", about="name"),
    Evidence("letter_in_name", 58, "same name but for a letter", about="name"),
    Evidence("similar_name", 58, "similar names", about="name"),
    Evidence("company", 30, "same company"),
)


@dataclass(frozen=True)
class Reason:
    """Why a pair was found: the kind of evidence and its points for this pair."""

    key: str
    points: int

    def as_json(self) -> dict[str, object]:
        return {"key": self.key, "points": self.points}


def score_of(reasons: Sequence[Reason]) -> int:
    """
    Return 0 to 100: 100 x (1 - the product of the doubts that each reason leaves), rounded down.

    A reason against takes its share of what the others come to.
    """
    doubt = belief = 1.0
    for reason in reasons:
        if reason.points >= 0:
            doubt *= 1 - reason.points / 100
        else:
            belief *= 1 + reason.points / 100
    return int(100 * (1 - doubt) * belief + 1e-9)


def in_words(reasons: Sequence[Mapping[str, object]], *, said_by: str = "") -> list[str]:
    """Return stored reasons as people say them, the strongest first and what speaks against last; with who said so."""
    ordered = sorted(reasons, key=lambda reason: (-int(str(reason["points"])), str(reason["key"])))
    keys = [str(reason["key"]) for reason in ordered]
    return [
        f"said by {said_by}" if key == "said" and said_by else evidence[key].sentence for key in keys if key in evidence
    ]


def why(suggestion: DuplicateSuggestion) -> str:
    """Return the reasons of a suggestion as a sentence. Who said so has to be selected with it, or is a query."""
    text = ", ".join(in_words(suggestion.reasons, said_by=name_of_user(suggestion.said_by)))
    return text[:1].upper() + text[1:]
