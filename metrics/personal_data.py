"""What the derived rows of metrics hold about people: numbers, which stay under a pseudonym when somebody is erased."""

from collections.abc import Sequence

from django.db.models import Q

from crm.personal_data.declarations import Kept, KnownRows, PersonalData, Pseudonym, nobody
from crm.personal_data.declared import CURRENCY, OWN_WORD

ITSELF = "the row says itself whose conversion it is and who did the touch"
PASSING = "an id of Kith's own; the mark is gone within seconds"


def days_of_buyer(known: KnownRows) -> Q:
    return Q(person_id__in=known.contacts)


def days_of_helper(known: KnownRows) -> Q:
    return Q(member_id__in=list(known.ids("community.Member")))


DECLARED: Sequence[PersonalData] = (
    PersonalData(
        model="metrics.Credit",
        title="credits",
        reach={"buyer": "person", "helper": "actor_member__contact"},
        rows="keep",
        fields={"actor_kind": OWN_WORD},
        others={"conversion": ITSELF, "interaction": ITSELF},
    ),
    PersonalData(
        model="metrics.ConversionResult",
        title="results of conversions",
        reach={"buyer": "person"},
        rows="keep",
        fields={"line": OWN_WORD},
        others={"conversion": ITSELF},
    ),
    PersonalData(model="metrics.CostDay", title="rewards by day", reach={"cost": "cost__contact"}, rows="keep"),
    PersonalData(model="metrics.PersonDay", title="revenue by day", reach={"person_id": days_of_buyer}, rows="keep"),
    PersonalData(
        model="metrics.HelperDay",
        title="revenue as helper by day",
        reach={"member_id": days_of_helper},
        rows="keep",
        fields={"actor_kind": OWN_WORD},
    ),
    PersonalData(
        model="metrics.StaleMark",
        nobody="names by number what is to be computed anew, and is gone within seconds",
        fields={
            "ref_source": Kept("names a system"),
            "ref_external_id": Pseudonym("conversion", "ref_source", "ref_external_id", everywhere=True),
            "campaign_code": Kept("a campaign's code"),
            "currency": CURRENCY,
        },
        others=dict.fromkeys(
            [
                "interaction_id",
                "contact_id",
                "member_id",
                "author_of_id",
                "thread_id",
                "replies_of_id",
                "actor_id",
                "conversion_id",
                "cost_id",
            ],
            PASSING,
        ),
    ),
    nobody("metrics.RecomputeChunk", "a piece of work"),
    nobody("metrics.Fingerprint", "settings", kept=["key", "value"]),
    PersonalData(
        model="metrics.CampaignDay", nobody="sums of a campaign", others={"campaign_id": "a campaign, 0 for none"}
    ),
    PersonalData(
        model="metrics.ChannelDay", nobody="sums of a channel", others={"channel_id": "a channel, 0 for none"}
    ),
    nobody("metrics.TotalDay", "sums of everybody"),
)
