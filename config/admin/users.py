"""The people who work with Kith, and the groups that carry their permissions."""

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, User
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from gateway.admin import BooleanRadioFilter, ModelAdmin

admin.site.unregister(User)
admin.site.unregister(Group)


@admin.register(User)
class UserAdmin(DjangoUserAdmin, ModelAdmin):
    form = UserChangeForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_staff", "is_active", "last_login")
    list_filter = (("is_staff", BooleanRadioFilter), ("is_active", BooleanRadioFilter), "groups")
    ordering = ("username",)
    autocomplete_fields = ("groups",)
    filter_horizontal = ("user_permissions",)


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, ModelAdmin):
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)
