"""The fourteen campaigns: when they run, how many follow their links, and what they cost."""

from dataclasses import dataclass
from datetime import date, timedelta

from demo.generator.calendar import Calendar


@dataclass(frozen=True, kw_only=True)
class Plan:
    """
    A campaign as it is planned: it begins on that day of that month, for the last or the last but one time.

    `clicks` people follow its links and `buying` of them buy soon after, as a share. `hours` of our own
    go into it; `booked` is what it costs besides: category, amount, currency.
    """

    code: str
    name: str
    objective: str
    month: int
    day: int = 1
    length: int
    years_ago: int = 0
    clicks: int
    buying: float
    channel: str = "instagram"
    booked: tuple[tuple[str, str, str], ...] = ()
    budget: str | None = None
    is_pilot: bool = False
    parent: str | None = None
    events: int = 0
    hours: int = 0


PLANS = (
    Plan(
        code="new-year-start", name="New year, new course", objective="Enrolments in January", month=1, day=2,
        length=35, hours=46, clicks=330, buying=0.16, budget="2500.00",
        booked=(("advertising", "1450.00", "EUR"), ("content", "380.00", "EUR")),
    ),
    Plan(
        code="back-to-class", name="Back to class", objective="Enrolments in autumn, all channels", month=9,
        length=40, hours=30, clicks=120, buying=0.14, budget="6000.00", booked=(("agency", "900.00", "GBP"),),
    ),
    Plan(
        code="back-to-class-insta", name="Back to class: Instagram", objective="Reach those who do not know us",
        month=9, length=40, hours=34, clicks=360, buying=0.1, parent="back-to-class",
        booked=(("advertising", "1900.00", "EUR"),),
    ),
    Plan(
        code="back-to-class-forum", name="Back to class: forum", objective="Bring former students back", month=9,
        length=40, hours=52, clicks=210, buying=0.24, channel="forum", parent="back-to-class",
        booked=(("content", "260.00", "EUR"),),
    ),
    Plan(
        code="open-evenings", name="Open evenings", objective="Meet a tutor before enrolling", month=2, day=10,
        length=70, hours=64, clicks=90, buying=0.2, events=170, budget="1500.00",
        booked=(("other", "640.00", "EUR"), ("freelancer", "420.00", "GBP")),
    ),
    Plan(
        code="bookkeeping-week", name="Bookkeeping week", objective="Fill the spring group", month=3, day=12,
        length=14, hours=38, years_ago=1, clicks=190, buying=0.18, booked=(("advertising", "720.00", "EUR"),),
    ),
    Plan(
        code="excel-friday", name="Excel Friday", objective="One tip each week, by the forum itself", month=5, day=3,
        length=60, years_ago=1, clicks=140, buying=0.15, channel="forum",
    ),
    Plan(
        code="first-aid-month", name="First aid month", objective="Companies book for their teams", month=10, day=1,
        length=31, hours=44, years_ago=1, clicks=170, buying=0.2,
        booked=(("advertising", "540.00", "EUR"), ("content", "180.00", "EUR")),
    ),
    Plan(
        code="influencer-reels", name="Influencer reels", objective="Be seen by people under thirty", month=6, day=4,
        length=45, hours=40, clicks=80, buying=0.03, budget="9000.00",
        booked=(("agency", "6200.00", "GBP"), ("advertising", "2400.00", "EUR")),
    ),
    Plan(
        code="teachers-welcome", name="Teachers welcome", objective="Two hundred teachers on Discord", month=8, day=20,
        length=50, hours=48, years_ago=1, clicks=110, buying=0.12, channel="discord", events=70,
        booked=(("freelancer", "350.00", "GBP"),),
    ),
    Plan(
        code="lesson-pack-launch", name="Lesson pack launch", objective="Teachers try the new packs", month=4, day=8,
        length=30, hours=30, clicks=100, buying=0.16, channel="discord", booked=(("content", "520.00", "EUR"),),
    ),
    Plan(
        code="study-buddies", name="Study buddies", objective="Does a partner keep people in a course?", month=7,
        day=6, length=50, hours=36, clicks=60, buying=0.2, channel="forum", is_pilot=True, budget="300.00",
        booked=(("tools", "85.00", "EUR"), ("rewards", "60.00", "EUR")),
    ),
    Plan(
        code="christmas-vouchers", name="Christmas vouchers", objective="A course as a present", month=11, day=25,
        length=27, hours=32, years_ago=1, clicks=240, buying=0.17,
        booked=(("advertising", "980.00", "EUR"), ("agency", "300.00", "GBP")),
    ),
    Plan(
        code="spring-certificates", name="Spring certificates", objective="Finish what you began", month=4, day=20,
        length=40, hours=42, years_ago=1, clicks=150, buying=0.19, channel="forum",
        booked=(("content", "210.00", "EUR"),),
    ),
)  # fmt: skip


@dataclass(frozen=True)
class Campaign:
    """A plan with its days, both included."""

    plan: Plan
    starts_on: date
    ends_on: date

    @property
    def code(self) -> str:
        return self.plan.code


def campaigns(calendar: Calendar) -> list[Campaign]:
    """Return the fourteen campaigns with their days: over by `until`, begun in the two years."""
    return [Campaign(plan, *_days(plan, calendar)) for plan in PLANS]


def _days(plan: Plan, calendar: Calendar) -> tuple[date, date]:
    length = timedelta(days=plan.length)
    year = calendar.until.year
    while date(year, plan.month, plan.day) + length > calendar.until:
        year -= 1
    starts_on = date(year - plan.years_ago, plan.month, plan.day)
    ends_on = starts_on + length - timedelta(days=1)
    if starts_on < calendar.first_day:  # it had begun before the two years: the year after, then
        return starts_on.replace(year=starts_on.year + 1), ends_on.replace(year=ends_on.year + 1)
    return starts_on, ends_on


def owner(campaign: Campaign) -> str:
    """Return the user who answers for a campaign: whoever looks after its channel."""
    return {"instagram": "chloe", "forum": "ana", "discord": "dan"}[campaign.plan.channel]


def utm(campaign: Campaign, *, shout: bool = False) -> dict[str, str]:
    """Return the UTM fields of a campaign's links; some people write the code in capitals."""
    source = {"instagram": "instagram", "forum": "forum", "discord": "discord"}[campaign.plan.channel]
    code = campaign.code.upper() if shout else campaign.code
    return {"utm_source": source, "utm_medium": "social", "utm_campaign": code}
