"""Writing contacts, conversions and campaigns in the admin: what is stored, what is refused and where it says so."""

import datetime as dt
import re
from decimal import Decimal

import pytest
from django.contrib import admin
from django.contrib.auth.models import Permission
from django.db import connection
from django.http import HttpResponse
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from django.utils.html import escape, strip_tags

from crm.merging import merge
from crm.models import Campaign, Company, Contact, ContactPoint, Conversion
from crm.search import refresh_search_text
from gateway.history import history_of
from gateway.screen import told
from tests.admin_clients import who_may_all
from tests.admin_forms import added, errors_of, posted
from tests.factories.community import UserFactory
from tests.factories.crm import (
    CampaignFactory,
    CompanyFactory,
    ContactFactory,
    ConversionFactory,
    EmailFactory,
    RefundFactory,
)
from tests.sending import send_one

pytestmark = pytest.mark.django_db

VOIDED = dt.datetime(2026, 4, 1, tzinfo=dt.UTC)


@pytest.fixture
def ana() -> Client:
    """Ana, who may do everything."""
    return who_may_all(username="ana", first_name="Ana", last_name="Lind")


def test_contact_added_with_an_address_is_found_by_a_part_of_it(ana: Client):
    add = reverse("admin:crm_contact_add")
    page = ana.get(add)

    answer = ana.post(
        add,
        posted(page, full_name="Åse Bloggs", tags="vip, course")
        | added(page, "points", 0, kind="email", raw="Ase.Bloggs@Example.com"),
    )

    assert answer.status_code == 302
    contact = Contact.objects.get(full_name="Åse Bloggs")
    assert contact.tags == ["vip", "course"]
    assert contact.points.get().normalised == "ase.bloggs@example.com"
    found = ana.get(reverse("admin:crm_contact_changelist"), {"q": "åse ase.bl"})
    assert [row.pk for row in found.context["cl"].result_list] == [contact.pk]


def details_of(contact: Contact) -> str:
    return reverse("admin:crm_contact_change", args=[contact.pk]) + "?tab=details"


def test_country_is_chosen_by_name_and_read_by_name(ana: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    change = details_of(contact)
    page = ana.get(change)

    choices = page.context["adminform"].form["country"].field.choices
    assert [name for code, name in choices][:3] == ["Select value", "Afghanistan", "Åland Islands"]
    ana.post(change, posted(page, country="IE"))
    assert Contact.objects.get(pk=contact.pk).country == "IE"
    shown = ana.get(reverse("admin:crm_contact_change", args=[contact.pk])).content.decode()
    assert "lives in Ireland" in shown
    assert "lives in IE" not in shown


def test_contact_with_a_new_name_is_found_by_it(ana: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    change = details_of(contact)

    ana.post(change, posted(ana.get(change), full_name="Joseph Bloggs"))

    contact.refresh_from_db()
    assert contact.search_text == "joseph bloggs"


def test_contact_search_leaves_the_column_as_its_index_has_it(ana: Client):
    with CaptureQueriesContext(connection) as queries:
        ana.get(reverse("admin:crm_contact_changelist"), {"q": "Bloggs"})

    searches = [query["sql"] for query in queries if "LIKE" in query["sql"]]
    assert searches
    assert all('"search_text"::text LIKE \'%' in search and "UPPER(" not in search for search in searches)


@pytest.mark.parametrize(
    ("kind", "raw", "sentence"),
    [
        ("email", "joe at example", "This is not an e-mail address. Give one such as joe@example.com."),
        (
            "phone",
            "call me",
            "This is not a telephone number. Give it with its country code, such as +44 20 7946 0000.",
        ),
    ],
)
def test_contact_address_that_cannot_be_one_is_refused_beside_its_field(
    ana: Client, kind: str, raw: str, sentence: str
):
    contact = ContactFactory()
    change = details_of(contact)
    page = ana.get(change)

    answer = ana.post(change, posted(page) | added(page, "points", 0, kind=kind, raw=raw))

    assert errors_of(answer) == {"points-0-raw": [sentence]}
    assert not ContactPoint.objects.exists()


def test_somebody_new_with_an_address_that_a_person_has_is_asked_about_and_added_all_the_same(ana: Client):
    bea = ContactFactory(full_name="Bea <Bloggs>")
    had = ContactFactory(full_name="B. Bloggs")
    EmailFactory(contact=had, raw="Bea@example.com", normalised="bea@example.com")
    merge(survivor_id=bea.pk, loser_id=had.pk, by_user_id=UserFactory().pk, now=VOIDED)
    add = reverse("admin:crm_contact_add")
    page = ana.get(add)
    data = posted(page, full_name="Beatrix Bloggs") | added(page, "points", 0, kind="email", raw="BEA@example.com")

    asked = ana.post(add, data)

    assert errors_of(asked) == {
        "points-0-raw": [
            f'<a href="/admin/crm/contact/{bea.pk}/change/" class="text-link" target="_blank">Bea &lt;Bloggs&gt;</a> '
            "has this address already. Is it the same person? "
            '<label><input type="checkbox" name="points-0-anyway"> Somebody else: add them all the same</label>'
        ]
    }
    assert errors_of(asked)["points-0-raw"][0] in asked.content.decode()
    assert not Contact.objects.filter(full_name="Beatrix Bloggs").exists()

    answer = ana.post(add, data | {"points-0-anyway": "on"})

    new = Contact.objects.get(full_name="Beatrix Bloggs")
    assert new.points.get().normalised == "bea@example.com"
    assert answer.url == reverse("admin:crm_contact_change", args=[new.pk])


def test_whoever_may_not_see_addresses_is_not_told_who_has_one():
    EmailFactory(raw="joe@example.com", normalised="joe@example.com")
    writer = UserFactory(is_staff=True)
    may = ["view_contact", "add_contact", "change_contact", "add_contactpoint"]
    writer.user_permissions.set(Permission.objects.filter(codename__in=may))
    client = Client()
    client.force_login(writer)
    page = client.get(reverse("admin:crm_contact_add"))
    data = posted(page, full_name="Joe") | added(page, "points", 0, kind="email", raw="joe@example.com")

    assert client.post(reverse("admin:crm_contact_add"), data).status_code == 302


def test_contact_has_an_address_once(ana: Client):
    contact = ContactFactory()
    EmailFactory(contact=contact, raw="joe@example.com", normalised="joe@example.com")
    change = details_of(contact)
    page = ana.get(change)

    answer = ana.post(change, posted(page) | added(page, "points", 1, kind="email", raw="JOE@example.com"))

    assert answer.status_code == 200
    assert errors_of(answer) == {"points-1-raw": ["The contact has this address already."]}


def test_contact_custom_fields_are_names_and_values(ana: Client):
    contact = ContactFactory()
    change = details_of(contact)

    deep = '{"plan": ' + "[" * 40 + "]" * 40 + "}"
    too_large = '{"plan": 1e20}'
    shown = ana.get(change)
    for wrong in ('["gold"]', '{"plan": "\\u0000"}', '{"plan": NaN}', "{", "9" * 5000, too_large, deep, '"gold"'):
        answer = ana.post(change, posted(shown, custom_fields=wrong))
        assert list(errors_of(answer)) == ["custom_fields"], wrong[:20]
    for right, kept in (('{"plan": "gold", "size": 43}', {"plan": "gold", "size": 43}), ("", {})):
        assert ana.post(change, posted(ana.get(change), custom_fields=right)).status_code == 302
        contact.refresh_from_db()
        assert contact.custom_fields == kept


def test_contact_history_says_who_changed_what_through_what(ana: Client):
    contact = ContactFactory(full_name="Joe Bloggs")
    change = details_of(contact)
    ana.post(change, posted(ana.get(change), full_name="Joseph Bloggs"))

    page = ana.get(reverse("admin:crm_contact_history", args=[contact.pk]))

    changed, created = page.context["entries"]
    assert (changed.who, changed.through, changed.kind) == ("Ana Lind", "admin", "changed")
    assert [(step.label, step.before, step.after) for step in changed.changes] == [
        ("full name", "Joe Bloggs", "Joseph Bloggs")
    ]
    assert created.kind == "created"


def test_conversion_is_voided_with_a_reason_and_then_only_to_look_at(ana: Client):
    conversion = ConversionFactory()
    void = reverse("admin:crm_conversion_void", args=[conversion.pk])

    refused = ana.post(void, {"reason": ""})
    assert refused.status_code == 200
    assert refused.context["form"].errors == {"reason": ["This field is required."]}

    assert ana.post(void, {"reason": "paid twice"}).status_code == 302
    conversion.refresh_from_db()
    assert (conversion.voided_at is None, conversion.void_reason) == (False, "paid twice")
    change = reverse("admin:crm_conversion_change", args=[conversion.pk])
    assert ana.post(change, {"amount": "1"}).status_code == 403
    assert [button["label"] for button in ana.get(change).context["reason_buttons"]] == ["Restore"]


@pytest.mark.parametrize(
    ("currency", "amount", "refunded"), [("EUR", "390.00", "9.00"), ("JPY", "390", "9"), ("KWD", "390.500", "9.000")]
)
def test_forms_and_histories_show_amounts_with_the_decimals_of_their_currency(
    ana: Client, currency: str, amount: str, refunded: str
):
    campaign = CampaignFactory(budget=Decimal(amount), currency=currency)
    ConversionFactory(source="shop", external_id="o-1", amount=Decimal(amount), currency=currency)
    refund = RefundFactory(refund_of_source="shop", refund_of_external_id="o-1", amount=Decimal("9"))

    form = ana.get(reverse("admin:crm_campaign_change", args=[campaign.pk])).context["adminform"].form
    assert str(form["budget"].initial) == amount
    form = ana.get(reverse("admin:crm_conversion_change", args=[refund.pk])).context["adminform"].form
    assert str(form["amount"].initial) == refunded
    history = ana.get(reverse("admin:crm_campaign_history", args=[campaign.pk]))
    assert f"budget: {amount} currency: {currency}" in " ".join(strip_tags(history.content.decode()).split())


def test_conversion_that_was_voided_by_mistake_is_restored_with_a_reason_that_its_history_keeps(ana: Client):
    conversion = ConversionFactory(external_id="o-1", amount=Decimal("390.00"))
    void, restore, change = (
        reverse(f"admin:crm_conversion_{name}", args=[conversion.pk]) for name in ("void", "restore", "change")
    )
    ana.post(void, {"reason": "a test order"})
    conversion.refresh_from_db()

    page = ana.get(change)
    assert page.context["out"] == f"Voided {told(conversion.voided_at)}: a test order"
    assert '<s class="kith-number">390.00 <span class="kith-unit">EUR</span></s>' in page.content.decode()
    assert ana.post(restore, {"reason": ""}).context["form"].errors == {"reason": ["This field is required."]}
    assert "Restore 1 conversion" in ana.get(restore).content.decode()
    assert ana.post(restore, {"reason": "Joe did buy two"}).status_code == 302

    conversion.refresh_from_db()
    assert (conversion.voided_at, conversion.void_reason) == (None, "")
    page = ana.get(change)
    assert ([button["label"] for button in page.context["reason_buttons"]], page.context["out"]) == (
        ["Refund", "Void"],
        "",
    )
    restored, why, voided, _ = history_of(conversion)
    assert {restored.who, why.who, voided.who} == {"Ana Lind"}
    assert [(step.label, step.after) for step in restored.changes] == [("voided at", None), ("void reason", "")]
    assert [(step.label, step.before, step.after) for step in why.changes] == [
        ("void reason", "a test order", "Joe did buy two")
    ]
    assert send_one("conversions", source=conversion.source, external_id="o-1", order_number="7").status == "updated"


def test_conversions_ticked_in_the_list_are_restored_together(ana: Client):
    voided, standing = ConversionFactory(voided_at=VOIDED, void_reason="test"), ConversionFactory()
    url = reverse("admin:crm_conversion_changelist")
    ticked = {"action": "restore_selected", "_selected_action": [voided.pk, standing.pk]}

    assert "Restore 2 conversions" in ana.post(url, ticked).content.decode()
    page = ana.post(url, {**ticked, "reason": "no test orders"}, follow=True)

    assert "Restored 1 conversion." in page.content.decode()
    assert not Conversion.objects.exclude(voided_at=None).exists()


def cells_of(page: HttpResponse) -> list[str]:
    """Return whose the only conversion of a list is, what it is worth, and its order number."""
    shown = page.context["cl"]
    (row,) = shown.result_list
    cells = [getattr(shown.model_admin, f"shown_{name}")(row) for name in ("contact", "amount", "order_number")]
    return [strip_tags(cell).strip() for cell in cells]


def test_conversions_ticked_in_the_list_are_voided_together(ana: Client):
    first, second, other = (ConversionFactory() for _ in range(3))
    url = reverse("admin:crm_conversion_changelist")
    ticked = {"action": "void_selected", "_selected_action": [first.pk, second.pk]}

    asked = ana.post(url, ticked)
    assert "Void 2 conversions" in asked.content.decode()
    ana.post(url, {**ticked, "reason": "test orders"})

    assert set(Conversion.objects.filter(void_reason="test orders").values_list("pk", flat=True)) == {
        first.pk,
        second.pk,
    }
    other.refresh_from_db()
    assert other.voided_at is None


def confirmed(client: Client, url: str, action: str, first_page: list[int], **said: str) -> HttpResponse:
    """Choose an action for all rows of a list, and confirm it by what the page that asks has in its form."""
    asked = client.post(url, {"action": action, "select_across": "1", "_selected_action": first_page})
    hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', asked.content.decode())
    given: dict[str, list[str]] = {}
    for name, value in hidden:
        given.setdefault(name, []).append(value)
    return client.post(url, {**given, **said})


def test_all_of_a_long_list_is_voided_and_deleted_at_once(ana: Client):
    Conversion.objects.bulk_create(ConversionFactory.build_batch(1_100))
    Company.objects.bulk_create(Company(name=f"Spam {n}") for n in range(1_100))
    conversion, company = Conversion.objects.latest("pk"), Company.objects.latest("pk")

    voided = confirmed(ana, reverse("admin:crm_conversion_changelist"), "void_selected", [conversion.pk], reason="spam")
    deleted = confirmed(ana, reverse("admin:crm_company_changelist"), "delete_selected", [company.pk])

    assert (voided.status_code, deleted.status_code) == (302, 302)
    assert Conversion.objects.filter(void_reason="spam").count() == 1_100
    assert Company.objects.count() == 0


def test_more_rows_than_one_transaction_takes_are_not_voided(ana: Client, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr("gateway.admin.reasons.MOST_AT_ONCE", 2)
    orders = [ConversionFactory().pk for _ in range(3)]
    url = reverse("admin:crm_conversion_changelist")

    few = ana.post(url, {"action": "void_selected", "_selected_action": orders[:2]})
    many = ana.post(url, {"action": "void_selected", "_selected_action": orders}, follow=True)

    assert "Void 2 conversions" in few.content.decode()
    assert [str(message) for message in many.context["messages"]] == ["2 at most at once: filter the list first."]


def test_a_refund_shows_whose_it_is_and_what_of_as_soon_as_its_original_is_there(ana: Client):
    url = reverse("admin:crm_conversion_changelist")
    RefundFactory(refund_of_external_id="o-1")
    lonely = cells_of(ana.get(url))
    contact = ContactFactory(full_name="Joe Bloggs")
    ConversionFactory(
        external_id="o-1", contact=contact, order_number="HL-7", currency="JPY", voided_at=VOIDED, void_reason="test"
    )

    refund = cells_of(ana.get(url, {"refund": "yes"}))

    assert lonely == ["–", "-10.00", "–"]
    assert refund == ["Joe Bloggs", "-10 JPY", "of HL-7"]


def test_voided_conversions_can_be_set_apart(ana: Client):
    standing = ConversionFactory()
    voided = ConversionFactory(voided_at=VOIDED, void_reason="test")
    url = reverse("admin:crm_conversion_changelist")

    def shown(**filters: str) -> list[int]:
        return [row.pk for row in ana.get(url, filters).context["cl"].result_list]

    assert shown(standing="yes") == [standing.pk]
    assert shown(standing="no") == [voided.pk]
    assert "<s class=" in ana.get(url).content.decode()


def test_what_was_bought_is_refunded_from_its_page(ana: Client):
    bought = ConversionFactory(source="shop", external_id="o&1", order_number="HL-7", amount=Decimal("390.00"))
    page = reverse("admin:crm_conversion_change", args=[bought.pk])
    (refund,) = [button for button in ana.get(page).context["reason_buttons"] if button["label"] == "Refund"]

    form = ana.get(refund["url"])
    assert "a part or all of order HL-7, 390.00 EUR, whose" in form.content.decode()
    assert set(form.context["adminform"].form.fields) == {
        *("refund_of_source", "refund_of_external_id", "occurred_at", "amount", "margin", "source", "external_id")
    }
    assert errors_of(ana.post(refund["url"], posted(form))) == {"amount": ["This field is required."]}
    answer = ana.post(refund["url"], posted(form, amount="50"))

    assert answer.status_code == 302
    made = Conversion.objects.exclude(pk=bought.pk).get()
    assert (made.refund_of_source, made.refund_of_external_id, made.amount) == ("shop", "o&1", Decimal("50.000"))
    assert (made.contact, made.kind, made.currency, made.known_currency) == (None, None, None, "EUR")
    assert abs(made.occurred_at - timezone.now()) < dt.timedelta(minutes=2)


def test_only_what_a_refund_can_name_and_counts_is_offered_to_be_refunded(ana: Client):
    by_hand = ConversionFactory(source=None, external_id=None)
    voided = ConversionFactory(source="shop", external_id="o-1", voided_at=timezone.now(), void_reason="a test")
    refund = RefundFactory(source="shop", external_id="r-1", refund_of_source="shop", refund_of_external_id="o-1")

    for conversion in (by_hand, voided, refund):
        page = ana.get(reverse("admin:crm_conversion_change", args=[conversion.pk]))
        assert "Refund" not in [button["label"] for button in page.context["reason_buttons"]]
    add = reverse("admin:crm_conversion_add")
    for external_id in ("o-1", "r-1", "unknown"):
        form = ana.get(add, {"refund_of_source": "shop", "refund_of_external_id": external_id})
        assert "kind" in form.context["adminform"].form.fields


def test_refund_finer_than_the_currency_of_its_original_is_refused_beside_the_amount(ana: Client):
    ConversionFactory(source="shop", external_id="o-1", currency="JPY", amount=1000)
    add = reverse("admin:crm_conversion_add")
    typed = {"occurred_at_0": "2026-03-20", "occurred_at_1": "12:00"}
    typed |= {"refund_of_source": "shop", "refund_of_external_id": "o-1"}

    half = ana.post(add, posted(ana.get(add), **typed, amount="10.50"))
    other = ana.post(add, posted(ana.get(add), **typed, amount="10", currency="EUR"))

    assert errors_of(half) == {"amount": ["10.50 JPY has more than 0 decimal places."]}
    assert errors_of(other) == {"currency": ["A refund is in the currency of its original, which is JPY."]}
    assert ana.post(add, posted(ana.get(add), **typed, amount="10")).status_code == 302


def test_voiding_and_restoring_need_the_permission_to_change():
    conversion, voided = ConversionFactory(), ConversionFactory(voided_at=VOIDED, void_reason="test")
    reader = UserFactory(is_staff=True)
    reader.user_permissions.set(Permission.objects.filter(codename="view_conversion"))
    client = Client()
    client.force_login(reader)

    page = client.get(reverse("admin:crm_conversion_change", args=[conversion.pk]))
    answer = client.post(reverse("admin:crm_conversion_void", args=[conversion.pk]), {"reason": "no"})
    client.post(
        reverse("admin:crm_conversion_changelist"),
        {"action": "void_selected", "_selected_action": [conversion.pk], "reason": "no"},
    )
    restored = client.post(reverse("admin:crm_conversion_restore", args=[voided.pk]), {"reason": "no"})
    client.post(
        reverse("admin:crm_conversion_changelist"),
        {"action": "restore_selected", "_selected_action": [voided.pk], "reason": "no"},
    )

    assert page.context["reason_buttons"] == []
    assert (answer.status_code, restored.status_code) == (403, 403)
    assert list(Conversion.objects.filter(voided_at=None)) == [conversion]


def test_conversion_amount_finer_than_a_cent_is_refused_beside_the_amount(ana: Client):
    conversion = ConversionFactory()
    change = reverse("admin:crm_conversion_change", args=[conversion.pk])

    answer = ana.post(change, posted(ana.get(change), amount="10.005"))

    assert errors_of(answer) == {"amount": ["The amount is finer than the smallest unit of its currency."]}


def test_reporting_currency_has_no_exchange_rate(ana: Client):
    add = reverse("admin:crm_exchangerate_add")
    typed = {"date": "2026-03-20", "rate": "2"}

    refused = ana.post(add, posted(ana.get(add), **typed, currency="EUR"))

    assert errors_of(refused) == {
        "currency": ["EUR is the reporting currency: figures are in it, and need no rate for it."]
    }
    assert ana.post(add, posted(ana.get(add), **typed, currency="CHF")).status_code == 302


def test_conversion_needs_a_kind_unless_it_is_a_refund(ana: Client):
    add = reverse("admin:crm_conversion_add")
    values = {"occurred_at_0": "2026-03-20", "occurred_at_1": "12:00", "amount": "10"}

    answer = ana.post(add, posted(ana.get(add), **values))
    refund = ana.post(add, posted(ana.get(add), **values, refund_of_source="shop", refund_of_external_id="o1"))

    assert "A refund takes contact and kind from its original; all else needs a kind." in answer.content.decode()
    assert refund.status_code == 302


def test_conversion_times_are_read_in_the_organisations_zone(ana: Client, settings):
    add = reverse("admin:crm_conversion_add")
    summer_noon = {"occurred_at_0": "2026-07-01", "occurred_at_1": "12:00"}

    ana.post(add, posted(ana.get(add), kind="purchase", amount="10", currency="EUR", **summer_noon))

    assert settings.KITH_TIME_ZONE == "Europe/London"
    assert Conversion.objects.get().occurred_at == dt.datetime(2026, 7, 1, 11, tzinfo=dt.UTC)


# The clocks of London went back on 26 October 2025 at 2:00, from UTC+1 to UTC, and forward on 30 March at 1:00.
FIRST = dt.datetime(2025, 10, 26, 0, 30, tzinfo=dt.UTC)
SECOND = dt.datetime(2025, 10, 26, 1, 30, 15, 123_456, tzinfo=dt.UTC)


def test_a_time_in_the_hour_that_comes_twice_stays_unless_changed_and_is_then_the_first(ana: Client):
    conversion = ConversionFactory(occurred_at=SECOND)
    change = reverse("admin:crm_conversion_change", args=[conversion.pk])

    assert ana.post(change, posted(ana.get(change), order_number="HL-1")).status_code == 302
    assert Conversion.objects.get().occurred_at == SECOND
    for day, at in (("2025-10-26", FIRST), ("2025-03-30", dt.datetime(2025, 3, 30, 1, 30, tzinfo=dt.UTC))):
        times = {"occurred_at_0": day, "occurred_at_1": "01:30"}
        assert ana.post(change, posted(ana.get(change), **times)).status_code == 302
        assert Conversion.objects.get().occurred_at == at


def test_a_time_that_the_api_refuses_is_refused_in_forms_of_the_admin_and_their_rows(ana: Client):
    conversion, contact = ConversionFactory(), ContactFactory()
    EmailFactory(contact=contact)
    change = reverse("admin:crm_conversion_change", args=[conversion.pk])
    refusal = ["Give a time between the years 1900 and 2999."]

    for day in ("0001-01-01", "0026-11-29", "1899-12-31", "3000-01-01", "9999-12-31"):
        times = {"occurred_at_0": day, "occurred_at_1": "12:00"}
        assert errors_of(ana.post(change, posted(ana.get(change), **times))) == {"occurred_at": refusal}
    row = {"points-0-verified_at_0": "0026-11-29", "points-0-verified_at_1": "12:00"}
    answer = ana.post(details_of(contact), posted(ana.get(details_of(contact)), **row))
    assert errors_of(answer) == {"points-0-verified_at": refusal}


def test_campaign_code_is_refused_when_taken_in_another_case(ana: Client):
    CampaignFactory(code="Spring")
    add = reverse("admin:crm_campaign_add")

    answer = ana.post(add, posted(ana.get(add), code="SPRING"))

    assert "Another campaign has this code (case does not count)." in answer.content.decode()


def test_new_campaign_is_given_a_budget_without_naming_the_reporting_currency(ana: Client):
    add = reverse("admin:crm_campaign_add")

    assert ana.post(add, posted(ana.get(add), code="winter", budget="1500")).status_code == 302
    assert ana.post(add, posted(ana.get(add), code="spring")).status_code == 302
    assert ana.post(add, posted(ana.get(add), code="summer", currency="")).status_code == 302

    campaigns = Campaign.objects.order_by("code").values_list("code", "budget", "currency")
    assert list(campaigns) == [
        ("spring", None, "EUR"),
        ("summer", None, None),
        ("winter", Decimal("1500.000"), "EUR"),
    ]


def test_campaign_dates_are_refused_beside_the_one_that_was_changed(ana: Client):
    campaign = CampaignFactory(starts_on=dt.date(2026, 3, 1), ends_on=dt.date(2026, 3, 31))
    change = reverse("admin:crm_campaign_change", args=[campaign.pk])

    answer = ana.post(change, posted(ana.get(change), ends_on="2026-02-28"))

    assert errors_of(answer) == {"ends_on": ["A campaign cannot end before it starts."]}


def test_campaign_below_itself_is_refused_beside_the_parent(ana: Client):
    year = CampaignFactory(code="year")
    spring = CampaignFactory(code="spring", parent=year)

    page = ana.post(
        reverse("admin:crm_campaign_change", args=[year.pk]),
        {"code": "year", "status": "planned", "parent": spring.pk},
    )

    assert page.context["adminform"].form.errors == {
        "parent": ["A campaign cannot be its own parent, nor stand below itself."]
    }


def test_campaigns_are_archived_from_the_list(ana: Client):
    campaign = CampaignFactory()
    before = campaign.updated_at

    ana.post(
        reverse("admin:crm_campaign_changelist"), {"action": "archive_selected", "_selected_action": [campaign.pk]}
    )

    campaign.refresh_from_db()
    assert campaign.status == Campaign.Status.ARCHIVED
    assert campaign.updated_at > before  # clients that ask for what changed hear of it


def test_empty_list_says_what_to_do_next(ana: Client):
    page = ana.get(reverse("admin:crm_campaign_changelist")).content.decode()

    assert "No campaigns yet" in page
    assert "book its costs on it" in page


def test_list_without_a_match_offers_all(ana: Client):
    CampaignFactory()

    assert "Nothing matches" in ana.get(reverse("admin:crm_campaign_changelist"), {"q": "zebra"}).content.decode()


def test_list_of_contacts_shows_persons_and_finds_them_by_what_was_merged_into_them(ana: Client):
    joe = ContactFactory(full_name="Joe Bloggs")
    ContactFactory(full_name="Joseph Blog", merged_into=joe)
    ContactFactory(full_name="Ines Berg")
    refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))

    def named(**asked: str) -> list[str]:
        page = ana.get(reverse("admin:crm_contact_changelist"), asked)
        return sorted(str(contact) for contact in page.context["cl"].result_list)

    assert named() == ["Ines Berg", "Joe Bloggs"]
    assert named(merged="merged") == ["Joseph Blog"]
    assert named(merged="records") == ["Ines Berg", "Joe Bloggs", "Joseph Blog"]
    assert named(q="joseph") == ["Joe Bloggs"]
    assert named(q="joseph", merged="records") == ["Joseph Blog"]


@pytest.mark.parametrize("name", ["contact", "company"])
def test_a_text_too_long_to_search_by_is_cut_and_the_list_says_so(ana: Client, name: str):
    """Each word is compared with every row: two thousand of them, which fit an address, take a minute."""
    joe = ContactFactory(full_name="Joe Bloggs", company=CompanyFactory(name="Joe"))
    refresh_search_text([joe.pk])
    address = reverse(f"admin:crm_{name}_changelist")

    whole, cut = (ana.get(address, {"q": text}) for text in ("joe " * 79 + "zzz", "joe " * 80 + "zzz"))

    assert [page.context["cl"].result_count for page in (whole, cut)] == [0, 1]
    said = "only its first 320 characters were looked for"
    assert [said in page.content.decode() for page in (whole, cut)] == [False, True]


def test_every_page_of_a_contact_shows_a_name_that_is_markup_as_text(ana: Client):
    """Whoever calls themselves so on a forum would act as the administrator who opens the page."""
    markup = '<b x-data x-init="act()">Joe'
    joe = ContactFactory(
        full_name=markup, preferred_name=markup, motivation=markup, tags=[markup], custom_fields={markup: markup}
    )
    other = ContactFactory(full_name=f"{markup} Bloggs")
    contacts = admin.site.get_model_admin(Contact)
    routes = {route.name for route in contacts.get_urls() if len(route.pattern.converters) == 1}
    pages = {name: reverse(f"admin:{name}", args=[joe.pk]) for name in routes if name and not name.endswith("_file")}
    assert {"crm_contact_change", "crm_contact_erase", "crm_contact_merge", "crm_contact_wishes"} <= set(pages)

    shown = {}
    for name, page in pages.items():
        answers = [ana.get(page), ana.get(f"{page}?with={other.pk}"), ana.get(f"{page}?tab=timeline"), ana.post(page)]
        shown[name] = "".join(answer.content.decode() for answer in answers)

    assert [name for name, text in shown.items() if markup in text] == []
    assert sum(escape(markup) in text for text in shown.values()) >= 8


def test_list_of_contacts_is_narrowed_to_a_tag_by_the_index_and_to_nobody_by_what_is_none(ana: Client):
    both, other = ContactFactory(full_name="Joe", tags=["vip", "spring 2026"]), ContactFactory(tags=["vip-2"])
    ContactFactory(full_name="Ines", tags=[])

    def named(**asked: str) -> list[str]:
        page = ana.get(reverse("admin:crm_contact_changelist"), asked)
        assert page.status_code == 200
        return sorted(str(contact) for contact in page.context["cl"].result_list)

    assert named(tag="vip") == ["Joe"]
    assert named(tag=" spring 2026 ") == ["Joe"]
    assert named(tag="vip-2", stage="lead") == [str(other)]
    assert named(tag="Vip") == named(tag="nobody") == named(tag="x" * 51) == []
    assert len(named(tag="")) == 3
    page = ana.get(reverse("admin:crm_contact_changelist"), {"tag": "vip"})
    assert 'value="vip"' in page.content.decode()
    with CaptureQueriesContext(connection) as plain:
        ana.get(reverse("admin:crm_contact_changelist"))
    with CaptureQueriesContext(connection) as narrowed:
        ana.get(reverse("admin:crm_contact_changelist"), {"tag": "vip"})
    assert len(narrowed) == len(plain)
    assert not [query for query in narrowed if "unnest" in query["sql"] or "DISTINCT" in query["sql"]]
    assert both.tags == ["vip", "spring 2026"]


@pytest.mark.parametrize("model", ["contact", "campaign"])
def test_lists_call_the_owner_by_name(ana: Client, model: str):
    make = {"contact": ContactFactory, "campaign": CampaignFactory}[model]
    make(owner=UserFactory(username="mia", first_name="Mia", last_name="Lind"))
    make(owner=UserFactory(username="kim"))
    make(owner=None)

    page = ana.get(reverse(f"admin:crm_{model}_changelist"))

    cells = re.findall(r'<td class="field-shown_owner[^>]*>(.*?)</td>', page.content.decode(), re.DOTALL)
    assert sorted(strip_tags(cell).strip() for cell in cells) == ["Mia Lind", "kim", "–"]


def test_search_over_the_whole_admin_tells_people_of_one_name_apart(ana: Client):
    ContactFactory(full_name="Joe Bloggs", known_as="joe_77", company=None)
    ContactFactory(full_name="Joe Bloggs", company=CompanyFactory(name="Acme"))
    ContactFactory(full_name="Joe Bloggs", company=None, stage="audience")
    refresh_search_text(list(Contact.objects.values_list("pk", flat=True)))

    page = ana.get(reverse("admin:search"), {"s": "joe bloggs", "extended": "1"}).content.decode()

    found = re.findall(r'font-medium">(.*?)</span>\s*<span[^>]*>(.*?)</span>', page)
    assert sorted(found) == [("Joe Bloggs", "Acme"), ("Joe Bloggs", "Audience"), ("Joe Bloggs", "joe_77")]


def test_search_over_the_whole_admin_gives_the_newest_few(ana: Client):
    contacts = [ContactFactory(search_text="bloggs") for _ in range(22)]

    page = ana.get(reverse("admin:search"), {"s": "bloggs", "extended": "1"}).content.decode()

    assert [reverse("admin:crm_contact_change", args=[contact.pk]) in page for contact in contacts] == [
        False,
        False,
        *[True] * 20,
    ]
