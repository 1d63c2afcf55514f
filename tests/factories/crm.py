"""Contacts and what they bring, with no more filled in than the database demands."""

import datetime as dt
from decimal import Decimal

import factory
from factory.django import DjangoModelFactory

from crm.models import (
    Campaign,
    Company,
    Consent,
    Contact,
    ContactPoint,
    ContactRef,
    Conversion,
    ExchangeRate,
    FollowUp,
    Note,
)


class CompanyFactory(DjangoModelFactory):
    class Meta:
        model = Company

    source = "shop"
    external_id = factory.Sequence(lambda n: f"company-{n}")
    name = factory.Sequence(lambda n: f"Company {n}")


class ContactFactory(DjangoModelFactory):
    """A contact without reference; `ContactFactory(ref="c1")` gives it the reference shop:c1."""

    class Meta:
        model = Contact
        skip_postgeneration_save = True

    full_name = factory.Sequence(lambda n: f"Person {n}")

    @classmethod
    def _create(cls, model_class, *args, **kwargs):
        contact = super()._create(model_class, *args, **kwargs)
        contact.refresh_from_db(fields=["person"])  # the database sets it
        return contact

    @factory.post_generation
    def ref(self, create, extracted, **kwargs):
        if extracted:
            ContactRefFactory(contact=self, external_id=extracted)


class ContactRefFactory(DjangoModelFactory):
    class Meta:
        model = ContactRef

    contact = factory.SubFactory(ContactFactory)
    source = "shop"
    external_id = factory.Sequence(lambda n: f"contact-{n}")


class EmailFactory(DjangoModelFactory):
    class Meta:
        model = ContactPoint

    contact = factory.SubFactory(ContactFactory)
    kind = ContactPoint.Kind.EMAIL
    raw = factory.Sequence(lambda n: f"person-{n}@example.com")
    normalised = factory.LazyAttribute(lambda point: point.raw.casefold())


class ConsentFactory(DjangoModelFactory):
    class Meta:
        model = Consent

    contact = factory.SubFactory(ContactFactory)
    purpose = "newsletter"
    granted_at = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
    source = "sign-up form"


class CampaignFactory(DjangoModelFactory):
    class Meta:
        model = Campaign

    code = factory.Sequence(lambda n: f"campaign-{n}")
    status = Campaign.Status.RUNNING


class ConversionFactory(DjangoModelFactory):
    """A purchase of 100.00 EUR at noon on 2026-03-20, by nobody known unless a contact is given."""

    class Meta:
        model = Conversion

    source = "shop"
    external_id = factory.Sequence(lambda n: f"order-{n}")
    kind_id = "purchase"
    occurred_at = dt.datetime(2026, 3, 20, 12, tzinfo=dt.UTC)
    amount = Decimal("100.00")
    currency = "EUR"


class RefundFactory(DjangoModelFactory):
    """A refund of 10.00; name the original: `RefundFactory(refund_of_external_id="o1")`."""

    class Meta:
        model = Conversion

    source = "shop"
    external_id = factory.Sequence(lambda n: f"refund-{n}")
    refund_of_source = "shop"
    refund_of_external_id = factory.Sequence(lambda n: f"order-{n}")
    occurred_at = dt.datetime(2026, 3, 25, 12, tzinfo=dt.UTC)
    amount = Decimal("10.00")


class ExchangeRateFactory(DjangoModelFactory):
    class Meta:
        model = ExchangeRate

    currency = "GBP"
    date = factory.Sequence(lambda n: dt.date(2026, 1, 1) + dt.timedelta(days=n))
    rate = Decimal("1.15")


class NoteFactory(DjangoModelFactory):
    """A note of 2026-03-04 by nobody known."""

    class Meta:
        model = Note

    contact = factory.SubFactory(ContactFactory)
    text = "Prefers to be called in the morning."
    written_at = dt.datetime(2026, 3, 4, 9, tzinfo=dt.UTC)


class FollowUpFactory(DjangoModelFactory):
    """A call that is due on 2026-03-10 and open."""

    class Meta:
        model = FollowUp

    contact = factory.SubFactory(ContactFactory)
    what = "Call about the spring course"
    due_on = dt.date(2026, 3, 10)
    recorded_at = dt.datetime(2026, 3, 2, 9, tzinfo=dt.UTC)
