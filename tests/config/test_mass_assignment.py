"""
What is sent to a form beside its fields changes nothing: not the other fields of the record, nor anything else.

Every form of the admin is sent back as it stands, with every other field of its model and of its parts besides, and
with names that somebody would try who wants more. Afterwards the database is as it was, but for when rows were
touched and for what was logged. The API refuses fields that it does not know: see tests/gateway.
"""

import pytest
from django import forms
from django.apps import apps
from django.contrib.auth.models import Group
from django.db import connection, models
from django.http import HttpResponse
from django.test import Client

from tests.admin_forms import posted
from tests.config.test_admin_pages import PAGES, address, key_of
from tests.config.test_permission_matrix import expected
from tests.factories.community import UserFactory

pytestmark = [pytest.mark.django_db, pytest.mark.usefixtures("remembered")]

# No form has a field for these, whatever its model: other ways lead to them, or none.
NEVER = {
    *("created_at", "updated_at", "source_updated_at", "person", "merged_into", "erased_at", "known_as", "search_text"),
    *("voided_at", "void_reason", "replaced_by", "retracted_at", "retract_reason", "deleted_at", "requested_by"),
    *("digest", "prefix", "revoked_at", "last_used_at", "origin", "edited_fields", "recorded_by"),
}
# Some forms have these, for those who may; in all others somebody may try.
WANTED = {"id", "pk", "is_staff", "is_superuser", "is_active", "groups", "user_permissions", "scopes", "password"}
TOUCHED = "{updated_at,last_login}"
LOGS = {"django_admin_log", "config_usersession", "pghistory_context"}
CHANGEABLE = [label for label, letters in expected("pages").items() if "c" in letters["superuser"]]


def besides(form: forms.BaseForm, model: type[models.Model]) -> dict[str, object]:
    """Return what a browser would send for everything that is no field of this form."""
    every = {field.name for field in model._meta.get_fields() if field.concrete} | WANTED
    names = every - set(form.fields) | NEVER
    if form.prefix:
        names -= {"id", "pk"}  # a row of a part says by these which it is
    return {form.add_prefix(part): value for name in names for part, value in tampered(name, model).items()}


def tampered(name: str, model: type[models.Model]) -> dict[str, object]:
    """Return another value for a field, in every spelling in which forms take one of its kind."""
    field = next((field for field in model._meta.get_fields() if field.name == name and field.concrete), None)
    if isinstance(field, (models.ForeignKey, models.ManyToManyField)):
        other = field.related_model._default_manager.order_by("-pk").values_list("pk", flat=True).first() or 1
        return {name: other, f"{name}_id": other}
    if isinstance(field, models.DateTimeField) or name.endswith("_at"):
        return {name: "2001-02-03 04:05", f"{name}_0": "2001-02-03", f"{name}_1": "04:05"}
    if isinstance(field, models.DateField):
        return {name: "2001-02-03"}
    if isinstance(field, models.BooleanField):
        return {name: "on"}
    if isinstance(field, (models.IntegerField, models.DecimalField)) or name == "pk":
        return {name: 777}
    if isinstance(field, models.JSONField):
        return {name: '{"tampered": 777}'}
    return {name: field.choices[-1][0] if getattr(field, "choices", None) else "tampered"}


def besides_page(page: HttpResponse, model: type[models.Model]) -> dict[str, object]:
    """Return what is sent beside the fields of a page, those of its parts included."""
    sent = besides(page.context["adminform"].form, model)
    for inline in page.context["inline_admin_formsets"]:
        for part in inline.formset.initial_forms:
            sent |= besides(part, inline.formset.model)
    return sent


def everything() -> set[tuple[str, str]]:
    """Return every row of every table, but for logs and history, and for when it was touched."""
    tables = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed and not model._meta.proxy and not hasattr(model, "pgh_tracked_model")
    }
    rows = [
        f"SELECT '{table}', (to_jsonb(t) - '{TOUCHED}'::text[])::text FROM {table} t" for table in sorted(tables - LOGS)
    ]
    with connection.cursor() as cursor:
        cursor.execute(" UNION ALL ".join(rows))
        return set(cursor.fetchall())


def client_of(role: str) -> Client:
    user = UserFactory(is_staff=True, is_superuser=not role)
    user.groups.set(Group.objects.filter(name=role))
    client = Client()
    client.force_login(user)
    return client


def form_of(record: models.Model) -> str:
    label = record._meta.label_lower
    return address(label, "change", key_of(record)) + ("?tab=details" if label == "crm.contact" else "")


@pytest.mark.parametrize(
    ("label", "role"),
    # Nobody but a superuser makes superusers, so for anybody else that is no field of the form.
    [*((label, "") for label in CHANGEABLE), ("auth.user", "Administrator")],
)
def test_what_is_sent_beside_the_fields_of_a_form_changes_nothing(label: str, role: str):
    client = client_of(role)
    record, _ = PAGES[label].make(1), PAGES[label].make(2)  # other records to name
    url = form_of(record)
    page = client.get(url)
    client.post(url, posted(page))
    before = everything()

    answer = client.post(url, {**posted(page), **besides_page(page, type(record))})

    assert answer.status_code == 302, answer.context["errors"]
    assert everything() ^ before == set()


# What forms of new records ask for that those of old ones do not.
ASKED: dict[str, dict[str, object]] = {
    "auth.user": {"username": "eve", "usable_password": "false"},
    "crm.conversionkind": {"key": "rental"},
    "gateway.apikey": {"name": "shop", "scopes": ["jobs:read"]},
}
ADDABLE = [label for label in CHANGEABLE if "a" in expected("pages")[label]["superuser"]]
ADDABLE.remove("community.helprecord")  # recorded in a dialog, which is no form of the model


@pytest.mark.parametrize("label", ADDABLE)
def test_what_is_sent_beside_the_fields_of_a_new_record_is_not_in_it(label: str):
    client = client_of("")
    record, _ = PAGES[label].make(1), PAGES[label].make(2)
    model = type(record)
    page = client.get(form_of(record))
    parts = tuple(f"{inline.formset.prefix}-" for inline in page.context["inline_admin_formsets"])
    data = {name: value for name, value in posted(page).items() if not name.startswith(parts)}
    model._default_manager.filter(pk=record.pk).delete()  # what it was known by is free again
    known = set(model._default_manager.values_list("pk", flat=True))
    page = client.get(address(label, "add"))
    form = page.context["adminform"].form
    sent = besides_page(page, model)

    answer = client.post(address(label, "add"), {**posted(page), **data, **sent, **ASKED.get(label, {})})

    assert answer.status_code == 302 or "token" in answer.context, answer.context["errors"]
    (made,) = model._default_manager.exclude(pk__in=known)
    for field in model._meta.concrete_fields:
        if field.name not in form.fields or field.name in NEVER:
            value = getattr(made, field.attname)
            assert str(value)[:10] not in ("2001-02-03", "777", "tampered"), (field.name, value)
            assert value is not True or field.get_default() is True, field.name
            assert not field.is_relation or value is None or value != sent[field.name], (field.name, value)
    for field in model._meta.many_to_many:
        assert field.name in form.fields or not getattr(made, field.name).exists(), field.name
