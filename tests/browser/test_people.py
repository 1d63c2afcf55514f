"""The page People in a browser: it is there at once, its figures and charts follow."""

import datetime as dt

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.factories.community import ChannelSizeFactory, InteractionFactory, MemberFactory
from tests.factories.crm import ContactFactory


def test_figures_tables_and_charts_follow_the_page(page: Page, log_in):
    yesterday = timezone.now() - dt.timedelta(days=1)
    joe = MemberFactory(channel__name="Forum", contact=ContactFactory(full_name="Joe", birth_year=1990, country="IE"))
    ChannelSizeFactory(channel=joe.channel, day=yesterday.date(), people=4)
    for kind in ("question", "help_view"):
        InteractionFactory(channel=joe.channel, member=joe, kind=kind, occurred_at=yesterday)
    log_in()

    page.goto("/admin/people/?period=last_30_days")

    expect(page.get_by_role("heading", name="Whom we know, by channel")).to_be_visible()
    expect(page.locator(".kith-table", has_text="Identified coverage")).to_contain_text("25.0 %")
    expect(page.locator(".kith-table", has_text="Country")).to_contain_text("Ireland")
    expect(page.locator(".kith-later")).to_have_count(0)
    drawn = "[...document.querySelectorAll('canvas[data-kith-chart]')].map(one => Chart.getChart(one)?.data.labels)"
    page.wait_for_function(f"{drawn}.every(labels => labels)")
    assert page.evaluate(drawn)[0] == ["Forum"]
    assert len(page.evaluate(drawn)) == 2
