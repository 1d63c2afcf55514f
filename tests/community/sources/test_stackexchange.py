import pytest

from community.sources.source import UnreadableFile, WrongOptions
from community.sources.stackexchange import StackExchangeSource
from tests.factories.community import ChannelFactory, CommunityFactory

pytestmark = pytest.mark.django_db

HEAD = '\ufeff<?xml version="1.0" encoding="utf-8"?>\n<!DOCTYPE posts SYSTEM \'posts.dtd\'>\n'
POSTS = """<posts>
  <row Id="1" PostTypeId="1" AcceptedAnswerId="2" CreationDate="2012-03-01T10:00:00.123" OwnerUserId="5"
       Title="How do I cite?" Tags="&lt;sources&gt;&lt;style&gt;"
       Body="&lt;p&gt;I &lt;b&gt;wonder&lt;/b&gt;.&lt;/p&gt;" />
  <row Id="2" PostTypeId="2" ParentId="1" CreationDate="2012-03-01T11:00:00" OwnerUserId="6"
       Body="&lt;p&gt;So.&lt;/p&gt;" />
  <row Id="3" PostTypeId="1" CreationDate="2012-03-02T10:00:00" Title="Gone" Tags="|style|"
       ClosedDate="2012-03-03T00:00:00" Body="x" />
  <row Id="4" PostTypeId="5" CreationDate="2012-03-02T10:00:00" OwnerUserId="-1" Body="about style" />
</posts>"""
COMMENTS = """<comments>
  <row Id="1" PostId="2" Text="Thanks &amp;amp; bye" CreationDate="2012-03-01T12:00:00" UserId="5" />
  <row Id="2" PostId="4" Text="Hm" CreationDate="2012-03-02T12:00:00" />
</comments>"""
USERS = """<users>
  <row Id="-1" DisplayName="Community" CreationDate="2012-01-01T00:00:00" />
  <row Id="5" DisplayName="Åse Ørsted" CreationDate="2012-02-01T00:00:00.5" />
  <row Id="6" DisplayName="Emil" CreationDate="2012-02-02T00:00:00" />
</users>"""


@pytest.fixture
def dump(tmp_path):
    for name, content in (("Posts", POSTS), ("Comments", COMMENTS), ("Users", USERS)):
        (tmp_path / f"{name}.xml").write_text(HEAD + content)
    return tmp_path


def read(folder, *, channel="history", community=None):
    return StackExchangeSource().read(folder, {"channel": channel, "community": community})


def items(reading, collection):
    return [row.item for row in reading.rows() if row.collection == collection]


def test_rows_come_with_what_is_named_before_what_names_it(dump):
    reading = read(dump, community="help")

    collections = [row.collection for row in reading.rows()]

    assert collections == [
        "communities",
        "channels",
        *["members"] * 3,
        *["threads"] * 2,
        *["interactions"] * 6,
    ]
    assert reading.total == len(collections)


def test_users_are_members_with_their_names_and_the_sites_own_account_a_bot(dump):
    ChannelFactory(slug="history")

    assert items(read(dump), "members") == [
        {
            "channel": "history",
            "external_id": "-1",
            "handle": "Community",
            "joined_at": "2012-01-01T00:00:00+00:00",
            "role": "bot",
        },
        {
            "channel": "history",
            "external_id": "5",
            "handle": "Åse Ørsted",
            "joined_at": "2012-02-01T00:00:00.5+00:00",
        },
        {"channel": "history", "external_id": "6", "handle": "Emil", "joined_at": "2012-02-02T00:00:00+00:00"},
    ]


def test_questions_are_threads_with_their_accepted_answer(dump):
    ChannelFactory(slug="history")

    assert items(read(dump), "threads") == [
        {
            "channel": "history",
            "external_id": "1",
            "title": "How do I cite?",
            "topic": "sources, style",
            "opened_by": "5",
            "opened_at": "2012-03-01T10:00:00.123+00:00",
            "accepted_answer": "p2",
            "source_state": "open",
        },
        {
            "channel": "history",
            "external_id": "3",
            "title": "Gone",
            "topic": "style",
            "opened_by": None,
            "opened_at": "2012-03-02T10:00:00+00:00",
            "accepted_answer": None,
            "source_state": "closed",
        },
    ]


def test_posts_and_comments_are_interactions(dump):
    ChannelFactory(slug="history")

    assert items(read(dump), "interactions") == [
        {
            "channel": "history",
            "external_id": "p1",
            "member": "5",
            "kind": "question",
            "occurred_at": "2012-03-01T10:00:00.123+00:00",
            "text": "I wonder.",
            "thread": "1",
        },
        {
            "channel": "history",
            "external_id": "p2",
            "member": "6",
            "kind": "answer",
            "occurred_at": "2012-03-01T11:00:00+00:00",
            "text": "So.",
            "thread": "1",
            "reply_to": "p1",
            "direction": "between_members",
        },
        {
            "channel": "history",
            "external_id": "p3",
            "member": None,
            "kind": "question",
            "occurred_at": "2012-03-02T10:00:00+00:00",
            "text": "x",
            "thread": "3",
        },
        {
            "channel": "history",
            "external_id": "p4",
            "member": "-1",
            "kind": "post",
            "occurred_at": "2012-03-02T10:00:00+00:00",
            "text": "about style",
        },
        {
            "channel": "history",
            "external_id": "c1",
            "member": "5",
            "kind": "comment",
            "direction": "between_members",
            "occurred_at": "2012-03-01T12:00:00+00:00",
            "reply_to": "p2",
            "text": "Thanks &amp; bye",
            "thread": "1",
        },
        {
            "channel": "history",
            "external_id": "c2",
            "member": None,
            "kind": "comment",
            "direction": "between_members",
            "occurred_at": "2012-03-02T12:00:00+00:00",
            "reply_to": "p4",
            "text": "Hm",
        },
    ]


def test_users_may_come_as_csv(dump):
    ChannelFactory(slug="history")
    (dump / "Users.xml").unlink()
    (dump / "users.csv").write_text("\ufeffuser_id,display_name,created_at,votes\n7,Bø,2012-02-01T00:00:00,3\n")

    assert items(read(dump), "members") == [
        {"channel": "history", "external_id": "7", "handle": "Bø", "joined_at": "2012-02-01T00:00:00+00:00"}
    ]


def test_places_are_made_only_where_they_are_missing(dump):
    CommunityFactory(slug="help")
    reading = read(dump, community="help")

    assert items(reading, "communities") == []
    assert items(reading, "channels") == [
        {"slug": "history", "name": "History", "platform": "stackexchange", "community": "help"}
    ]


def test_row_without_what_it_needs_is_a_problem_of_its_own(dump):
    ChannelFactory(slug="history")
    (dump / "Users.xml").write_text('<users><row Id="5" DisplayName="Åse" /><row DisplayName="Nobody" /></users>')

    problems = [(row.cells, str(row.problems[0])) for row in read(dump).rows() if row.problems]

    assert problems == [
        (["Users.xml", "5"], "Users.xml: the row has no CreationDate"),
        (["Users.xml", ""], "Users.xml: the row has no Id"),
    ]


def test_unknown_channel_is_refused_with_the_known_ones(dump):
    ChannelFactory(slug="forum")

    with pytest.raises(WrongOptions, match=r"no channel 'history' \(known: forum\)\. Add --community"):
        read(dump)


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("Posts.xml", None, r"does not hold a whole dump: Posts\.xml missing"),
        ("Users.xml", None, r"Users\.xml \(or users\.csv\) missing"),
        ("Posts.xml", POSTS[:300], r"Posts\.xml is not well-formed XML at line \d, column \d+\. Is it complete\?"),
        ("Comments.xml", "", r"Comments\.xml is not well-formed XML at line 1"),
        (
            "Comments.xml",
            '<!DOCTYPE c [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><c><row Id="1" PostId="1" Text="&b;" /></c>',
            r"Comments\.xml declares entities of its own",
        ),
        (
            "Comments.xml",
            '<!DOCTYPE c [<!ENTITY a SYSTEM "file:///etc/passwd">]><c><row Id="1" Text="x" /></c>',
            r"Comments\.xml declares entities of its own",
        ),
    ],
)
def test_broken_dump_is_refused_before_anything_is_read(dump, name, content, sentence):
    ChannelFactory(slug="history")
    if content is None:
        (dump / name).unlink()
    else:
        (dump / name).write_text(content)

    with pytest.raises(UnreadableFile, match=sentence):
        read(dump)


def test_path_that_is_no_folder_is_refused(dump):
    with pytest.raises(UnreadableFile, match="is not a folder"):
        read(dump / "Posts.xml")
