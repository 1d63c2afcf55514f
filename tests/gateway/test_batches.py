"""The rules of a batch that hold for every collection."""

import datetime as dt
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from crm.models import Campaign, Company, Contact, Conversion, ExchangeRate
from gateway.batches import CHUNK_SIZE, NotFound
from gateway.collections import collections
from tests.gateway.samples import SAMPLES, prepare
from tests.sending import NOW, codes, row_versions, send, send_one, statuses

pytestmark = pytest.mark.django_db

KEYS = sorted(collections.keys())


def company(external_id="f1", **fields):
    return {"source": "shop", "external_id": external_id, **fields}


@pytest.mark.parametrize("key", KEYS)
def test_same_batch_twice_is_unchanged_and_writes_nothing(key):
    prepare()
    items = [SAMPLES[key].item(n) for n in range(1, 4)]
    first = send(key, *items)
    before = row_versions()

    second = send(key, *items)

    assert statuses(first) == ["created"] * 3
    assert statuses(second) == ["unchanged"] * 3
    assert [outcome.id for outcome in second.results] == [outcome.id for outcome in first.results]
    assert row_versions() == before


@pytest.mark.parametrize("numbers", [(range(2, 4), range(5, 10)), (range(10, 40), range(40, 100))], ids=["few", "many"])
@pytest.mark.parametrize("key", KEYS)
def test_batch_takes_as_many_queries_for_twice_as_many_items(key, numbers):
    prepare()
    send(key, SAMPLES[key].item(1))  # reads the catalogues that are kept

    counts = []
    for chosen in numbers:
        items = [SAMPLES[key].item(n) for n in chosen]
        with CaptureQueriesContext(connection) as created:
            assert statuses(send(key, *items)) == ["created"] * len(items)
        with CaptureQueriesContext(connection) as unchanged:
            assert statuses(send(key, *items)) == ["unchanged"] * len(items)
        counts.append((len(created), len(unchanged)))

    assert counts[0] == counts[1]
    assert max(counts[0]) <= 40


def test_absent_field_is_left_and_null_clears():
    send_one("companies", **company(name="Bloggs Ltd", domain="bloggs.example"))

    send_one("companies", **company(name="Bloggs plc"))
    assert Company.objects.values_list("name", "domain").get() == ("Bloggs plc", "bloggs.example")

    send_one("companies", **company(domain=None))
    assert Company.objects.values_list("name", "domain").get() == ("Bloggs plc", "")


def test_null_for_a_required_field_is_refused_by_name():
    send_one("companies", **company(name="Bloggs Ltd"))

    [outcome] = send("companies", company(name=None)).results

    assert (outcome.status, codes(outcome)) == ("failed", [("name", "null")])
    assert Company.objects.get().name == "Bloggs Ltd"


def test_required_field_may_be_absent_only_once_the_row_exists():
    [outcome] = send("companies", company(domain="bloggs.example")).results

    assert (outcome.status, codes(outcome)) == ("failed", [("name", "required")])
    assert not Company.objects.exists()


def test_only_changed_rows_get_a_new_time_of_change():
    send("companies", company("f1", name="One"), company("f2", name="Two"))
    Company.objects.update(updated_at=NOW)

    result = send("companies", company("f1", name="One"), company("f2", name="Second"))

    assert statuses(result) == ["unchanged", "updated"]
    assert list(Company.objects.order_by("external_id").values_list("updated_at", flat=True))[0] == NOW
    assert Company.objects.get(external_id="f2").updated_at > NOW


def test_failed_items_spoil_nothing_else():
    result = send(
        "companies",
        company("f1", name="One"),
        company("f2", nam="Two"),
        "f3",
        None,
        company("f4", name="Four"),
        {"source": "shop"},
    )

    assert statuses(result) == ["created", "failed", "failed", "failed", "created", "failed"]
    assert [codes(result.results[index]) for index in (1, 2, 3, 5)] == [
        [("nam", "unknown_field")],
        [("", "not_an_object")],
        [("", "not_an_object")],
        [("external_id", "required")],
    ]
    assert (result.created, result.updated, result.unchanged, result.failed) == (2, 0, 0, 4)
    assert sorted(Company.objects.values_list("external_id", flat=True)) == ["f1", "f4"]


def test_row_that_only_the_database_refuses_is_named_and_spoils_nothing():
    send_one("campaigns", code="c3", starts_on="2026-03-10")
    items = [{"code": f"c{number}", "name": str(number)} for number in range(8)]
    items[3] = {"code": "c3", "ends_on": "2026-03-09"}  # before the start that is stored
    items[6] = {"code": "c6", "budget": "5.00"}  # no currency, and none stored

    result = send("campaigns", *items)

    assert statuses(result) == ["created"] * 3 + ["failed"] + ["created"] * 2 + ["failed"] + ["created"]
    assert codes(result.results[3]) == [("ends_on", "crm_campaign_ends_after_start")]
    assert result.results[6].errors[0].message == "A budget needs a currency."
    assert sorted(Campaign.objects.exclude(name="").values_list("name", flat=True)) == ["0", "1", "2", "4", "5", "7"]


# --- time of the source ---


@pytest.mark.parametrize(
    ("stored", "sent", "status", "stale", "name"),
    [
        ("2026-03-02T09:00:00Z", "2026-03-02T08:59:59Z", "unchanged", True, "old"),
        ("2026-03-02T09:00:00Z", "2026-03-02T10:00:00+01:00", "updated", False, "new"),
        ("2026-03-02T09:00:00Z", "2026-03-02T09:00:01Z", "updated", False, "new"),
        ("2026-03-02T09:00:00Z", None, "updated", False, "new"),
        (None, "2000-01-01T00:00:00Z", "updated", False, "new"),
    ],
)
def test_item_older_than_what_is_stored_changes_nothing(stored, sent, status, stale, name):
    send("companies", company(name="old", source_updated_at=stored))

    [outcome] = send("companies", company(name="new", source_updated_at=sent)).results

    assert (outcome.status, outcome.stale) == (status, stale)
    assert Company.objects.get().name == name


def test_time_of_the_source_far_ahead_is_refused_since_it_would_keep_out_all_that_follows():
    """NOW is noon on 2026-04-01: a day ahead is taken, as from a source in the wrong zone, and a second more is not."""
    item = {"source": "shop", "external_id": "f1", "name": "first"}
    ahead, too_far = "2026-04-02T12:00:00Z", "2026-04-02T12:00:01Z"

    refused = send("companies", {**item, "source_updated_at": too_far}).results[0]
    assert codes(refused) == [("source_updated_at", "too_far_ahead")]
    assert not Company.objects.exists()
    company = send_one("companies", **item, source_updated_at=ahead)
    patched = collections["companies"].patch(company.id, {"name": "other", "source_updated_at": too_far}, now=NOW)

    assert codes(patched) == [("source_updated_at", "too_far_ahead")]
    assert Company.objects.get().name == "first"


def test_newer_time_of_the_source_is_kept_so_that_what_lies_between_is_stale():
    for hour in (9, 11):
        send_one("companies", **company(name="same", source_updated_at=f"2026-03-02T{hour:02}:00:00Z"))

    [outcome] = send("companies", company(name="between", source_updated_at="2026-03-02T10:00:00Z")).results

    assert (outcome.status, outcome.stale, Company.objects.get().name) == ("unchanged", True, "same")


# --- the same key twice ---


def test_same_key_twice_is_folded_field_by_field():
    result = send("companies", company(name="One", domain="one.example"), company("f2", name="Two"), company(name="1"))

    assert statuses(result) == ["superseded", "created", "created"]
    assert result.results[0].id == result.results[2].id == Company.objects.get(external_id="f1").pk
    assert (result.created, result.failed) == (2, 0)
    assert Company.objects.values_list("name", "domain").get(external_id="f1") == ("1", "one.example")


def test_same_key_folded_by_the_time_of_the_source():
    result = send(
        "companies",
        company(name="newest", source_updated_at="2026-03-02T11:00:00Z"),
        company(name="older", domain="older.example", source_updated_at="2026-03-02T10:00:00Z"),
    )

    assert statuses(result) == ["created", "unchanged"]
    assert result.results[1].stale
    assert result.results[1].id == result.results[0].id
    assert Company.objects.values_list("name", "domain").get() == ("newest", "")


@pytest.mark.parametrize(("bad", "expected"), [(0, ["failed", "created"]), (1, ["created", "failed"])])
def test_fold_that_the_database_refuses_is_stored_item_by_item(bad, expected):
    items = [{"code": "spring", "name": "Spring"}, {"code": "SPRING", "objective": "Fill the course"}]
    items[bad]["budget"] = "5.00"  # without a currency

    result = send("campaigns", *items)

    assert statuses(result) == expected
    assert codes(result.results[bad]) == [("budget", "crm_campaign_budget_paired")]


def test_key_that_failed_its_checks_takes_no_part_in_the_fold():
    result = send("companies", company(name="One"), company(name=1))

    assert statuses(result) == ["created", "failed"]


# --- any number of items ---


def test_more_items_than_a_chunk_keep_their_indexes():
    items = [company(f"f{number}", name="x") for number in range(CHUNK_SIZE + 2)]
    items[CHUNK_SIZE + 1] = company("last")

    result = send("companies", *items)

    assert [outcome.index for outcome in result.results] == list(range(CHUNK_SIZE + 2))
    assert (result.created, result.failed) == (CHUNK_SIZE + 1, 1)
    assert result.results[CHUNK_SIZE + 1].status == "failed"


def test_no_items_are_no_outcomes():
    assert send("companies").results == []


def test_unknown_collection_is_named():
    with pytest.raises(LookupError, match="There is no collection 'contact'. Known: companies, contacts"):
        send("contact")


# --- one row by its id ---


def test_patch_changes_given_fields_by_the_rules_of_an_item():
    pk = send_one("companies", **company(name="One", domain="one.example")).id

    outcome = collections["companies"].patch(pk, {"domain": None}, now=NOW)

    assert (outcome.status, outcome.id) == ("updated", pk)
    assert Company.objects.values_list("name", "domain").get() == ("One", "")


def test_patch_of_a_row_without_reference_finds_it_by_its_id():
    pk = Company.objects.create(name="Entered by staff").pk

    assert collections["companies"].patch(pk, {"name": "Renamed"}, now=NOW).status == "updated"
    assert Company.objects.values_list("pk", "name", "source").get() == (pk, "Renamed", None)


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"external_id": "f2"}, ("external_id", "key")),
        ({"name": 5}, ("name", "not_text")),
        ({"x": 1}, ("x", "unknown_field")),
    ],
)
def test_patch_refuses_keys_and_wrong_fields(changes, expected):
    pk = send_one("companies", **company(name="One")).id

    assert codes(collections["companies"].patch(pk, changes, now=NOW)) == [expected]


@pytest.mark.parametrize("key", KEYS)
def test_patch_and_remove_of_a_row_that_is_not_there(key):
    with pytest.raises(NotFound):
        collections[key].patch(10**9, {}, now=NOW)
    with pytest.raises(NotFound):
        collections[key].remove(10**9, now=NOW)


# --- crm's small collections ---


def test_reporting_currency_has_no_exchange_rate():
    rate = {"date": "2026-03-20", "rate": "2.0"}

    result = send("exchange-rates", rate | {"currency": "EUR"}, rate | {"currency": "USD"})

    assert [(outcome.status, codes(outcome)) for outcome in result.results] == [
        ("failed", [("currency", "reporting_currency")]),
        ("created", []),
    ]
    assert result.results[0].errors[0].message.startswith("EUR is the reporting currency")


def test_exchange_rate_is_known_by_currency_and_day():
    rate = {"currency": "GBP", "date": "2026-03-20", "rate": "1.1534"}

    assert statuses(send("exchange-rates", rate, rate | {"currency": "USD", "rate": "0.9"})) == ["created", "created"]
    assert statuses(send("exchange-rates", rate | {"rate": "1.1535000000"})) == ["updated"]
    assert ExchangeRate.objects.filter(currency="GBP").values_list("date", "rate").get() == (
        dt.date(2026, 3, 20),
        Decimal("1.1535"),
    )


def test_unknown_currency_is_refused():
    [outcome] = send("exchange-rates", {"currency": "EURO", "date": "2026-03-20", "rate": "1"}).results
    assert codes(outcome) == [("currency", "too_long")]
    [outcome] = send("exchange-rates", {"currency": "XYZ", "date": "2026-03-20", "rate": "1"}).results
    assert codes(outcome) == [("currency", "unknown_currency")]


def test_samples_leave_no_trace_of_contacts_or_conversions_beyond_their_own():
    """The sample of a conversion names a contact that it creates: the counts show that nothing else comes along."""
    prepare()
    send("conversions", SAMPLES["conversions"].item(1))
    assert (Conversion.objects.count(), Contact.objects.count()) == (1, 1)
