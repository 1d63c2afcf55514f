"""At what stage people are: by their records, and by what they brought."""

from datetime import UTC, datetime

import pytest

from crm.contact_page import contact_header, records_of
from crm.duplicates.joining import survivor_first
from crm.merging.preview import side_by_side
from crm.models import Contact, ConversionKind, DuplicateSuggestion
from crm.search import find_people, refresh_search_text
from tests.api_clients import client_with
from tests.factories.crm import ContactFactory, ConversionFactory, RefundFactory

pytestmark = pytest.mark.django_db

BOUGHT = datetime(2026, 3, 20, 12, tzinfo=UTC)


def nothing(contact: Contact) -> None:
    """Nothing happens: the record's own word stands."""


def order(contact: Contact) -> None:
    ConversionFactory(contact=contact)


def donation(contact: Contact) -> None:
    ConversionFactory(contact=contact, kind_id="donation")


def order_of_a_merged_record(contact: Contact) -> None:
    ConversionFactory(contact=ContactFactory(merged_into=contact))


def order_all_taken_back(contact: Contact) -> None:
    bought = ConversionFactory(contact=contact)
    RefundFactory(refund_of_external_id=bought.external_id, amount=bought.amount)


def sign_up(contact: Contact) -> None:
    ConversionFactory(contact=contact, kind_id="sign_up", amount=0, currency=None)


def voided_order(contact: Contact) -> None:
    ConversionFactory(contact=contact, voided_at=BOUGHT)


def order_of_somebody_else(contact: Contact) -> None:
    ConversionFactory(contact=ContactFactory())


MAKE_CUSTOMERS = [order, donation, order_of_a_merged_record, order_all_taken_back]
MAKE_NONE = [nothing, sign_up, voided_order, order_of_somebody_else]


def stage_everywhere(contact: Contact) -> set[str]:
    """Return what every place says of the stage of this person; one of them where all agree."""
    refresh_search_text([contact.pk])
    api = client_with("contacts:read")
    one = api.get(f"/api/v1/contacts/{contact.pk}/")
    page = api.get(f"/api/v1/contacts/{contact.pk}/overview/")
    assert (one.status_code, page.status_code) == (200, 200)
    said = {one.json()["stage"], page.json()["stage"]}
    said |= {found.stage for found in find_people("Joe Bloggs", with_addresses=False)}
    for stage in Contact.Stage.values:
        listed = api.get("/api/v1/contacts/", {"stage": stage, "search": "Joe Bloggs"}).json()["results"]
        said |= {stage} if [row["id"] for row in listed] == [contact.pk] else set()
    return said


@pytest.mark.parametrize("stage", Contact.Stage.values)
@pytest.mark.parametrize("happen", MAKE_CUSTOMERS)
def test_whoever_brought_something_of_value_is_a_customer_everywhere(happen, stage):
    joe = ContactFactory(full_name="Joe Bloggs", stage=stage)
    happen(joe)

    assert stage_everywhere(joe) == {"customer"}
    assert Contact.objects.get(pk=joe.pk).stage == stage  # what the record says stays


@pytest.mark.parametrize("stage", Contact.Stage.values)
@pytest.mark.parametrize("happen", MAKE_NONE)
def test_anybody_else_is_what_the_record_says(happen, stage):
    joe = ContactFactory(full_name="Joe Bloggs", stage=stage)
    happen(joe)

    assert stage_everywhere(joe) == {stage}


def test_page_says_since_when_somebody_is_a_customer_to_those_who_may_see_what_was_bought():
    joe = ContactFactory(full_name="Joe Bloggs")
    sign_up(joe)
    ConversionFactory(contact=joe, occurred_at=BOUGHT)
    records = records_of(joe.pk)

    seen = contact_header(records, may=lambda permission: True)
    hidden = contact_header(records, may=lambda permission: permission != "crm.view_conversion")

    assert [(reached.stage, reached.at) for reached in seen.stages if reached.stage == "customer"] == [
        ("customer", BOUGHT)
    ]
    assert (seen.stage, hidden.stage) == ("customer", "customer")
    assert [reached for reached in hidden.stages if reached.stage == "customer"] == []


def test_whoever_may_not_see_what_was_bought_is_told_no_date_that_it_proves_wrong():
    joe = ContactFactory(full_name="Joe Bloggs", stage="customer")  # written down today
    ConversionFactory(contact=joe, occurred_at=BOUGHT)
    eve = ContactFactory(full_name="Eve", stage="customer")

    def told(contact):
        header = contact_header(records_of(contact.pk), may=lambda permission: permission != "crm.view_conversion")
        return header.stage, [reached.because for reached in header.stages]

    assert told(joe) == ("customer", [])
    assert told(eve) == ("customer", ["on record"])


def test_a_kind_made_by_hand_says_itself_whether_it_makes_customers():
    joe = ContactFactory(full_name="Joe Bloggs")
    kind = ConversionKind.objects.create(key="booking", label="Booking", has_value=False)
    ConversionFactory(contact=joe, kind_id=kind.key)
    assert stage_everywhere(joe) == {"lead"}

    kind.has_value = True
    kind.save()

    assert stage_everywhere(joe) == {"customer"}


def test_merge_preview_says_what_both_are_and_what_they_are_together():
    lead, buyer = ContactFactory(full_name="Joe"), ContactFactory(full_name="Joe Bloggs", stage="audience")
    order(buyer)

    pair = side_by_side(lead.pk, buyer.pk)
    shown = client_with("contacts:read", "contacts:merge").get(
        f"/api/v1/contacts/{lead.pk}/merge-preview/", {"with": buyer.pk}
    )

    assert (pair.survivor_stage, pair.loser_stage, pair.stage) == ("lead", "customer", "customer")
    assert shown.status_code == 200, shown.json()
    said = shown.json()
    assert (said["survivor"]["stage"], said["loser"]["stage"], said["stage"]) == ("lead", "customer", "customer")


def test_whoever_bought_stays_when_two_are_joined():
    lead, buyer = ContactFactory(full_name="Joe"), ContactFactory(full_name="Joe Bloggs", stage="audience")
    order(buyer)

    assert survivor_first(lead.pk, buyer.pk) == (buyer.pk, lead.pk)


def test_admin_lists_and_filters_by_what_people_are_by_now(admin_client):
    buyer, lead = ContactFactory(full_name="Joe Bloggs"), ContactFactory(full_name="Ada Lead")
    order(buyer)
    DuplicateSuggestion.objects.create(first=buyer, second=lead, score=60, reasons=[], found_at=BOUGHT)

    def shown(stage: str) -> list[int]:
        page = admin_client.get("/admin/crm/contact/", {"stage": stage})
        assert page.status_code == 200
        return [contact.pk for contact in page.context["cl"].result_list]

    assert (shown("customer"), shown("lead"), shown("audience")) == ([buyer.pk], [lead.pk], [])
    pairs = admin_client.get("/admin/crm/duplicatesuggestion/").content.decode()
    assert pairs.index("customer") < pairs.index("Ada Lead")
