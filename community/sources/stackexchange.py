"""
Import of a Stack Exchange data dump: Posts, Comments and Users of one site as one channel.

Questions become threads with an interaction of kind question, answers and comments reply to what
they answer, owners become members, tags the topic, accepted answers stay accepted. Other posts
(tag descriptions, nominations) are interactions of kind post. Every user becomes a member, also
those who only read, since they are the community's audience. Votes, badges and edits are left out.
"""

import argparse
import csv
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO
from xml.etree.ElementTree import Element, ParseError

from defusedxml import DefusedXmlException
from defusedxml.ElementTree import iterparse

from community.sources.html_text import text_of_html
from community.sources.places import new_places
from community.sources.source import MEND_THE_FOLDER, ImportSource, Reading, RowProblem, SourceRow, UnreadableFile

QUESTION, ANSWER = "1", "2"
BACKGROUND_USER = "-1"  # "Community", the account in whose name the site itself acts
TITLE_LENGTH = 500  # characters that a thread's title holds
TOPIC_LENGTH = 100  # characters that a thread's topic holds
_TAG = re.compile(r"[^<>|]+")

Attributes = Mapping[str, str]


class StackExchangeSource(ImportSource):
    """A folder with Posts.xml, Comments.xml and Users.xml (or users.csv) of one site."""

    key = "stackexchange"
    label = "a Stack Exchange data dump: Posts, Comments and Users of one site"
    path_label = "FOLDER"
    mending = MEND_THE_FOLDER

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--channel", required=True, metavar="SLUG", help="the channel that the site is")
        parser.add_argument(
            "--community", metavar="SLUG", help="make the channel, if it is not there yet, in this community"
        )

    def read(self, path: Path, options: Mapping[str, Any]) -> "StackExchangeReading":
        folder = _Folder.at(path)
        places = new_places(options["channel"], options["community"], platform="stackexchange")
        questions: dict[str, str] = {}
        posts = comments = threads = 0
        for _, row in folder.posts():
            posts += 1
            threads += row.get("PostTypeId") == QUESTION
            if row.get("PostTypeId") == ANSWER and "Id" in row and "ParentId" in row:
                questions[row["Id"]] = row["ParentId"]
            elif row.get("PostTypeId") == QUESTION and "Id" in row:
                questions[row["Id"]] = row["Id"]
        comments = sum(1 for _ in folder.comments())
        users = sum(1 for _ in folder.users())
        return StackExchangeReading(
            total=len(places) + users + threads + posts + comments,
            header=["file", "Id"],
            folder=folder,
            channel=options["channel"],
            places=places,
            questions=questions,
        )


@dataclass(kw_only=True)
class StackExchangeReading(Reading):
    """
    A dump that was read through once. `questions` leads from each question and answer to its question.

    That map is all that is kept in memory: about 200 bytes for each post.
    """

    folder: "_Folder"
    channel: str
    places: list[tuple[str, dict[str, object]]]
    questions: dict[str, str]

    def rows(self) -> Iterator[SourceRow]:
        """Yield community and channel if they are new, then members, threads, posts and comments."""
        for number, (collection, item) in enumerate(self.places, start=1):
            yield SourceRow(number=number, collection=collection, item=item, cells=["", ""])
        users, posts, comments = self.folder.users, self.folder.posts, self.folder.comments
        yield from self._rows("members", self.folder.users_file.name, users(), self._member)
        questions = ((number, row) for number, row in posts() if row.get("PostTypeId") == QUESTION)
        yield from self._rows("threads", "Posts.xml", questions, self._thread)
        yield from self._rows("interactions", "Posts.xml", posts(), self._post)
        yield from self._rows("interactions", "Comments.xml", comments(), self._comment)

    def problem(self, row: SourceRow, *, item_field: str, reason: str) -> RowProblem:
        """Return the reason with the file, the row's Id and the item's field."""
        return RowProblem(
            column=f"{row.cells[0]} Id {row.cells[1]}, {item_field}", value=_shown(row, item_field), reason=reason
        )

    def _rows(
        self,
        collection: str,
        file: str,
        numbered: Iterator[tuple[int, Attributes]],
        make: Callable[[Attributes], dict[str, object]],
    ) -> Iterator[SourceRow]:
        for number, row in numbered:
            item: dict[str, object] = {}
            problems = []
            try:
                item = {"channel": self.channel, **make(row)}
            except KeyError as missing:
                problems = [RowProblem(column="", value="", reason=f"{file}: the row has no {missing.args[0]}")]
            yield SourceRow(
                number=number, collection=collection, item=item, cells=[file, row.get("Id", "")], problems=problems
            )

    def _member(self, row: Attributes) -> dict[str, object]:
        member: dict[str, object] = {
            "external_id": row["Id"],
            "handle": row.get("DisplayName", ""),
            "joined_at": _instant(row["CreationDate"]),
        }
        if row["Id"] == BACKGROUND_USER:
            member["role"] = "bot"
        return member

    def _thread(self, row: Attributes) -> dict[str, object]:
        accepted = row.get("AcceptedAnswerId")
        return {
            "external_id": row["Id"],
            "title": row.get("Title", "")[:TITLE_LENGTH],
            "topic": ", ".join(_TAG.findall(row.get("Tags", "")))[:TOPIC_LENGTH],
            "opened_by": row.get("OwnerUserId"),
            "opened_at": _instant(row["CreationDate"]),
            "accepted_answer": _post_id(accepted) if accepted else None,
            "source_state": "closed" if "ClosedDate" in row else "open",
        }

    def _post(self, row: Attributes) -> dict[str, object]:
        kind = row["PostTypeId"]
        post: dict[str, object] = {
            "external_id": _post_id(row["Id"]),
            "member": row.get("OwnerUserId"),
            "kind": {QUESTION: "question", ANSWER: "answer"}.get(kind, "post"),
            "occurred_at": _instant(row["CreationDate"]),
            "text": text_of_html(row.get("Body", "")),
        }
        if kind == QUESTION:
            post["thread"] = row["Id"]
        elif kind == ANSWER:
            post |= {
                "thread": row["ParentId"],
                "reply_to": _post_id(row["ParentId"]),
                "direction": "between_members",
            }
        return post

    def _comment(self, row: Attributes) -> dict[str, object]:
        comment: dict[str, object] = {
            "external_id": f"c{row['Id']}",
            "member": row.get("UserId"),
            "kind": "comment",
            "direction": "between_members",
            "occurred_at": _instant(row["CreationDate"]),
            "reply_to": _post_id(row["PostId"]),
            "text": row.get("Text", ""),
        }
        if question := self.questions.get(row["PostId"]):
            comment["thread"] = question
        return comment


@dataclass(frozen=True)
class _Folder:
    """The files of a dump. Users come from Users.xml, else from users.csv (user_id, display_name, created_at)."""

    posts_file: Path
    comments_file: Path
    users_file: Path

    @classmethod
    def at(cls, path: Path) -> "_Folder":
        if not path.is_dir():
            raise UnreadableFile(f"{path} is not a folder. Unpack the dump and name the folder with its XML files.")
        users = next((path / name for name in ("Users.xml", "users.csv") if (path / name).is_file()), None)
        missing = [name for name in ("Posts.xml", "Comments.xml") if not (path / name).is_file()]
        if users is None:
            missing.append("Users.xml (or users.csv)")
        if users is None or missing:
            raise UnreadableFile(f"{path} does not hold a whole dump: {', '.join(missing)} missing.")
        return cls(posts_file=path / "Posts.xml", comments_file=path / "Comments.xml", users_file=users)

    def posts(self) -> Iterator[tuple[int, Attributes]]:
        return _xml_rows(self.posts_file)

    def comments(self) -> Iterator[tuple[int, Attributes]]:
        return _xml_rows(self.comments_file)

    def users(self) -> Iterator[tuple[int, Attributes]]:
        return _xml_rows(self.users_file) if self.users_file.suffix == ".xml" else _csv_users(self.users_file)


def _xml_rows(path: Path) -> Iterator[tuple[int, Attributes]]:
    """
    Yield (number, attributes) of every <row>, keeping one at a time in memory.

    Dumps begin with a byte order mark and a DOCTYPE that names a file which is not there: it is
    never looked for. Entities, which can be bombs, are refused.
    """
    try:
        with path.open("rb") as file:
            for number, element in enumerate(_elements(file), start=1):
                yield number, dict(element.attrib)
    except OSError as error:
        raise UnreadableFile(f"{path} cannot be opened: {error.strerror or error}.") from error
    except ParseError as error:
        line, column = error.position
        raise UnreadableFile(
            f"{path.name} is not well-formed XML at line {line:,}, column {column:,}. Is it complete?"
        ) from error
    except DefusedXmlException as error:
        raise UnreadableFile(f"{path.name} declares entities of its own, which can harm. It is not read.") from error


def _elements(file: BinaryIO) -> Iterator[Element]:
    root: Element | None = None
    for event, element in iterparse(file, events=("start", "end"), forbid_entities=True, forbid_external=True):
        if root is None:
            root = element
        elif event == "end" and element.tag == "row":
            yield element
            root.clear()


def _csv_users(path: Path) -> Iterator[tuple[int, Attributes]]:
    needed = {"user_id": "Id", "display_name": "DisplayName", "created_at": "CreationDate"}
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file)
            if lacking := [name for name in needed if name not in (reader.fieldnames or [])]:
                raise UnreadableFile(f"{path.name} has no column {', '.join(lacking)}.")
            for number, row in enumerate(reader, start=2):
                yield number, {attribute: row[name] or "" for name, attribute in needed.items()}
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{path} cannot be read: {error}.") from error


def _instant(text: str) -> str:
    """Return a time of the dump, which is UTC without saying so, as ISO 8601 with its offset."""
    return f"{text}+00:00"


def _post_id(post: str) -> str:
    """Return the external id of a post's interaction: comments count from 1 too, hence the letter."""
    return f"p{post}"


def _shown(row: SourceRow, item_field: str) -> str:
    value = row.item.get(item_field)
    return "" if value is None else str(value)
