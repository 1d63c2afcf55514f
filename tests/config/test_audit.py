"""
Who did it, when, through what: every way to write leaves its name in the history.

Each way changes, makes or deletes a tracked record. What the history then says is compared with what was done: with
every row and column of every table that has a history.
"""

import csv
import datetime as dt
import logging
import sys
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path

import pytest
from allauth.mfa.models import Authenticator
from django.contrib.auth.models import Group, User
from django.core import management
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from pghistory.models import Context
from rest_framework.test import APIClient

import manage
from community.models import Cost, Thread
from config.celery import app
from config.models import MembershipEvent
from crm.models import Campaign, Contact, ConversionKind
from gateway.history import events_of, history_of
from gateway.models import ApiKey
from tests.admin_forms import posted
from tests.api_clients import client_of, secret_of
from tests.audit import everything_told
from tests.factories.community import (
    ChannelFactory,
    CostFactory,
    HelpRecordFactory,
    InteractionFactory,
    ThreadFactory,
    UserFactory,
)
from tests.factories.crm import (
    CampaignFactory,
    ContactFactory,
    ConversionFactory,
    EmailFactory,
    ExchangeRateFactory,
)

pytestmark = pytest.mark.django_db


@pytest.fixture
def ana() -> Client:
    client = Client()
    client.force_login(User.objects.create_superuser("ana", first_name="Ana", last_name="Whelan"))
    return client


def newest(record: object) -> tuple[str, str, str]:
    entry = history_of(record)[0]  # type: ignore[arg-type]
    return entry.kind, entry.who, entry.through


def change_by_form(ana: Client) -> object:
    contact = ContactFactory(full_name="Jo")
    address = reverse("admin:crm_contact_change", args=[contact.pk]) + "?tab=details"
    assert ana.post(address, posted(ana.get(address), full_name="Joe")).status_code == 302
    return contact


def change_by_inline(ana: Client) -> object:
    point = EmailFactory()
    address = reverse("admin:crm_contact_change", args=[point.contact_id]) + "?tab=details"
    page = ana.get(address)
    assert ana.post(address, posted(page, **{"points-0-raw": "jo@example.org"})).status_code == 302
    return point


def add_by_form(ana: Client) -> object:
    page = ana.get(reverse("admin:crm_campaign_add"))
    data = posted(page, name="Spring", code="spring", status="planned")
    assert ana.post(reverse("admin:crm_campaign_add"), data).status_code == 302
    return Campaign.objects.get()


def change_by_action(ana: Client) -> object:
    campaign = CampaignFactory()
    address = reverse("admin:crm_campaign_changelist")
    ana.post(address, {"action": "archive_selected", "_selected_action": [campaign.pk], "reason": "Over."})
    return campaign


def void_with_a_reason(ana: Client) -> object:
    conversion = ConversionFactory()
    ana.post(reverse("admin:crm_conversion_void", args=[conversion.pk]), {"reason": "A test."})
    return conversion


def change_help(ana: Client) -> object:
    record = HelpRecordFactory()
    address = reverse("admin:community_helprecord_change", args=[record.pk])
    assert ana.post(address, posted(ana.get(address), topic="Enrolment")).status_code == 302
    return record


def retract_with_a_reason(ana: Client) -> object:
    interaction = InteractionFactory()
    ana.post(reverse("admin:community_interaction_retract", args=[interaction.pk]), {"reason": "Spam."})
    return interaction


def retract_several(ana: Client) -> object:
    interactions = [InteractionFactory(), InteractionFactory()]
    ticked = {"action": "retract_selected", "_selected_action": [one.pk for one in interactions], "reason": "Spam."}
    ana.post(reverse("admin:community_interaction_changelist"), ticked)
    return interactions[1]


def restore_with_a_reason(ana: Client) -> object:
    conversion = ConversionFactory(voided_at=timezone.now(), void_reason="A test.")
    ana.post(reverse("admin:crm_conversion_restore", args=[conversion.pk]), {"reason": "No test."})
    return conversion


def restore_several(ana: Client) -> object:
    interactions = [InteractionFactory(retracted_at=timezone.now()) for _ in range(2)]
    ticked = {"action": "restore_selected", "_selected_action": [one.pk for one in interactions], "reason": "No spam."}
    ana.post(reverse("admin:community_interaction_changelist"), ticked)
    return interactions[1]


def undo_help(ana: Client) -> object:
    """Help of its own is an interaction of its own, which is retracted with it."""
    record = HelpRecordFactory(interaction__kind="help")
    ana.post(reverse("admin:community_helprecord_undo", args=[record.pk]))
    return record.interaction


def confirm_an_answer(ana: Client) -> object:
    thread = ThreadFactory()
    answer = InteractionFactory(channel=thread.channel, thread=thread)
    address = reverse("admin:community_thread_change", args=[thread.pk])
    assert ana.post(address, posted(ana.get(address), confirmed_answer=answer.pk)).status_code == 302
    return thread


def deactivate_a_colleague(ana: Client) -> object:
    ben = UserFactory(is_staff=True)
    address = reverse("admin:auth_user_change", args=[ben.pk])
    assert ana.post(address, posted(ana.get(address), is_active="")).status_code == 302
    return ben


def correct_a_rate(ana: Client) -> object:
    rate = ExchangeRateFactory()
    address = reverse("admin:crm_exchangerate_change", args=[rate.pk])
    assert ana.post(address, posted(ana.get(address), rate="1.25")).status_code == 302
    return rate


def widen_a_window(ana: Client) -> object:
    kind = ConversionKind.objects.get(key="purchase")
    address = reverse("admin:crm_conversionkind_change", args=[kind.pk])
    assert ana.post(address, posted(ana.get(address), lookback_days="30")).status_code == 302
    return kind


def revoke_a_key(ana: Client) -> object:
    key, _ = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])
    ana.post(reverse("admin:gateway_apikey_changelist"), {"action": "revoke", "_selected_action": [key.pk]})
    return key


WAYS_OF_THE_ADMIN: dict[str, tuple[Callable[[Client], object], str]] = {
    "a form": (change_by_form, "changed"),
    "a new record": (add_by_form, "created"),
    "a part of a record": (change_by_inline, "changed"),
    "an action on a list": (change_by_action, "changed"),
    "voiding": (void_with_a_reason, "changed"),
    "a help record": (change_help, "changed"),
    "retracting": (retract_with_a_reason, "changed"),
    "retracting several": (retract_several, "changed"),
    "restoring": (restore_with_a_reason, "changed"),
    "restoring several": (restore_several, "changed"),
    "undoing help": (undo_help, "changed"),
    "confirming an answer": (confirm_an_answer, "changed"),
    "a colleague's standing": (deactivate_a_colleague, "changed"),
    "a rate": (correct_a_rate, "changed"),
    "a kind of conversion": (widen_a_window, "changed"),
    "revoking a key": (revoke_a_key, "changed"),
}


@pytest.mark.parametrize("way", WAYS_OF_THE_ADMIN)
def test_the_admin_names_the_user(ana: Client, way: str):
    act, kind = WAYS_OF_THE_ADMIN[way]

    with everything_told():
        record = act(ana)

    assert newest(record) == (kind, "Ana Whelan", "admin")
    assert abs(history_of(record)[0].at - timezone.now()) < dt.timedelta(minutes=1)  # type: ignore[arg-type]


@pytest.mark.parametrize("way", ["one", "patch", "batch", "void", "retract", "a tombstone", "delete"])
def test_the_api_names_the_key(way: str):
    scopes = ["contacts:write", "conversions:write", "interactions:write", "exchange-rates:write"]
    key, token = ApiKey.objects.issue(name="shop-sync", scopes=scopes)
    client = client_of(token)
    item = {"source": "shop", "external_id": "c1", "full_name": "Joe"}
    record: object = None
    kind = "changed"
    with everything_told():
        match way:
            case "one":
                client.post("/api/v1/contacts/", item)
            case "batch":
                client.post("/api/v1/contacts/batch/upsert", {"items": [item]})
            case "patch":
                record = ContactFactory(full_name="Jo")
                client.patch(f"/api/v1/contacts/{record.pk}/", {"full_name": "Joe"})
            case "void":
                record = ConversionFactory()
                client.post(f"/api/v1/conversions/{record.pk}/void/", {"reason": "A test."})
            case "retract":
                record = InteractionFactory()
                client.post(f"/api/v1/interactions/{record.pk}/retract/", {"reason": "Spam."})
            case "a tombstone":
                record = InteractionFactory()
                client.delete(f"/api/v1/interactions/{record.pk}/")
            case "delete":
                record, kind = ExchangeRateFactory(), "deleted"
                client.delete(f"/api/v1/exchange-rates/{record.pk}/")

    if record is None:
        record, kind = Contact.objects.get(), "created"
    assert newest(record) == (kind, f"shop-sync ({key.prefix})", "API")


def replaced_by_form(cost: Cost, ana: Client, key: APIClient) -> None:
    address = reverse("admin:community_cost_change", args=[cost.pk])
    assert ana.post(address, posted(ana.get(address), amount="120.00")).status_code == 302


def replaced_by_patch(cost: Cost, ana: Client, key: APIClient) -> None:
    assert key.patch(f"/api/v1/costs/{cost.pk}/", {"amount": "120.00"}).status_code == 200


def replaced_by_batch(cost: Cost, ana: Client, key: APIClient) -> None:
    item = {"source": cost.source, "external_id": cost.external_id, "amount": "120.00"}
    assert key.post("/api/v1/costs/batch/upsert", {"items": [item]}).json()["updated"] == 1


def voided_on_its_page(cost: Cost, ana: Client, key: APIClient) -> None:
    ana.post(reverse("admin:community_cost_void", args=[cost.pk]), {"reason": "Paid twice."})


def voided_in_the_list(cost: Cost, ana: Client, key: APIClient) -> None:
    ticked = {"action": "void_selected", "_selected_action": [cost.pk], "reason": "Paid twice."}
    ana.post(reverse("admin:community_cost_changelist"), ticked)


def voided_over_the_api(cost: Cost, ana: Client, key: APIClient) -> None:
    assert key.post(f"/api/v1/costs/{cost.pk}/void/", {"reason": "Paid twice."}).status_code == 200


@pytest.mark.parametrize(
    ("act", "through", "reason"),
    [
        (replaced_by_form, "admin", "replaced by ana"),
        (replaced_by_patch, "API", "replaced"),
        (replaced_by_batch, "API", "replaced"),
        (voided_on_its_page, "admin", "Paid twice."),
        (voided_in_the_list, "admin", "Paid twice."),
        (voided_over_the_api, "API", "Paid twice."),
    ],
)
def test_a_cost_that_is_replaced_or_voided_says_when_by_whom_and_through_what(
    ana: Client, act: Callable[[Cost, Client, APIClient], None], through: str, reason: str
):
    cost = CostFactory(amount=Decimal("100.00"))
    key, token = ApiKey.objects.issue(name="shop-sync", scopes=["costs:write"])
    who = {"admin": "Ana Whelan", "API": f"shop-sync ({key.prefix})"}[through]

    act(cost, ana, client_of(token))

    voiding, making = history_of(cost)
    assert (voiding.kind, voiding.who, voiding.through, making.kind) == ("changed", who, through, "created")
    assert abs(voiding.at - timezone.now()) < dt.timedelta(minutes=1)
    steps = {change.label: change.after for change in voiding.changes}
    assert steps.pop("void reason") == reason
    assert steps.pop("voided at") == Cost.objects.get(pk=cost.pk).voided_at
    replacement = Cost.objects.exclude(pk=cost.pk).first()
    if replacement is None:
        assert steps == {}
        return
    assert steps.keys() == {"replaced by"}
    (made,) = history_of(replacement)
    assert (made.kind, made.who, made.through) == ("created", who, through)
    assert {change.label: change.after for change in made.changes}["amount"] == Decimal("120.00")


def run(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> None:
    """Run manage.py as it stands, but leave the test's connection open, which Django closes behind a command."""
    monkeypatch.setattr(sys, "argv", ["manage.py", *arguments])
    monkeypatch.setattr(management, "execute_from_command_line", lambda argv: management.call_command(*argv[1:]))
    manage.main()


def test_the_command_line_names_the_command_and_the_account(monkeypatch: pytest.MonkeyPatch, tmp_path: Path):
    ChannelFactory(slug="forum")
    file = tmp_path / "contacts.csv"
    with file.open("w", newline="") as handle:
        csv.writer(handle).writerows([["source", "external_id", "full_name"], ["shop", "c1", "Joe"]])
    monkeypatch.setattr("getpass.getuser", lambda: "olga")

    with everything_told():
        run(monkeypatch, "import", "csv", str(file), "--as", "contacts")

    assert newest(Contact.objects.get()) == ("created", "olga on the command line", "import csv")


def test_a_command_that_makes_a_key_says_so(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("getpass.getuser", lambda: "olga")

    with everything_told():
        run(monkeypatch, "create_api_key", "shop", "--scopes", "jobs:read")

    assert newest(ApiKey.objects.get()) == ("created", "olga on the command line", "command create_api_key")


def test_a_task_names_itself():
    contact = ContactFactory(full_name="Jo")

    @app.task(name="crm.tasks.mend_names")
    def mend_names() -> None:
        Contact.objects.filter(pk=contact.pk).update(full_name="Joe")

    try:
        mend_names()
    finally:
        app.tasks.unregister(mend_names.name)

    assert newest(contact) == ("changed", "the system", "task mend names")


def test_roles_given_and_taken_are_kept(ana: Client):
    ben = UserFactory(is_staff=True)
    helper = Group.objects.get(name="Helper")
    form = {"username": ben.username, "is_active": "on", "is_staff": "on"}
    form |= {"date_joined_0": "2026-01-01", "date_joined_1": "09:00", "groups": [helper.pk]}
    form |= {"colleague-TOTAL_FORMS": "0", "colleague-INITIAL_FORMS": "0"}

    assert ana.post(reverse("admin:auth_user_change", args=[ben.pk]), form).status_code == 302
    ben.groups.clear()

    given, taken = MembershipEvent.objects.filter(user=ben).order_by("pgh_id")
    assert (given.pgh_label, given.group_id, taken.pgh_label) == ("insert", helper.pk, "delete")
    assert User.objects.get(pk=given.pgh_context.metadata["user"]).username == "ana"


def test_another_password_is_known_by_whom_and_not_what_it_is(ana: Client):
    ben = UserFactory(is_staff=True)
    password = {"password1": "a colleague's long password", "password2": "a colleague's long password"}

    with everything_told():
        ana.post(reverse("admin:auth_user_password_change", args=[ben.pk]), {**password, "usable_password": "true"})

    assert newest(ben) == ("given another password", "Ana Whelan", "admin")
    ben.refresh_from_db()
    (event,) = events_of(User).filter(pgh_label="password")
    assert ben.password not in str(vars(event))
    page = ana.get(reverse("admin:auth_user_history", args=[ben.pk])).content.decode()
    assert "given another password" in page
    assert "Changed password." in page  # the admin's own log, for what the history does not keep


def test_a_second_factor_that_is_taken_away_is_known_by_whom(ana: Client):
    factor = Authenticator.objects.create(user=UserFactory(), type="totp", data={"secret": "hushed"})

    with everything_told():
        ana.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"})

    assert newest(factor) == ("deleted", "Ana Whelan", "admin")


def test_the_history_of_an_interaction_shows_who_retracted_it_and_who_changed_it(ana: Client):
    interaction = InteractionFactory(text="Buy now")
    address = reverse("admin:community_interaction_change", args=[interaction.pk])
    assert ana.post(address, posted(ana.get(address), text="Buy it now", kind="comment")).status_code == 302
    ana.post(reverse("admin:community_interaction_retract", args=[interaction.pk]), {"reason": "Spam."})

    page = ana.get(reverse("admin:community_interaction_history", args=[interaction.pk])).content.decode()

    assert page.count("Ana Whelan") >= 2
    assert "Spam." in page
    assert "<s>question</s> → comment" in page
    assert "text" in page
    assert "Buy now" not in page
    assert "Changed" not in page  # what the admin's own log says is in the history


def test_the_history_of_a_thread_begins_with_who_made_it(ana: Client):
    data = posted(ana.get(reverse("admin:community_thread_add")), channel=ChannelFactory().pk, external_id="t1")
    assert ana.post(reverse("admin:community_thread_add"), data).status_code == 302
    thread = Thread.objects.get()
    history = reverse("admin:community_thread_history", args=[thread.pk])
    assert ana.get(history).content.decode().count("<strong>created</strong>") == 1
    address = reverse("admin:community_thread_change", args=[thread.pk])
    assert ana.post(address, posted(ana.get(address), topic="Fees")).status_code == 302

    page = ana.get(history).content.decode()

    assert (page.count("<strong>created</strong>"), page.count("<strong>changed</strong>")) == (1, 1)


def test_no_secret_is_kept_in_the_history(ana: Client):
    token = ana.post(reverse("admin:gateway_apikey_add"), {"name": "shop", "scopes": ["jobs:read"]}).context["token"]

    key = ApiKey.objects.get()
    (event,) = ApiKey.pgh_event_models["insert"].objects.all()
    said = " ".join(str(getattr(event, field.attname)) for field in event._meta.concrete_fields)
    assert key.prefix in said
    assert secret_of(token) not in said + str(list(Context.objects.values_list("metadata", flat=True)))


@pytest.mark.parametrize("scopes", [[], ["jobs:read"]])
def test_refusals_of_the_api_are_logged_without_the_secret(caplog: pytest.LogCaptureFixture, scopes: list[str]):
    key, token = ApiKey.objects.issue(name="shop", scopes=scopes)
    if not scopes:
        ApiKey.objects.revoke(key.prefix, now=timezone.now())

    with caplog.at_level(logging.WARNING, logger="gateway"):
        client_of(token).get("/api/v1/contacts/")

    assert f"Refused GET /api/v1/contacts/ to {key.prefix}" in caplog.text
    assert secret_of(token) not in caplog.text


def test_refusals_of_the_admin_are_logged_with_the_user(caplog: pytest.LogCaptureFixture):
    user = UserFactory(is_staff=True)
    client = Client()
    client.force_login(user)

    client.get(reverse("admin:crm_contact_changelist"))

    assert caplog.messages == [f"Refused GET /admin/crm/contact/ to {user.username}."]


def test_refusals_of_whoever_is_not_logged_in_are_logged(caplog: pytest.LogCaptureFixture):
    caplog.set_level(logging.WARNING, logger="config")

    response = Client(enforce_csrf_checks=True).post(reverse("account_login"), {"login": "ana"})

    assert response.status_code == 403
    assert "Refused POST /accounts/login/ to somebody who is not logged in." in caplog.messages
