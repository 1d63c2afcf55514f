"""
What happens on the three online channels, as the items that a client would send.

Everything comes in streams that give the same items each time they are run: threads are found by
running through the conversations again, never by keeping them.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import chain, count
from random import Random

from demo.generator import subjects
from demo.generator.calendar import Calendar, stamp
from demo.generator.campaigns import Campaign, utm
from demo.generator.people import Account, Channel, Population
from demo.generator.phrases import blanks

Item = dict[str, object]

FORUM_THREADS = 2_350
DISCORD_THREADS = 640
FORUM_ACCEPTED, DISCORD_ACCEPTED = 0.28, 0.27  # of the threads that a member answered, in how many that is accepted
POSTS = 420  # of our own on Instagram
MESSAGES = 480  # conversations in private on Instagram
MENTIONS = 700
FOLLOWS = 520


@dataclass(frozen=True)
class Solved:
    """An accepted answer, with who asked and who helped."""

    asker: Account
    helper: Account
    answer: str  # external id of the interaction
    answered_at: datetime
    question: str
    text: str


@dataclass
class Conversation:
    """A thread with everything said in it; `solved` when an answer was accepted."""

    thread: Item
    interactions: list[Item] = field(default_factory=list)
    solved: Solved | None = None


@dataclass(frozen=True)
class Board:
    """How a channel with threads behaves."""

    name: str
    prefix: str
    channel: Channel
    subjects: Sequence[subjects.Subject]
    threads: int
    answers: float  # on average, to a question
    comments: float
    likes: float
    reply_hours: float
    accepted: float
    staff_share: float  # of the answers
    greeted: float  # of the threads, by the bot


def forum(people: Population) -> Board:
    return Board(
        name="forum", prefix="", channel=people.forum, subjects=subjects.STUDENT_SUBJECTS, threads=FORUM_THREADS,
        answers=2.2, comments=2.2, likes=3.0, reply_hours=7, accepted=FORUM_ACCEPTED, staff_share=0.08, greeted=0.06,
    )  # fmt: skip


def discord(people: Population) -> Board:
    return Board(
        name="discord", prefix="d", channel=people.discord, subjects=subjects.TEACHER_SUBJECTS,
        threads=DISCORD_THREADS, answers=2.0, comments=3.2, likes=2.0, reply_hours=3, accepted=DISCORD_ACCEPTED,
        staff_share=0.12, greeted=0.1,
    )  # fmt: skip


def conversations(calendar: Calendar, board: Board) -> Iterator[Conversation]:
    """Yield the threads of a board in order of time."""
    dice = Random(f"{board.name} conversations")
    posts = count(1)
    for number, opened_at in enumerate(calendar.moments(dice, board.threads), 1):
        yield _conversation(dice, calendar, board, f"{board.prefix}t{number}", opened_at, posts)


def _conversation(
    dice: Random, calendar: Calendar, board: Board, thread: str, opened_at: datetime, posts: "count[int]"
) -> Conversation:
    asker = board.channel.talkers.draw(dice, opened_at)
    subject, topic = dice.choice(board.subjects), blanks(dice, opened_at)
    question = topic.fill(dice.choice(subjects.OPENERS) + subject.question + dice.choice(subjects.CLOSERS))
    conversation = Conversation(
        thread={
            "channel": board.name,
            "external_id": thread,
            "title": topic.fill(subject.title),
            "topic": subject.topic,
            "opened_by": asker.external_id,
            "opened_at": stamp(opened_at),
        }
    )

    def say(kind: str, member: Account, at: datetime, **fields: object) -> str:
        external_id = f"{board.prefix}p{next(posts)}"
        conversation.interactions.append(
            {
                "channel": board.name,
                "external_id": external_id,
                "member": member.external_id,
                "kind": kind,
                "direction": "between_members",
                "occurred_at": stamp(at),
                "thread": thread,
                **fields,
            }
        )
        return external_id

    asked = say("question", asker, opened_at, direction="inbound", text=question, language="en")
    if dice.random() < board.greeted and board.channel.bots:
        greeting = topic.fill(dice.choice(subjects.GREETINGS), asker.handle)
        at = opened_at + timedelta(seconds=20)
        say("comment", board.channel.bots[0], at, reply_to=asked, text=greeting, direction="outbound")

    voices: list[tuple[str, Account, datetime]] = [(asked, asker, opened_at)]
    answers: list[tuple[str, Account, datetime, str]] = []
    texts = dice.sample(subject.answers, len(subject.answers))
    for position in range(_about(dice, board.answers)):
        answered_at = calendar.later(dice, opened_at, board.reply_hours * (1 + position))
        if answered_at is None:
            continue
        helper = board.channel.helpers.draw(dice, answered_at, other_than=asker)
        if dice.random() < board.staff_share:
            helper = dice.choice(board.channel.staff)
        text = topic.fill(
            dice.choice(subjects.ANSWER_OPENERS) + texts[position % len(texts)] + dice.choice(subjects.ANSWER_CLOSERS),
            asker.handle,
        )
        said = say(
            "answer", helper, answered_at, reply_to=asked, to=asker.external_id, text=text, language="en",
            direction="outbound" if helper.role == "staff" else "between_members",
        )  # fmt: skip
        answers.append((said, helper, answered_at, text))
        voices.append((said, helper, answered_at))
    _solve(dice, calendar, board, conversation, asker, question, answers, say)

    for _ in range(_about(dice, board.comments)):
        on, author, at = dice.choice(voices)
        commented_at = calendar.later(dice, at, 20)
        if commented_at:
            member = board.channel.talkers.draw(dice, commented_at, other_than=author)
            text = topic.fill(dice.choice(subjects.COMMENTS), author.handle)
            say("comment", member, commented_at, reply_to=on, text=text, language="en")
    for _ in range(_about(dice, board.likes)):
        on, author, at = dice.choice(voices)
        liked_at = calendar.later(dice, at, 30)
        if liked_at:
            say("like", board.channel.talkers.draw(dice, liked_at, other_than=author), liked_at, reply_to=on)
    return conversation


def _solve(
    dice: Random,
    calendar: Calendar,
    board: Board,
    conversation: Conversation,
    asker: Account,
    question: str,
    answers: list[tuple[str, Account, datetime, str]],
    say: Callable[..., str],
) -> None:
    """Let the asker accept an answer by another member and say thank you, in some of the threads."""
    by_members = [answer for answer in answers if answer[1].role == "community"]
    if not by_members or dice.random() > board.accepted:
        return
    accepted, helper, answered_at, text = by_members[0]
    thanked_at = calendar.later(dice, answered_at, 8)
    if thanked_at and dice.random() < 0.7:
        thanks = dice.choice(subjects.THANKS).format(handle=helper.handle)
        say("comment", asker, thanked_at, reply_to=accepted, text=thanks, language="en")
    conversation.thread["accepted_answer"] = accepted
    conversation.solved = Solved(asker, helper, accepted, answered_at, question, text)


def _about(dice: Random, mean: float) -> int:
    """Draw a whole number around `mean`, often small and sometimes large."""
    return int(dice.expovariate(1 / mean) + 0.5)


def instagram(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield our posts with what people did under them, messages in private, mentions and followers."""
    dice = Random("instagram feed")
    account = people.instagram.staff[0]
    talkers = people.instagram.talkers
    numbers = count(1)

    def happened(kind: str, member: Account, at: datetime, **fields: object) -> Item:
        return {
            "channel": "instagram",
            "external_id": f"i{next(numbers)}",
            "member": member.external_id,
            "kind": kind,
            "direction": "inbound",
            "occurred_at": stamp(at),
            **fields,
        }

    for posted_at in calendar.moments(dice, POSTS):
        topic = blanks(dice, posted_at)
        post = happened(
            "post", account, posted_at, direction="outbound", text=topic.fill(dice.choice(subjects.POSTS)),
            language="en",
        )  # fmt: skip
        yield post
        for kind, mean in (("like", 16.0), ("comment", 4.0), ("share", 1.6)):
            for _ in range(_about(dice, mean)):
                at = calendar.later(dice, posted_at, 14)
                if at is None:
                    continue
                said: Item = {"reply_to": post["external_id"]}
                if kind == "comment":
                    said |= {"text": topic.fill(dice.choice(subjects.POST_COMMENTS)), "language": "en"}
                elif kind == "share":
                    said["text"] = dice.choice(subjects.SHARE_NOTES)
                yield happened(kind, talkers.draw(dice, at, other_than=account), at, **said)

    for asked_at in calendar.moments(dice, MESSAGES):
        sender, topic = talkers.draw(dice, asked_at), blanks(dice, asked_at)
        question, reply = dice.choice(subjects.MESSAGES)
        asked = happened(
            "direct_message", sender, asked_at, to=account.external_id, text=topic.fill(question), is_private=True,
            language="en",
        )  # fmt: skip
        yield asked
        replied_at = calendar.later(dice, asked_at, 5)
        if replied_at:
            yield happened(
                "direct_message", account, replied_at, direction="outbound", to=sender.external_id,
                reply_to=asked["external_id"], text=topic.fill(reply, sender.handle), is_private=True, language="en",
            )  # fmt: skip

    for at in calendar.moments(dice, MENTIONS):
        text = blanks(dice, at).fill(dice.choice(subjects.MENTIONS))
        yield happened("mention", talkers.draw(dice, at), at, text=text, language="en")
    for at in calendar.moments(dice, FOLLOWS):
        yield happened("follow", talkers.draw(dice, at), at)


@dataclass(frozen=True)
class Click:
    """Somebody followed the link of a campaign."""

    campaign: Campaign
    member: Account
    at: datetime


def clicks(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Click]:
    """Yield who followed the links of the campaigns, campaign by campaign."""
    channels = {"forum": people.forum, "instagram": people.instagram, "discord": people.discord}
    for campaign in campaigns:
        dice = Random(f"clicks {campaign.code}")
        talkers = channels[campaign.plan.channel].talkers
        for at in calendar.moments(dice, campaign.plan.clicks, campaign.starts_on, campaign.ends_on):
            yield Click(campaign, talkers.draw(dice, at), at)


def click_items(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Item]:
    dice = Random("how clicks are written")
    for number, click in enumerate(clicks(calendar, people, campaigns), 1):
        yield {
            "channel": click.member.channel,
            "external_id": f"k{number}",
            "member": click.member.external_id,
            "kind": "click",
            "direction": "inbound",
            "occurred_at": stamp(click.at),
            "url": f"https://harbourlane.example/{click.campaign.code}",
            **utm(click.campaign, shout=dice.random() < 0.1),
        }


def event_items(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Item]:
    """Yield who came to live sessions: those of a campaign, and a monthly one among teachers."""
    dice = Random("events")
    numbers = count(1)

    def attendance(session: str, campaign: str | None, at: datetime) -> Item:
        item: Item = {
            "channel": "discord",
            "external_id": f"e{next(numbers)}",
            "member": people.discord.talkers.draw(dice, at).external_id,
            "kind": "event_attendance",
            "direction": "inbound",
            "occurred_at": stamp(at),
            "text": session,
            "language": "en",
        }
        return item | ({"campaign": campaign} if campaign else {})

    def session(at: datetime, guests: int, campaign: str | None = None) -> Iterator[Item]:
        title = blanks(dice, at).fill(dice.choice(subjects.EVENTS))
        starts_at = at.replace(hour=18, minute=30, second=0)
        for late in range(guests):
            yield attendance(title, campaign, starts_at + timedelta(seconds=41 * late))

    for first, last in calendar.months():
        yield from session(calendar.moment(dice, first, last), dice.randrange(7, 15))
    for campaign in campaigns:
        for at in calendar.moments(dice, campaign.plan.events // 14, campaign.starts_on, campaign.ends_on):
            yield from session(at, 14, campaign.code)


def interactions(calendar: Calendar, people: Population, campaigns: Sequence[Campaign]) -> Iterator[Item]:
    """Yield everything that happened online, channel by channel."""
    for board in (forum(people), discord(people)):
        for conversation in conversations(calendar, board):
            yield from conversation.interactions
    yield from chain(
        instagram(calendar, people),
        click_items(calendar, people, campaigns),
        event_items(calendar, people, campaigns),
    )


def threads(calendar: Calendar, people: Population) -> Iterator[Item]:
    """Yield the threads of forum and Discord."""
    for board in (forum(people), discord(people)):
        for conversation in conversations(calendar, board):
            yield conversation.thread


def solved(calendar: Calendar, people: Population) -> Iterator[Solved]:
    """Yield the accepted answers."""
    for board in (forum(people), discord(people)):
        for conversation in conversations(calendar, board):
            if conversation.solved:
                yield conversation.solved
