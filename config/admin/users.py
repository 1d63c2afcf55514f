"""The people who work with Kith, the groups that carry their permissions, and how they come in."""

from collections.abc import Iterable
from typing import Any, ClassVar

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from axes.models import AccessAttempt, AccessLog
from django import forms
from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin as DjangoGroupAdmin
from django.contrib.auth.admin import UserAdmin as DjangoUserAdmin
from django.contrib.auth.models import Group, Permission, User
from django.http import HttpRequest
from unfold.forms import AdminPasswordChangeForm, UserChangeForm, UserCreationForm

from community.models import Colleague
from crm.admin.erased import ErasedRefusingForm
from gateway.admin import (
    BooleanRadioFilter,
    DaysFilter,
    FactForm,
    ModelAdmin,
    StackedInline,
    WritesWhatWasChanged,
    display,
)

admin.site.unregister([User, Group, Authenticator, EmailAddress])


class GivesWhatOneHolds:
    """A form in which nobody but a superuser gives permissions that they do not hold themselves."""

    giver: User

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or self.cleaned_data
        groups = [*self._new("groups")]
        permissions = [*self._new("permissions"), *self._new("user_permissions")]
        permissions += Permission.objects.filter(group__in=groups).select_related("content_type")
        missing = sorted({name_of(each) for each in permissions} - self.giver.get_all_permissions())
        if missing:
            field = next(name for name in ("groups", "user_permissions", "permissions") if name in self.changed_data)
            self.add_error(
                field, f"You can only give what you hold yourself, which these are not: {', '.join(missing)}."
            )
        return cleaned

    def _new(self, field: str) -> Iterable[Any]:
        chosen = self.cleaned_data.get(field)
        if chosen is None:
            return ()
        held = set(getattr(self.instance, field).values_list("pk", flat=True)) if self.instance.pk else set()
        return chosen.exclude(pk__in=held)


def name_of(permission: Permission) -> str:
    """Return a permission as code names it, such as crm.view_contact."""
    return f"{permission.content_type.app_label}.{permission.codename}"


class UserForm(GivesWhatOneHolds, WritesWhatWasChanged, UserChangeForm):
    """A user's page."""


class GroupForm(GivesWhatOneHolds, FactForm):
    """A group's page."""


class GivingAdmin(ModelAdmin):
    """Tells the form who fills it in."""

    def get_form(
        self, request: HttpRequest, obj: Any = None, change: bool = False, **kwargs: Any
    ) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, change=change, **kwargs)
        return type(form.__name__, (form,), {"giver": request.user})


class ColleagueForm(ErasedRefusingForm):
    """Which contact the user is."""

    class Meta:
        model = Colleague
        fields = ("contact",)
        help_texts: ClassVar = {
            "contact": "Response figures then count what they do by this login and by their accounts as one person's."
        }


class ColleagueInline(StackedInline):
    model = Colleague
    form = ColleagueForm
    fields = ("contact",)
    autocomplete_fields = ("contact",)
    extra = 1
    verbose_name = "person behind this login"
    verbose_name_plural = "person behind this login"


@admin.register(User)
class UserAdmin(DjangoUserAdmin, GivingAdmin):
    form = UserForm
    add_form = UserCreationForm
    change_password_form = AdminPasswordChangeForm
    list_display = ("username", "first_name", "last_name", "email", "is_staff", "is_active", "last_login")
    list_filter = (("is_staff", BooleanRadioFilter), ("is_active", BooleanRadioFilter), "groups")
    ordering = ("username",)
    autocomplete_fields = ("groups",)
    filter_horizontal = ("user_permissions",)
    inlines = (ColleagueInline,)
    history_in_part = True

    def get_inlines(self, request: HttpRequest, obj: User | None) -> tuple[type[StackedInline], ...]:
        """A user comes first, who they are second."""
        return self.inlines if obj is not None else ()

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> tuple[str, ...]:
        """Only a superuser makes superusers."""
        return (*super().get_readonly_fields(request, obj), *(() if request.user.is_superuser else ("is_superuser",)))

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_change_permission(request, obj) and may_rule(request.user, obj)

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_rule(request.user, obj)


def may_rule(user: Any, other: User | None) -> bool:
    """Whether `other` may do nothing that `user` may not: whose password one sets, one can log in as."""
    if other is None or user.is_superuser:
        return True
    held = User(pk=other.pk, is_active=True).get_all_permissions()  # those of today, and back when activated again
    return not other.is_superuser and held <= user.get_all_permissions()


@admin.register(Group)
class GroupAdmin(DjangoGroupAdmin, GivingAdmin):
    form = GroupForm
    list_display = ("name",)
    search_fields = ("name",)
    ordering = ("name",)


class KeptByMachines(ModelAdmin):
    """Rows to look at; some can be deleted."""

    warn_unsaved_form = False

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(AccessAttempt)
class LockedLoginAdmin(KeptByMachines):
    """Wrong passwords: deleting a row unlocks at once."""

    list_display = ("username", "ip_address", "failures_since_start", "attempt_time")
    list_filter = (("attempt_time", DaysFilter),)
    search_fields = ("username", "ip_address")
    ordering = ("-pk",)
    fields = ("username", "ip_address", "failures_since_start", "attempt_time", "user_agent", "path_info")
    empty_state = (
        "Nobody has given a wrong password lately. After five, a login is locked here; delete the row to unlock it."
    )


@admin.register(AccessLog)
class LoginAdmin(KeptByMachines):
    """Who came in, when, from where."""

    list_display = ("username", "ip_address", "attempt_time", "logout_time")
    list_filter = (("attempt_time", DaysFilter),)
    search_fields = ("username", "ip_address")
    ordering = ("-pk",)
    fields = ("username", "ip_address", "attempt_time", "logout_time", "user_agent", "path_info")
    empty_state = "Nobody has logged in yet."

    def has_delete_permission(self, request: HttpRequest, obj: Any = None) -> bool:
        return False


@admin.register(Authenticator)
class SecondFactorAdmin(KeptByMachines):
    """Second factors, without their secrets: deleting them lets somebody in who lost their telephone."""

    list_display = ("user", "shown_type", "created_at", "last_used_at")
    list_select_related = ("user",)
    search_fields = ("user__username",)
    ordering = ("-pk",)
    fields = ("user", "shown_type", "created_at", "last_used_at")
    readonly_fields = ("shown_type",)
    empty_state = "Nobody has set up a second factor yet: everybody can, at Second factor in the menu of their name."

    def has_delete_permission(self, request: HttpRequest, obj: Authenticator | None = None) -> bool:
        return super().has_delete_permission(request, obj) and may_rule(request.user, obj and obj.user)

    @display(description="Kind", ordering="type")
    def shown_type(self, authenticator: Authenticator) -> str:
        return authenticator.get_type_display()
