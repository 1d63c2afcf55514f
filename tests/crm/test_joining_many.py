"""Joining many pairs at once in the admin: the look before, the job by its people, and taking it apart as one."""

import datetime as dt
import re

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from crm.duplicates.joining import join_next, start_joining
from crm.duplicates.plan import plan_of_joining
from crm.duplicates.taking_apart import NothingJoined, StillJoining, start_taking_apart, take_apart_next
from crm.merging import merge, unmerge
from crm.models import Contact, DuplicateSuggestion, Merge
from crm.personal_data.erasing import erase_person
from jobs.models import Job
from tests.admin_clients import who_may
from tests.factories.community import ChannelFactory, MemberFactory
from tests.factories.crm import ContactFactory, ConversionFactory

pytestmark = pytest.mark.django_db

NOW = dt.datetime(2026, 6, 1, 12, tzinfo=dt.UTC)
LIST = reverse("admin:crm_duplicatesuggestion_changelist")
ALL = ("merge_contact", "view_contact", "view_duplicatesuggestion", "view_merge", "view_job")


def pair_of(one, other, *, score=80, key="email", **fields):
    first, second = sorted((one, other), key=lambda contact: contact.pk)
    return DuplicateSuggestion.objects.create(
        first=first, second=second, score=score, reasons=[{"key": key, "points": score}], found_at=NOW, **fields
    )


def named(*names):
    return [ContactFactory(full_name=name) for name in names]


def ask(client, pairs, *, listed="", **more):
    chosen = [pair.pk for pair in pairs]
    return client.post(f"{LIST}{listed}", {"action": "join_selected", "_selected_action": chosen, "index": "0", **more})


def text_of(page):
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", page.content.decode()))


def work():
    while join_next(now=NOW) or take_apart_next(now=NOW):
        pass


def joined(pairs, user=None):
    """Return a job that has joined these pairs."""
    job = start_joining([pair.pk for pair in pairs], now=NOW, requested_by=user and user.pk)
    work()
    job.refresh_from_db()
    return job


def rows_of(contacts):
    return list(Contact.objects.filter(pk__in=[contact.pk for contact in contacts]).order_by("pk").values())


def told(contacts):
    """Return what was the same before: everything but when the rows were written."""
    return [{key: value for key, value in row.items() if key != "updated_at"} for row in rows_of(contacts)]


def test_joining_shows_first_what_it_would_do_and_then_does_it():
    clerk = who_may(*ALL)
    plain = pair_of(*named("Ada Byron", "Ada Byron"), key="name")
    ann, bob, cid = named("Ann Ek", "Ann Ek", "Ann Ek")
    chain = [pair_of(ann, bob, key="name", score=90), pair_of(bob, cid, key="name", score=85)]
    channel = ChannelFactory()
    twins = named("Zoe Quist", "Zoe Quist")
    for twin in twins:
        MemberFactory(contact=twin, channel=channel)
    twice = pair_of(*twins, key="name", score=95)
    other_name = pair_of(*named("Mo Dietz", "Ulf Ek"), score=99)
    over = pair_of(*named("Over One", "Over Two"), state="different")
    ConversionFactory(contact=ann)
    ConversionFactory(contact=cid)
    Contact.objects.filter(pk=twins[1].pk).update(do_not_contact=True)

    page = ask(clerk, [plain, *chain, twice, other_name, over], listed="?p=1")  # and not the open ones alone

    assert not Job.objects.exists()
    assert not Merge.objects.exists()
    text = text_of(page)
    plan = page.context["plan"]
    assert page.context["title"] == "Merge 5 pairs"
    # Nine people in four groups of 2, 3, 2 and 2; Ann and Cid bought and are one; one of the Zoes has a wish.
    assert [(one.label, one.before, one.after) for one in plan.together] == [
        ("People", 9, 4), ("Customers", 2, 1), ("Do not want to be contacted", 1, 1),
    ]  # fmt: skip
    assert (plan.records, plan.left_out) == (9, 1)
    assert [planned.suggestion for planned in plan.pairs] == [other_name, twice, *chain, plain]
    assert [planned.doubts for planned in plan.pairs] == [
        ("different names",),
        ("both have an account on one channel",),
        ("3 people become one: Ann Ek, Ann Ek, Ann Ek",),
        ("3 people become one: Ann Ek, Ann Ek, Ann Ek",),
        (),
    ]
    for words in ("Mo Dietz", "Zoe Quist", "Same name", "Both have an account on one channel", "4 of them deserve"):
        assert words in text

    everything, undoubted = re.findall(r'<button[^>]*value="([\d,]+)"', page.content.decode())
    assert undoubted == str(plain.pk)
    answer = clerk.post(reverse("admin:crm_duplicatesuggestion_join"), {"pairs": everything})
    job = Job.objects.get()
    assert answer.url == reverse("admin:jobs_job_change", args=[job.pk])
    work()
    assert Contact.objects.persons().filter(full_name="Ann Ek").count() == 1
    assert Merge.objects.filter(job=job, merged_by=clerk.user).count() == 5
    assert not Merge.objects.filter(loser__full_name__startswith="Over").exists()


def test_accounts_on_one_channel_are_seen_between_all_who_become_one():
    channel = ChannelFactory()
    ada, zoe, mo = named("Ada Byron", "Ada Byron", "Ada Byron")
    for contact in (ada, mo):
        MemberFactory(contact=contact, channel=channel)
    pairs = [pair_of(ada, zoe, key="name"), pair_of(zoe, mo, key="name")]
    pair_of(ada, mo, key="name", state="different")

    plan = plan_of_joining([pair.pk for pair in pairs])

    assert [planned.doubts[1:] for planned in plan.pairs] == [
        ("of these, two have an account on one channel", "somebody said that two of them are different people"),
    ] * 2  # fmt: skip


def test_all_of_several_pages_are_counted_and_shown_in_part():
    clerk = who_may(*ALL)
    pairs = [pair_of(*named(f"Ada {number}", f"Ada {number}"), key="name", score=60) for number in range(60)]

    page = ask(clerk, pairs[:1], select_across="1")

    assert page.context["title"] == "Merge 60 pairs"
    assert len(page.context["table"].rows) == 50
    assert "And 10 more pairs." in text_of(page)
    assert [(one.before, one.after) for one in page.context["plan"].together][0] == (120, 60)


def queries(act):
    with CaptureQueriesContext(
        connection,
    ) as asked:
        answer = act()
    assert answer.status_code == 200
    return len(asked)


def test_pages_ask_as_much_for_many_pairs_as_for_few():
    clerk = who_may(*ALL)

    def pairs(number):
        return [pair_of(*named(f"Ada {one}", f"Ada {one}"), key="name") for one in range(number)]

    few, many = pairs(2), pairs(30)
    ask(clerk, few)  # what is asked once for a process is known
    assert queries(lambda: ask(clerk, few)) == queries(lambda: ask(clerk, many)) <= 40

    jobs = [joined(few, clerk.user), joined(many, clerk.user)]
    pages = [[reverse("admin:jobs_job_change", args=[job.pk]) for job in jobs]]
    pages.append([reverse("admin:crm_merge_job_apart", args=[job.pk]) for job in jobs])
    for small, large in pages:
        clerk.get(small)
        assert queries(lambda page=small: clerk.get(page)) == queries(lambda page=large: clerk.get(page)) <= 25
    for job in jobs:
        start_taking_apart(job.pk, now=NOW, requested_by=clerk.user.pk)
    work()
    small, large = (
        reverse("admin:jobs_job_change", args=[job.pk])
        for job in Job.objects.filter(kind="take_job_apart").order_by("pk")
    )
    assert queries(lambda: clerk.get(small)) == queries(lambda: clerk.get(large)) <= 25


@pytest.mark.usefixtures("whole_pages")
def test_a_job_tells_people_by_name_with_the_way_to_each():
    clerk, analyst = who_may(*ALL), who_may("view_job", "view_contact")
    one, other = named("Ada Byron", "Ada B.")
    lone = named("Mo Dietz", "Mo D.")
    good, refused = pair_of(one, other), pair_of(*lone)
    job = start_joining([good.pk, refused.pk], now=NOW, requested_by=clerk.user.pk)
    DuplicateSuggestion.objects.filter(pk=refused.pk).update(state="different")
    work()
    page = reverse("admin:jobs_job_change", args=[job.pk])

    html = clerk.get(page).content.decode()

    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html))
    assert "Ada Byron Ada B. Merged Take apart…" in text
    assert "Mo Dietz Mo D. Somebody said that these are different people." in text
    for contact in (one, other, *lone):
        assert f'href="{reverse("admin:crm_contact_change", args=[contact.pk])}"' in html
    assert reverse("admin:crm_contact_unmerge", args=[other.pk]) in html
    assert reverse("admin:crm_merge_job_apart", args=[job.pk]) in html
    assert "outcomes" not in html
    looked = analyst.get(page).content.decode()
    assert "Ada Byron" in looked
    assert "unmerge" not in looked
    assert "apart/" not in looked
    nameless = who_may("view_job").get(page).content.decode()
    assert "Ada Byron" not in nameless
    assert "outcomes" in nameless


def test_a_job_is_taken_apart_as_one_and_says_what_stays():
    clerk = who_may(*ALL)
    people = named("Ada Byron", "Ada B.", "Mo Dietz", "M. D.", "Ulf Ek", "U. E.", "Eve Holm", "E. H.")
    ada, ada_b, mo, mo_d, ulf, ulf_e, eve, eve_h = people
    Contact.objects.filter(pk=ada.pk).update(language="")
    Contact.objects.filter(pk=ada_b.pk).update(language="da", tags=["vip"])
    Contact.objects.filter(pk=mo.pk).update(language="")
    Contact.objects.filter(pk=mo_d.pk).update(language="sv")
    before = told([ada, ada_b, mo_d, ulf, ulf_e])
    # Ada and Mo become one person as well, so the newest merge has to go first.
    pairs = [pair_of(ada, ada_b), pair_of(mo, mo_d), pair_of(ulf, ulf_e), pair_of(eve, eve_h), pair_of(ada, mo)]
    job = joined(pairs, clerk.user)
    assert Contact.objects.get(pk=mo_d.pk).person_id == ada.pk
    unmerge(loser_id=ulf_e.pk, now=NOW)
    Contact.objects.filter(pk=mo.pk).update(language="fi")  # changed since
    by_hand = merge(survivor_id=ulf.pk, loser_id=ulf_e.pk, now=NOW)

    page = reverse("admin:crm_merge_job_apart", args=[job.pk])
    asked = text_of(clerk.get(page))
    assert "Take 4 merges apart" in asked
    assert "Ulf" not in asked
    unmerge(loser_id=eve_h.pk, now=NOW)  # by somebody else, between the look and the job
    apart = start_taking_apart(job.pk, now=NOW, requested_by=clerk.user.pk)
    assert apart.total == 3
    Job.objects.filter(pk=apart.pk).delete()
    answer = clerk.post(page)
    apart = Job.objects.get(kind="take_job_apart")
    assert answer.url == reverse("admin:jobs_job_change", args=[apart.pk])
    work()

    apart.refresh_from_db()
    assert (apart.state, apart.done, apart.total) == ("succeeded", 3, 3)
    assert told([ada, ada_b, mo_d]) == before[:3]
    assert set(Contact.objects.persons().values_list("pk", flat=True)) == {one.pk for one in people} - {ulf_e.pk}
    assert list(Merge.objects.standing()) == [by_hand]
    states = DuplicateSuggestion.objects.filter(pk__in=[pairs[0].pk, pairs[4].pk]).values_list("state", flat=True)
    assert set(states) == {"open"}
    said = text_of(clerk.get(answer.url))
    assert "Mo Dietz M. D. No field Language (changed since)" in said
    assert re.search(r"Ada Byron Ada B\. [^.]*Language[^.]*", said)
    assert "Merged, and taken apart again" in text_of(clerk.get(reverse("admin:jobs_job_change", args=[job.pk])))
    assert "Nothing that this job merged still stands" in text_of(clerk.get(page))


def test_what_two_merges_gave_goes_back_from_the_newest_on_and_nothing_is_said_to_stay():
    ada, ada_b, third = people = named("Ada Byron", "Ada B.", "Ada Third")
    Contact.objects.filter(pk__in=[ada_b.pk, third.pk]).update(do_not_contact=True, tags=["vip"])
    before = told(people)
    job = joined([pair_of(ada, ada_b), pair_of(ada, third)])

    apart = start_taking_apart(job.pk, now=NOW)
    work()

    apart.refresh_from_db()
    assert told(people) == before
    assert [(outcome["restored"], outcome["kept"]) for outcome in apart.report["outcomes"]] == [
        ([], []), (["tags:vip", "do_not_contact"], []),
    ]  # fmt: skip


def test_what_stays_is_said_with_the_name_that_is_not_stored():
    clerk = who_may(*ALL)
    ada, ada_b, third = named("Ada Byron", "Ada B.", "Ada Third")
    Contact.objects.filter(pk=ada.pk).update(language="")
    Contact.objects.filter(pk=ada_b.pk).update(language="da")
    job = joined([pair_of(ada, ada_b)], clerk.user)
    Contact.objects.filter(pk=third.pk).update(language="sv")
    merge(survivor_id=ada.pk, loser_id=third.pk, fields={"language": "loser"}, now=NOW)

    apart = start_taking_apart(job.pk, now=NOW, requested_by=clerk.user.pk)
    work()

    apart.refresh_from_db()
    assert "Ada" not in str(apart.report)
    said = text_of(clerk.get(reverse("admin:jobs_job_change", args=[apart.pk])))
    assert "Language (decided again by the merge of Ada Third)" in said


def test_who_was_joined_again_by_hand_meanwhile_stays_joined():
    pair = pair_of(*named("Ada Byron", "Ada B."))
    job = joined([pair])
    apart = start_taking_apart(job.pk, now=NOW)
    unmerge(loser_id=pair.second_id, now=NOW)
    by_hand = merge(survivor_id=pair.first_id, loser_id=pair.second_id, now=NOW)
    work()

    apart.refresh_from_db()
    assert [outcome["message"] for outcome in apart.report["outcomes"]] == ["Somebody has taken these apart already."]
    assert list(Merge.objects.standing()) == [by_hand]


def test_different_people_are_remembered_for_the_whole_job_where_somebody_says_so():
    clerk = who_may(*ALL)
    pairs = [pair_of(*named(f"Ada {number}", f"Ada {number}")) for number in range(2)]
    job = joined(pairs, clerk.user)

    clerk.post(reverse("admin:crm_merge_job_apart", args=[job.pk]), {"remember": "on"})
    work()

    assert set(DuplicateSuggestion.objects.values_list("state", flat=True)) == {"different"}


def test_taking_apart_waits_for_the_job_is_started_once_and_needs_something_to_do():
    pairs = [pair_of(*named(f"Ada {number}", f"Ada {number}")) for number in range(2)]
    job = start_joining([pair.pk for pair in pairs], now=NOW)
    join_next(now=NOW)
    with pytest.raises(StillJoining):
        start_taking_apart(job.pk, now=NOW)
    work()
    first = start_taking_apart(job.pk, now=NOW)
    assert start_taking_apart(job.pk, now=NOW) == first
    work()
    with pytest.raises(NothingJoined):
        start_taking_apart(job.pk, now=NOW)


def test_taking_apart_stops_once_whoever_asked_may_not_and_leaves_the_erased_together():
    clerk = who_may(*ALL)
    pairs = [pair_of(*named(f"Ada {number}", f"Ada {number}")) for number in range(3)]
    job = joined(pairs, clerk.user)
    erase_person(contact_id=pairs[2].first_id, reason="asked", through="command", now=NOW)
    apart = start_taking_apart(job.pk, now=NOW, requested_by=clerk.user.pk, requested_through="admin")
    take_apart_next(now=NOW)
    take_apart_next(now=NOW)
    clerk.user.user_permissions.clear()
    work()

    apart.refresh_from_db()
    assert apart.state == "partial"
    assert [outcome["status"] for outcome in apart.report["outcomes"]] == ["refused", "apart", "refused"]
    assert apart.report["outcomes"][0]["message"] == "This person was erased: what was merged stays together."
    assert apart.report["outcomes"][2]["message"] == "Whoever asked for it may not merge people any more."


@pytest.mark.parametrize("permissions", [("view_contact", "view_merge", "view_job"), ("merge_contact", "view_job")])
def test_a_job_is_taken_apart_by_those_alone_who_may_take_people_apart(permissions):
    job = joined([pair_of(*named("Ada Byron", "Ada B."))])
    client = who_may(*permissions)
    page = reverse("admin:crm_merge_job_apart", args=[job.pk])

    assert (client.get(page).status_code, client.post(page).status_code) == (403, 403)
    assert Merge.objects.standing().count() == 1
