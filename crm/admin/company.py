"""Customer companies."""

from django.contrib import admin

from crm.models import Company
from gateway.admin import ModelAdmin


@admin.register(Company)
class CompanyAdmin(ModelAdmin):
    list_display = ("name", "domain", "source", "external_id")
    search_fields = ("name__reads", "domain", "=external_id")
    ordering = ("name", "pk")
    fields = (("name", "domain"), ("source", "external_id"))
    empty_state = "Companies come with the contacts that you sync. Add one here when a contact works for it."
