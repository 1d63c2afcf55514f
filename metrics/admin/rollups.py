"""Daily sums: what every report is added up from."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from django.contrib import admin
from django.contrib.auth import get_permission_codename
from django.db.models import Model, OuterRef, Subquery
from django.db.models.functions import JSONObject
from django.http import HttpRequest

from community.models import Channel, Member
from crm.models import Campaign, Contact
from gateway.admin import AutocompleteSelectFilter, ChoicesDropdownFilter, DaysFilter, display, object_link
from metrics.admin.derived import CreditSumsAdmin, DerivedAdmin, minor_cell
from metrics.models import TotalDay
from metrics.models.rows import CampaignDayRow, ChannelDayRow, CostDayRow, HelperDayRow, PersonDayRow


class NamedAdmin(DerivedAdmin):
    """Sums of one record each, which the list names to whoever may see such records; to others it tells the id."""

    names: ClassVar[type[Model]]
    named_by: ClassVar[str]  # the column of its id; 0 stands for none

    def get_list_display(self, request: HttpRequest) -> Sequence[str | Callable]:
        columns = super().get_list_display(request)
        meta = self.names._meta
        if request.user.has_perm(f"{meta.app_label}.{get_permission_codename('view', meta)}"):
            return columns
        return [self.named_by if column == "named" else column for column in columns]


def _told_of(model: type[Model], key: str, *fields: str) -> dict[str, object]:
    """Return the annotation that reads of each row in a list what its record is called by."""
    record = model._default_manager.filter(pk=OuterRef(key))
    return {"told": Subquery(record.values(told=JSONObject(**{field: field for field in fields})))}


def _named(model: type[Model], key: str) -> Callable[[Any, Any], str]:
    """Return the column that names and links the record of a row; a dash where there is none."""

    @display(description=str(model._meta.verbose_name).capitalize(), ordering=key)
    def named(_: object, row: Any) -> str:
        return object_link(model(pk=getattr(row, key), **row.told) if row.told else None)

    return named


@admin.register(CampaignDayRow)
class CampaignDayAdmin(NamedAdmin, CreditSumsAdmin):
    names, named_by = Campaign, "campaign_id"
    named = _named(Campaign, "campaign_id")
    list_annotations = _told_of(Campaign, "campaign_id", "name", "code")
    list_display = ("day", "named", "credits", *CreditSumsAdmin.sum_columns)
    list_filter = (("day", DaysFilter),)
    ordering = ("-day", "campaign_id")


@admin.register(ChannelDayRow)
class ChannelDayAdmin(NamedAdmin, CreditSumsAdmin):
    names, named_by = Channel, "channel_id"
    named = _named(Channel, "channel_id")
    list_annotations = _told_of(Channel, "channel_id", "name")
    list_display = ("day", "named", "credits", *CreditSumsAdmin.sum_columns)
    list_filter = (("day", DaysFilter),)
    ordering = ("-day", "channel_id")


@admin.register(HelperDayRow)
class HelperDayAdmin(NamedAdmin, CreditSumsAdmin):
    names, named_by = Member, "member_id"
    named = _named(Member, "member_id")
    list_annotations = _told_of(Member, "member_id", "handle", "external_id")
    list_display = ("day", "actor_kind", "named", "credits", *CreditSumsAdmin.sum_columns)
    list_filter = (("day", DaysFilter), ("actor_kind", ChoicesDropdownFilter))
    ordering = ("-day", "actor_kind", "member_id")


class RevenueSumsAdmin(DerivedAdmin):
    """A daily sum of revenue."""

    list_filter = (("day", DaysFilter),)
    revenue_amount = minor_cell("revenue_minor", "Revenue")
    credited_amount = minor_cell("credited_minor", "Credited")
    unattributed_amount = minor_cell("unattributed_minor", "Unattributed")


@admin.register(PersonDayRow)
class PersonDayAdmin(NamedAdmin, RevenueSumsAdmin):
    names, named_by = Contact, "person_id"
    named = _named(Contact, "person_id")
    list_annotations = _told_of(Contact, "person_id", "full_name", "known_as")
    list_display = ("day", "named", "conversions", "revenue_amount", "credited_amount", "unattributed_amount")
    ordering = ("-day", "person_id")


@admin.register(TotalDay)
class TotalDayAdmin(RevenueSumsAdmin):
    list_display = ("day", "conversions", "revenue_amount", "credited_amount", "unattributed_amount", "staff_amount")
    ordering = ("-day",)
    staff_amount = minor_cell("staff_minor", "Staff purchases")


@admin.register(CostDayRow)
class CostDayAdmin(DerivedAdmin):
    list_display = ("day", "shown_cost", "amount")
    list_select_related = ("cost",)
    list_filter = (("cost", AutocompleteSelectFilter), ("day", DaysFilter))
    ordering = ("-day", "-cost")
    amount = minor_cell("amount_minor", "Amount")

    @display(description="Cost")
    def shown_cost(self, row: CostDayRow) -> str:
        return object_link(row.cost)
