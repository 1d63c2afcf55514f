"""
A join of two real data sets that belong to different people: purchases of CD buyers, and a Q&A site.

`python -m tests.real_data.made_up_join DATA OUT` writes two files that `manage.py import csv` takes:

- purchases.csv: the 6,919 purchases, each date moved forward by 5,479 days (15 years), so that the
  buyers' year and a half falls into the life of the site;
- accounts.csv: whose account is whose. This is made up: the buyer with the lowest number is given
  the writing user with the lowest positive id, and so on until the 383 users who wrote are used up.
"""

import csv
import sys
from datetime import date, timedelta
from pathlib import Path
from xml.etree.ElementTree import iterparse

MOVED_BY = timedelta(days=5_479)


def writing_users(folder: Path) -> list[int]:
    """Return the ids above zero of all users who wrote a post or a comment, in order."""
    users = set()
    for name, attribute in (("Posts.xml", "OwnerUserId"), ("Comments.xml", "UserId")):
        for _, element in iterparse(folder / name):
            users.add(int(element.get(attribute, "0")))
    return sorted(user for user in users if user > 0)


def write_join(data: Path, out: Path) -> tuple[Path, Path]:
    """Write purchases.csv and accounts.csv into `out` and return their paths."""
    purchases, accounts = out / "purchases.csv", out / "accounts.csv"
    with (data / "purchases_cdnow" / "transactions.csv").open(newline="") as file:
        rows = list(csv.DictReader(file))
    with purchases.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["customer", "date", "amount"])
        writer.writerows(
            [row["customer_id"], date.fromisoformat(row["date"]) + MOVED_BY, row["amount"]] for row in rows
        )
    customers = sorted({int(row["customer_id"]) for row in rows})
    with accounts.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["user", "customer"])
        writer.writerows(zip(writing_users(data / "community_qa_site"), customers, strict=False))
    return purchases, accounts


if __name__ == "__main__":
    for written in write_join(Path(sys.argv[1]), Path(sys.argv[2])):
        sys.stdout.write(f"{written}\n")
