"""Example numbers of every region of the world through the contacts service."""

import csv
from collections import defaultdict

import pytest
from django.utils import timezone

from crm.models import ContactPoint
from gateway.batches import upsert


@pytest.mark.django_db
def test_every_way_to_write_a_telephone_number_means_the_same(data_folder, settings):
    with (data_folder / "hard_inputs" / "phone_numbers.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    forms = ("national_input", "international_input", "rfc3966_input")
    items = defaultdict(list)
    expected = {}
    for number, row in enumerate(rows):
        for form in forms:
            external_id = f"{number} {form}"
            items[row["region"]].append({"source": "phones", "external_id": external_id, "phone": row[form]})
            expected[external_id] = (row[form], row["e164"])

    for region, contacts in items.items():
        settings.KITH_PHONE_REGION = region  # what a number without a country code belongs to
        assert upsert(collection="contacts", items=contacts, now=timezone.now()).failed == 0

    stored = ContactPoint.objects.values_list("contact__refs__external_id", "raw", "normalised")
    assert len(rows) == 489
    assert {external_id: (raw, normalised) for external_id, raw, normalised in stored} == expected
