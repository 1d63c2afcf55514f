"""
The roles that Kith comes with, and what each of them may do. One table, to be read and to be extended.

A new model or permission needs a line here; the tests say so. Letters stand for Django's own permissions:
v view, a add, c change, d delete; a permission of another name has a line of its own, where `x` gives it. A dash
gives nothing. `*` in a name stands for anything; of several lines that fit, the first counts.

The roles become groups (`config.standard_roles`), which administrators may change as they like.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from fnmatch import fnmatchcase

HELPER, CAMPAIGN_MANAGER, ANALYST, ADMINISTRATOR = "Helper", "Campaign manager", "Analyst", "Administrator"
ROLES = (HELPER, CAMPAIGN_MANAGER, ANALYST, ADMINISTRATOR)

DECISIONS = """
# what                                   Helper  Campaign  Analyst  Administrator
#                                                manager
# People. Who is not in Kith yet is added while help is recorded; what helpers may change of others has permissions
# of its own: what people wish, names and addresses, and not whose they are or who takes care of them.
crm.contact                              va      v         v        vacd
crm.merge_contact                        -       -         -        x
crm.export_personal_data                 -       -         -        x
crm.erase_contact                        -       -         -        x
crm.export_audience                      -       x         -        x
crm.note_wishes                          x       -         -        x
crm.correct_contact                      x       -         -        x
crm.erasure                              -       -         -        v
crm.personexport*                        -       -         -        v
crm.contactpoint                         va      v         -        vacd
crm.contactref                           v       v         v        vacd
crm.consent                              v       v         v        vacd
crm.outcomemark                          v       v         v        vacd
crm.company                              v       v         v        vacd
crm.merge                                v       v         v        v
crm.note                                 vac     vac       -        vacd
crm.followup                             vac     vac       -        vacd
crm.duplicatesuggestion                  v       v         v        v
crm.suggest_duplicate                    x       -         -        x

# What happened, and help.
community.member                         v       v         v        vacd
community.memberrole                     v       v         v        vacd
community.thread                         v       v         v        vacd
community.interaction                    v       v         v        vacd
community.view_private_interaction       x       -         -        x
community.helprecord                     vac     v         v        vacd
community.colleague                      -       -         -        vacd
community.handling                       vac     v         v        vacd
community.businesshours                  v       v         v        vacd
community.openingtime                    v       v         v        vacd
community.holiday                        v       v         v        vacd
community.community                      v       v         v        vacd
community.channel                        v       v         v        vacd
community.channelsize                    v       vac       v        vacd

# Campaigns and money. Costs and conversions are voided, which is changing them; nothing is deleted.
crm.campaign                             -       vac       v        vac
crm.conversion                           -       vac       v        vac
crm.conversionkind                       -       vac       v        vacd
crm.exchangerate                         -       vac       v        vacd
community.cost                           -       vac       v        vac

# Figures, which nobody writes by hand. To add a job is to start a recompute. What a person brought is no secret from
# whoever helps that person; what everybody brought and cost is another matter.
metrics.view_person_value                x       x         x        x
metrics.*                                -       v         v        v
jobs.job                                 -       va        v        va

# Who may come in, and what they do there.
auth.user                                -       -         -        vacd
auth.group                               -       -         -        vacd
gateway.apikey                           -       -         -        vac
admin.logentry                           -       -         -        v
axes.accessattempt                       -       -         -        vd
axes.accesslog                           -       -         -        v
mfa.authenticator                        -       -         -        vd

# What machines keep: nobody opens it by a role.
*.*event                                 -       -         -        -
pghistory.*                              -       -         -        -
auth.permission                          -       -         -        -
contenttypes.contenttype                 -       -         -        -
sessions.session                         -       -         -        -
config.usersession                       -       -         -        -
config.standardrole                      -       -         -        -
axes.*                                   -       -         -        -
account.*                                -       -         -        -
"""

VERBS = {"v": "view", "a": "add", "c": "change", "d": "delete"}


@dataclass(frozen=True)
class Decision:
    """One line of the table: a model (`crm.contact`) or a permission, and for each role its letters."""

    what: str
    letters: dict[str, str]


def _read(table: str) -> list[Decision]:
    lines = (line.split() for line in table.splitlines() if line.strip() and not line.startswith("#"))
    return [Decision(what, dict(zip(ROLES, letters, strict=True))) for what, *letters in lines]


TABLE = _read(DECISIONS)


def decision_on(permission: str, *, model: str) -> Decision | None:
    """
    Return the line that decides on a permission such as `crm.view_contact` of the model `crm.contact`.

    A line of its own comes before that of its model. None: nobody has decided yet.
    """
    codename = permission.partition(".")[2]
    for decision in TABLE:
        if decision.what == permission:
            return decision
    if codename not in {f"{verb}_{model.partition('.')[2]}" for verb in VERBS.values()}:
        return None
    return next((decision for decision in TABLE if fnmatchcase(model, decision.what)), None)


def permissions_of(role: str, permissions: Iterable[tuple[str, str]]) -> set[str]:
    """Return those of `permissions`, each with its model, that the table gives to a role."""
    return {permission for permission, model in permissions if role in roles_with(permission, model=model)}


def roles_with(permission: str, *, model: str) -> set[str]:
    """Return the roles to which the table gives a permission."""
    decision = decision_on(permission, model=model)
    if decision is None:
        return set()
    if decision.what == permission:
        return {role for role, letters in decision.letters.items() if letters == "x"}
    verb = permission.partition(".")[2].partition("_")[0]
    return {role for role, letters in decision.letters.items() if verb in {VERBS.get(letter) for letter in letters}}
