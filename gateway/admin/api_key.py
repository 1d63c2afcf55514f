"""API keys: made here or on the command line, shown once, revoked; of a key only its limit can be changed."""

from collections.abc import Collection

from django import forms
from django.contrib import admin
from django.contrib.auth.models import User
from django.db.models import Model, Q, QuerySet
from django.http import HttpRequest, HttpResponse
from django.template.response import TemplateResponse
from django.utils import timezone
from unfold.widgets import UnfoldAdminCheckboxSelectMultipleWidget

from gateway.admin.base import ModelAdmin
from gateway.admin.filters import YesNoFilter
from gateway.admin.forms import FactForm
from gateway.models import ApiKey
from gateway.routes import known_scopes
from gateway.scopes import needed_to_give

SHOWN = ("name", "prefix", "shown_scopes", "state", "expires_at", "last_used_at", "created_by", "created_at")


class RevokedFilter(YesNoFilter):
    title = "standing"
    parameter_name = "revoked"
    yes = Q(revoked_at=None)
    yes_label = "Valid or expired"
    no_label = "Revoked"


class ApiKeyForm(FactForm):
    """A new key. Nobody but a superuser gives it a scope for what they may not do themselves."""

    giver: User

    scopes = forms.MultipleChoiceField(
        choices=lambda: [(scope, scope) for scope in known_scopes()], widget=UnfoldAdminCheckboxSelectMultipleWidget
    )

    class Meta:
        model = ApiKey
        fields = ("name", "scopes", "expires_at", "requests_per_minute")

    def clean_scopes(self) -> list[str]:
        scopes = self.cleaned_data["scopes"]
        held = self.giver.get_all_permissions()
        refused = [] if self.giver.is_superuser else [scope for scope in scopes if not _may_give(scope, held)]
        if refused:
            raise forms.ValidationError(
                f"You can only give what you may do yourself, which these are not: {', '.join(refused)}."
            )
        return scopes


def _may_give(scope: str, held: Collection[str]) -> bool:
    needed = needed_to_give(scope)
    return needed is not None and all(permission in held for permission in needed)


class LimitForm(FactForm):
    """What can be changed of a key: how often it may ask."""

    class Meta:
        model = ApiKey
        fields = ("requests_per_minute",)


@admin.register(ApiKey)
class ApiKeyAdmin(ModelAdmin):
    list_display = SHOWN
    list_select_related = ("created_by",)
    list_filter = (RevokedFilter,)
    search_fields = ("name", "prefix")
    ordering = ("-pk",)
    actions = ("revoke",)
    empty_state = "A key lets another system read or write through the API. Make one for each system, with few scopes."

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def get_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        return ApiKeyForm.Meta.fields if obj is None else (*SHOWN, "requests_per_minute")

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> tuple[str, ...]:
        """Another set of scopes is another key."""
        return () if obj is None else SHOWN

    def get_form(self, request: HttpRequest, obj: Model | None = None, **kwargs: object) -> type[forms.ModelForm]:
        form = super().get_form(request, obj, **{**kwargs, "form": ApiKeyForm if obj is None else LimitForm})
        return type(form.__name__, (form,), {"giver": request.user})

    def save_model(self, request: HttpRequest, obj: ApiKey, form: forms.ModelForm, change: bool) -> None:
        if change:
            obj.save(update_fields=["requests_per_minute"])
            return
        key, request.kith_token = ApiKey.objects.issue(
            name=obj.name,
            scopes=form.cleaned_data["scopes"],
            expires_at=obj.expires_at,
            requests_per_minute=obj.requests_per_minute,
            created_by_id=request.user.pk,
        )
        obj.pk, obj.prefix = key.pk, key.prefix

    def response_add(self, request: HttpRequest, obj: ApiKey, post_url_continue: str | None = None) -> HttpResponse:
        """Show the token: this once, in the page alone, never in a message that a cookie would carry."""
        context = {
            **self.admin_site.each_context(request),
            "title": f"API key {obj.name}",
            "opts": self.model._meta,
            "token": request.kith_token,
        }
        return TemplateResponse(request, "gateway/admin/new_key.html", context)

    @admin.action(description="Revoke the selected keys", permissions=["change"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        revoked = queryset.filter(revoked_at=None).update(revoked_at=timezone.now())
        self.message_user(request, f"Revoked {revoked:,} key{'' if revoked == 1 else 's'}.")

    @admin.display(description="Scopes")
    def shown_scopes(self, key: ApiKey) -> str:
        return ", ".join(key.scopes)

    @admin.display(description="State")
    def state(self, key: ApiKey) -> str:
        return key.state(now=timezone.now())
