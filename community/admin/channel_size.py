"""How many followers or members channels have, day by day."""

from django.contrib import admin

from community.models import ChannelSize
from gateway.admin import AutocompleteSelectFilter, DaysFilter, ModelAdmin, display, number_cell


@admin.register(ChannelSize)
class ChannelSizeAdmin(ModelAdmin):
    list_display = ("day", "channel", "shown_people")
    list_select_related = ("channel",)
    list_filter = (("channel", AutocompleteSelectFilter), ("day", DaysFilter))
    search_fields = ("channel__name", "channel__slug")
    autocomplete_fields = ("channel",)
    ordering = ("-day", "channel__name", "-pk")
    fields = (("channel", "day"), "people")
    empty_state = (
        "How many followers or members a channel has says how many of them we know. Add what its platform says "
        "today, and again now and then: it cannot be found out afterwards."
    )

    @display(description="Followers or members", ordering="people")
    def shown_people(self, size: ChannelSize) -> str:
        return number_cell(size.people)
