"""What is particular to conversions and campaigns over HTTP: money, refunds, guests, codes."""

import pytest

from crm.merging import merge
from crm.models import Contact
from tests.api_clients import client_with
from tests.factories.crm import ContactFactory, ConversionFactory, RefundFactory
from tests.sending import NOW

pytestmark = pytest.mark.django_db


@pytest.fixture
def api():
    return client_with(
        *(f"{key}:{verb}" for key in ("conversions", "campaigns", "contacts") for verb in ("read", "write"))
    )


def put(api, external_id, **fields):
    item = {"source": "shop", "external_id": external_id, "occurred_at": "2026-03-20T12:00:00Z", **fields}
    response = api.post("/api/v1/conversions/", item)
    assert response.status_code in (200, 201), response.json()
    return response.json()


@pytest.mark.parametrize(
    ("amount", "currency", "given"),
    [
        ("40", "EUR", "40.00"),
        ("40.5", "EUR", "40.50"),
        ("4000", "JPY", "4000"),
        ("4.125", "KWD", "4.125"),
        ("0", "EUR", "0.00"),
    ],
)
def test_amount_has_the_decimals_of_its_currency(api, amount, currency, given):
    record = put(api, "o1", kind="purchase", amount=amount, currency=currency)

    assert (record["amount"], record["currency"]) == (given, currency)


@pytest.mark.parametrize(("amount", "currency", "given"), [("100", "JPY", "100"), ("0.1", "KWD", "0.100")])
def test_amount_of_a_refund_has_the_decimals_of_its_originals_currency(api, amount, currency, given):
    put(api, "o1", kind="purchase", amount="4000", currency=currency)

    refund = put(api, "r1", amount=amount, refund_of={"source": "shop", "external_id": "o1"})

    assert (refund["amount"], refund["currency"]) == (given, None)
    assert api.get("/api/v1/conversions/?is_refund=true").json()["results"] == [refund]


@pytest.mark.parametrize(
    ("amount", "currency", "field", "code"),
    [
        (40.5, "EUR", "amount", "binary_fraction"),
        ("40.005", "EUR", "amount", "amount_too_fine"),
        ("40.1", "JPY", "amount", "amount_too_fine"),
        ("-1", "EUR", "amount", "out_of_range"),
        ("5497558138.88", "EUR", "amount", "amount_too_large"),  # 2^39 cents
        ("40", "XXX", "currency", "unknown_currency"),
        ("1e3", "EUR", "amount", "not_a_number"),
    ],
)
def test_amount_that_is_none_is_refused_with_its_reason(api, amount, currency, field, code):
    item = {"source": "shop", "external_id": "o1", "kind": "purchase", "occurred_at": "2026-03-20T12:00:00Z"}

    response = api.post("/api/v1/conversions/", {**item, "amount": amount, "currency": currency})

    assert response.status_code == 400
    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [(field, code)]


def test_naive_time_is_refused(api):
    item = {"source": "shop", "external_id": "o1", "kind": "download", "occurred_at": "2026-03-20T12:00:00"}

    response = api.post("/api/v1/conversions/", item)

    assert [(error["field"], error["code"]) for error in response.json()["errors"]] == [("occurred_at", "naive_time")]


def test_time_is_given_in_utc(api):
    record = put(api, "o1", kind="download", occurred_at="2026-03-20T12:00:00.25+05:30")

    assert record["occurred_at"] == "2026-03-20T06:30:00.250000Z"


def test_refund_names_its_original(api):
    put(api, "o1", kind="purchase", amount="40", currency="EUR", contact={"source": "shop", "external_id": "c1"})

    refund = put(api, "r1", amount="10.00", refund_of={"source": "shop", "external_id": "o1"})

    assert refund["refund_of"] == {"source": "shop", "external_id": "o1"}
    assert (refund["contact_id"], refund["kind"]) == (None, None)
    refunds = api.get("/api/v1/conversions/?is_refund=true").json()["results"]
    assert [record["external_id"] for record in refunds] == ["r1"]


def test_guest_order_has_no_contact(api):
    assert put(api, "o1", kind="purchase", amount="40", currency="EUR")["contact_id"] is None


def test_conversions_of_a_person_include_those_of_merged_contacts(api):
    ids = [
        put(api, f"o{n}", kind="download", contact={"source": "shop", "external_id": f"c{n}"})["contact_id"]
        for n in (1, 2)
    ]
    Contact.objects.filter(pk=ids[1]).update(merged_into_id=ids[0])

    found = api.get("/api/v1/conversions/", {"person_id": ids[0]}).json()["results"]

    assert [record["contact_id"] for record in found] == ids
    assert len(api.get("/api/v1/conversions/", {"contact_id": ids[0]}).json()["results"]) == 1


def test_period_is_half_open(api):
    for n, instant in enumerate(["2026-03-01T00:00:00Z", "2026-03-31T23:59:59.999999Z", "2026-04-01T00:00:00Z"]):
        put(api, f"o{n}", kind="download", occurred_at=instant)

    found = api.get(
        "/api/v1/conversions/",
        {"occurred_from": "2026-03-01T00:00:00Z", "occurred_until": "2026-04-01T00:00:00Z", "ordering": "-occurred_at"},
    ).json()["results"]

    assert [record["external_id"] for record in found] == ["o1", "o0"]


def test_campaign_is_known_by_its_code_in_any_case(api):
    first = api.post("/api/v1/campaigns/", {"code": "Spring", "name": "Spring course"})
    again = api.post("/api/v1/campaigns/", {"code": "SPRING", "budget": "500", "currency": "EUR"})

    assert (first.status_code, again.status_code) == (201, 200)
    assert again.json()["id"] == first.json()["id"]
    assert again.json()["budget"] == "500.00"
    assert [record["id"] for record in api.get("/api/v1/campaigns/?code=sPRING").json()["results"]] == [
        first.json()["id"]
    ]


def test_refunds_are_found_with_what_they_take_back(api):
    """100.00 of a merged record less 40.00 of it: the refund names the order alone, and is asked for by the person."""
    joe, shop_joe = ContactFactory(), ContactFactory()
    bought = ConversionFactory(contact=shop_joe, external_id="o9", amount=100)
    refund = RefundFactory(refund_of_external_id="o9", amount=40)
    ConversionFactory(contact=joe)
    RefundFactory(refund_of_external_id="somebody-elses", amount=5)
    merge(survivor_id=joe.pk, loser_id=shop_joe.pk, now=NOW)

    def found(**query: object) -> dict[str, str]:
        answer = api.get("/api/v1/conversions/", query)
        assert answer.status_code == 200, answer.content
        return {record["id"]: record["amount"] for record in answer.json()["results"]}

    assert found(contact_id=shop_joe.pk) == {bought.pk: "100.00", refund.pk: "40.00"}
    assert found(person_id=joe.pk).keys() > found(contact_id=shop_joe.pk).keys()
    assert len(found(person_id=joe.pk)) == 3
    assert found(person_id=joe.pk, is_refund="true") == {refund.pk: "40.00"}
