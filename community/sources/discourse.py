"""
Import of a Discourse forum from three tables: topics.csv, posts.csv and users.csv of one site as one channel.

Topics become threads, with their category as the topic; opening posts are questions, the other posts
answers to what they reply to, else to the opening post; users become members, staff with that role. The
accepted answer is the one that the topic names: a post that only calls itself accepted is left alone.
System actions (a topic closed, split, moved) are said by nobody and left out. Likes and views have no
name, so they are counted in the report and are no interactions.
"""

import argparse
import csv
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from community.sources.places import new_places
from community.sources.source import MEND_THE_FOLDER, ImportSource, Reading, RowProblem, SourceRow, UnreadableFile

ORDINARY_POST = "1"  # the other types are system actions
OPENING_POST = "1"  # its number in the topic

COLUMNS = {
    "users.csv": ("user_id", "username", "is_staff"),
    "topics.csv": (
        *("topic_id", "category_id", "created_at", "author_user_id", "views"),
        *("closed", "accepted_post_number"),
    ),
    "posts.csv": (
        *("post_id", "topic_id", "post_number", "user_id", "created_at", "post_type"),
        *("reply_to_post_number", "like_count", "is_staff", "is_accepted_answer"),
    ),
}

Cells = Mapping[str, str]
PostKey = tuple[str, str]  # topic and number in it


class DiscourseSource(ImportSource):
    """A folder with topics.csv, posts.csv and users.csv of one forum."""

    key = "discourse"
    label = "a Discourse forum as tables: topics.csv, posts.csv and users.csv of one site"
    path_label = "FOLDER"
    mending = MEND_THE_FOLDER

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        parser.add_argument("--channel", required=True, metavar="SLUG", help="the channel that the forum is")
        parser.add_argument(
            "--community", metavar="SLUG", help="make the channel, if it is not there yet, in this community"
        )

    def read(self, path: Path, options: Mapping[str, Any]) -> "DiscourseReading":
        if not path.is_dir():
            raise UnreadableFile(f"{path} is not a folder. Name the folder with {', '.join(COLUMNS)}.")
        if missing := [name for name in COLUMNS if not (path / name).is_file()]:
            raise UnreadableFile(f"{path} does not hold a whole forum: {', '.join(missing)} missing.")
        places = new_places(options["channel"], options["community"], platform="discourse")
        users = sum(1 for _ in _rows(path, "users.csv"))
        named = {}
        views = 0
        for number, topic in _rows(path, "topics.csv"):
            named[topic["topic_id"]] = topic["accepted_post_number"]
            views += _counted(topic, "views", file="topics.csv", number=number)
        posts: dict[PostKey, str] = {}
        likes = actions = ignored = 0
        for number, post in _rows(path, "posts.csv"):
            if post["post_type"] != ORDINARY_POST:
                actions += 1
                continue
            posts[post["topic_id"], post["post_number"]] = post["post_id"]
            likes += _counted(post, "like_count", file="posts.csv", number=number)
            ignored += post["is_accepted_answer"] == "1" and named.get(post["topic_id"]) != post["post_number"]
        return DiscourseReading(
            total=len(places) + users + len(named) + len(posts),
            header=["file", "id"],
            folder=path,
            channel=options["channel"],
            places=places,
            posts=posts,
            notes={
                "likes, counted only": likes,
                "views, counted only": views,
                "system actions, left out": actions,
                "accepted answers that their topic does not name, ignored": ignored,
            },
        )


@dataclass(kw_only=True)
class DiscourseReading(Reading):
    """A forum that was read through once. `posts` leads from topic and number to each post's id."""

    folder: Path
    channel: str
    places: list[tuple[str, dict[str, object]]]
    posts: Mapping[PostKey, str]

    def rows(self) -> Iterator[SourceRow]:
        """Yield community and channel if they are new, then members, threads and posts."""
        for number, (collection, item) in enumerate(self.places, start=1):
            yield SourceRow(number=number, collection=collection, item=item, cells=["", ""])
        yield from self._items("members", "users.csv", "user_id", self._member)
        yield from self._items("threads", "topics.csv", "topic_id", self._thread)
        yield from self._items("interactions", "posts.csv", "post_id", self._post)

    def problem(self, row: SourceRow, *, item_field: str, reason: str) -> RowProblem:
        """Return the reason with the file, the row's id and the item's field."""
        return RowProblem(
            column=f"{row.cells[0]} {row.cells[1]}, {item_field}",
            value=str(row.item.get(item_field, "")),
            reason=reason,
        )

    def _items(
        self, collection: str, file: str, key: str, make: Callable[[Cells], dict[str, object] | None]
    ) -> Iterator[SourceRow]:
        for number, cells in _rows(self.folder, file):
            item = make(cells)
            if item is not None:
                item = {"channel": self.channel, **item}
                yield SourceRow(number=number, collection=collection, item=item, cells=[file, cells[key]])

    def _member(self, user: Cells) -> dict[str, object]:
        member: dict[str, object] = {"external_id": user["user_id"], "handle": user["username"]}
        if user["is_staff"] == "1":
            member["role"] = "staff"
        return member

    def _thread(self, topic: Cells) -> dict[str, object]:
        accepted = self.posts.get((topic["topic_id"], topic["accepted_post_number"]))
        return {
            "external_id": topic["topic_id"],
            "topic": topic["category_id"],
            "opened_by": topic["author_user_id"] or None,
            "opened_at": topic["created_at"],
            "accepted_answer": accepted,
            "source_state": "closed" if topic["closed"] == "1" else "open",
        }

    def _post(self, post: Cells) -> dict[str, object] | None:
        if post["post_type"] != ORDINARY_POST:
            return None
        item: dict[str, object] = {
            "external_id": post["post_id"],
            "member": post["user_id"] or None,
            "thread": post["topic_id"],
            "occurred_at": post["created_at"],
        }
        if post["post_number"] == OPENING_POST:
            return item | {"kind": "question", "direction": "inbound"}
        number = post["reply_to_post_number"] or OPENING_POST
        answered = self.posts.get((post["topic_id"], number)) or self.posts.get((post["topic_id"], OPENING_POST))
        direction = "outbound" if post["is_staff"] == "1" else "between_members"
        return item | {"kind": "answer", "direction": direction, "reply_to": answered}


def _counted(cells: Cells, column: str, *, file: str, number: int) -> int:
    """Return the whole number in a cell, 0 for an empty one."""
    text = cells[column].strip() or "0"
    if not (text.isascii() and text.isdecimal()):
        raise UnreadableFile(f"{file}, row {number}: {column} is not a whole number: '{text[:60]}'.")
    return int(text)


def _rows(folder: Path, name: str) -> Iterator[tuple[int, Cells]]:
    """Yield (number, cells by column) of every row; the header is row 1."""
    try:
        with (folder / name).open(encoding="utf-8-sig", newline="") as file:
            reader = csv.DictReader(file, restval="")
            lacking = [column for column in COLUMNS[name] if column not in (reader.fieldnames or ())]
            if lacking:
                raise UnreadableFile(f"{name} has no column {', '.join(lacking)}.")
            for number, cells in enumerate(reader, start=2):
                if None in cells:
                    raise UnreadableFile(f"{name}, row {number}: it has more cells than the header names.")
                yield number, cells
    except (OSError, UnicodeDecodeError, csv.Error) as error:
        raise UnreadableFile(f"{folder / name} cannot be read: {error}.") from error
