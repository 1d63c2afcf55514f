"""What Harbour Lane Training sells: courses, and the smaller things around them."""

from dataclasses import dataclass
from decimal import Decimal


@dataclass(frozen=True)
class Course:
    """A course with its price in EUR and in GBP, whole units of money."""

    name: str
    eur: Decimal
    gbp: Decimal
    modules: tuple[str, ...]


def course(name: str, eur: str, gbp: str, modules: str) -> Course:
    return Course(name, Decimal(eur), Decimal(gbp), tuple(modules.split(", ")))


COURSES = (
    course("Bookkeeping Basics", "180.00", "155.00", "double entry, bank reconciliation, VAT returns"),
    course("Payroll in Practice", "250.00", "215.00", "tax credits, pension deductions, year-end reports"),
    course("Project Management Foundations", "320.00", "275.00", "scope, risk registers, critical path"),
    course("Excel for Work", "120.00", "105.00", "lookups, pivot tables, charts"),
    course("Digital Marketing", "290.00", "249.00", "search, email campaigns, measuring results"),
    course("Business English B2", "210.00", "180.00", "reports, meetings, listening"),
    course("Early Childhood Care", "390.00", "335.00", "child development, safeguarding, play"),
    course("Healthcare Assistant", "410.00", "352.00", "infection control, moving and handling, care plans"),
    course("Web Design", "270.00", "232.00", "layout, accessible forms, responsive images"),
    course("First Aid at Work", "95.00", "82.00", "CPR, wounds, the recovery position"),
    course("Train the Trainer", "340.00", "292.00", "session plans, giving feedback, assessment"),
    course("Customer Service", "150.00", "129.00", "complaints, telephone manner, teamwork"),
)

SUBSCRIPTIONS = (
    # name, EUR and GBP a month
    ("Study Library", Decimal("12.00"), Decimal("10.00")),
    ("Tutor Plus", Decimal("29.00"), Decimal("25.00")),
)
