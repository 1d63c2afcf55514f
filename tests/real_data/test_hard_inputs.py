"""Inputs that break programs: telephone numbers of every region, and strings of every kind."""

import csv
import json
from collections import defaultdict
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from crm.models import Contact, ContactPoint
from gateway.batches import upsert
from gateway.spreadsheets import escape_formula


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


@pytest.mark.django_db
def test_every_naughty_string_is_imported_exactly_or_refused_with_a_reason(data_folder, tmp_path):
    strings = json.loads((data_folder / "hard_inputs" / "blns.json").read_text())
    path = tmp_path / "names.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["external_id", "full_name"])
        writer.writerows([number, escape_formula(text)] for number, text in enumerate(strings))
    out = StringIO()

    try:
        call_command("import", "csv", str(path), "--as", "contacts", "--source", "blns", "--json", stdout=out)
    except CommandError as error:
        assert error.returncode == 3  # noqa: PT017 - some rows may fail, and their reasons are looked at below

    report = json.loads(out.getvalue())
    stored = dict(Contact.objects.values_list("refs__external_id", "full_name"))
    refused = {str(failure["row"] - 2): failure["problems"] for failure in report["failures"]}
    assert report["created"] == len(stored)
    assert stored.keys() | refused.keys() == {str(number) for number in range(len(strings))}
    # A cell of nothing but blanks is an empty cell.
    expected = {str(number): text if text.strip() else "" for number, text in enumerate(strings)}
    assert {key: text for key, text in stored.items() if text != expected[key]} == {}
    assert all(problem["reason"] for problems in refused.values() for problem in problems)
