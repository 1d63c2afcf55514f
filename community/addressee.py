"""
Whom an interaction addresses: the one rule, and what a row must be loaded with to ask it.

It addresses one person: by name (`to`), else as the author of what it replies to, else, being an answer, as the opener
of its thread. What replies to words of a login addresses that login, and so no contact.

For many interactions at once the statements of `community.exchanges`, `metrics.reports.shares` and
`metrics/attribution/sql/` find the same, each by the joins that suit it. `tests/metrics/test_addressee.py` holds them
to this function in every way in which somebody can be addressed.
"""

from community.models import Interaction, Member
from crm.models import Contact

# What was sent to nobody in particular touches nobody, not even the account of ours that sent it.
IS_A_MAILING = (
    "i.direction = 'outbound' AND i.to_member_id IS NULL AND i.to_contact_id IS NULL AND i.reply_to_id IS NULL"
    " AND NOT (i.kind = 'answer' AND i.thread_id IS NOT NULL)"
)

# The ways from an interaction to contacts that it may address.
MAY_ADDRESS = ("to_member__contact", "to_contact", "reply_to__member__contact", "thread__opened_by__contact")


def addressee_of(interaction: Interaction) -> Contact | None:
    """Return the contact that an interaction addresses; None for nobody known. No query where MAY_ADDRESS is loaded."""
    answered = interaction.reply_to
    if interaction.to_contact:
        return interaction.to_contact
    if interaction.to_member:
        whose: Member | None = interaction.to_member
    elif answered and (answered.member or answered.user_id):
        whose = answered.member
    else:
        whose = interaction.thread.opened_by if interaction.kind == "answer" and interaction.thread else None
    return whose.contact if whose else None
