"""Response times in a browser: the page is there at once, its figures and its chart follow."""

import datetime as dt

from django.utils import timezone
from playwright.sync_api import Page, expect

from tests.factories.community import InteractionFactory, MemberFactory, MemberRoleFactory


def test_figures_tables_and_chart_follow_the_page(page: Page, log_in):
    asked_at = timezone.now() - dt.timedelta(days=2)
    joe = MemberFactory(channel__name="Forum")
    ana = MemberFactory(channel=joe.channel, handle="ana")
    MemberRoleFactory(member=ana, role="staff", since=None)
    question = InteractionFactory(channel=joe.channel, member=joe, kind="question", occurred_at=asked_at)
    InteractionFactory(
        channel=joe.channel, member=ana, kind="answer", reply_to=question, occurred_at=asked_at + dt.timedelta(hours=2)
    )
    log_in()

    page.goto("/admin/response-times/?period=last_30_days")

    expect(page.get_by_role("heading", name="By channel", exact=True)).to_be_visible()
    expect(page.locator(".kith-table", has_text="Forum").first).to_contain_text("2.00")
    expect(page.locator(".kith-table", has_text="Who").first).to_contain_text("ana")
    expect(page.locator(".kith-later")).to_have_count(0)
    drawn = "Chart.getChart(document.querySelector('canvas[data-kith-chart]'))?.data.labels"
    page.wait_for_function(drawn)
    assert page.evaluate(drawn) == ["Forum"]
