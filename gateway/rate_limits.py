"""
How often a key may ask: so many requests in each minute, counted for all processes together.

The counter stands in Valkey: it begins with a key's first request and is gone a minute later. Counting is one
step there, so requests at the same moment are each counted, which a count that is read, changed and written
back by the web processes is not.
"""

import logging
import time
from functools import cache

import redis
from django.conf import settings
from redis.backoff import NoBackoff
from redis.retry import Retry
from rest_framework.request import Request
from rest_framework.throttling import BaseThrottle
from rest_framework.views import APIView

from gateway.authentication import Caller

WINDOW = 60  # seconds
ANSWERS_WITHIN = 0.2  # seconds; a request does not wait longer for its counter
LOOKS_AGAIN_AFTER = 5.0  # seconds without counting when Valkey did not answer

logger = logging.getLogger(__name__)


class KeyRate(BaseThrottle):
    """
    Let a key ask as often in a minute as it says itself, or else as `KITH_API_REQUESTS_PER_MINUTE` says; 0: any number.

    A batch is one request. Without Valkey nobody is counted and everybody is let through: the limit keeps one
    client from taking the place of the others, and is not worth refusing all of them.
    """

    def __init__(self) -> None:
        self.seconds_left = float(WINDOW)

    def allow_request(self, request: Request, view: APIView) -> bool:
        caller = request.user
        if not isinstance(caller, Caller):
            return True  # nobody whom a key stands for; permissions refuse them in a moment
        limit = caller.requests_per_minute or settings.KITH_API_REQUESTS_PER_MINUTE
        if not limit:
            return True
        counted = request_counter(settings.REDIS_URL).count(caller.prefix)
        if counted is None:
            return True
        number, self.seconds_left = counted
        return number <= limit

    def wait(self) -> float:
        """Return the seconds until the key's next minute begins."""
        return self.seconds_left


class RequestCounter:
    """Counts requests in Valkey."""

    def __init__(self, address: str) -> None:
        self._client = redis.Redis.from_url(
            address,
            socket_timeout=ANSWERS_WITHIN,
            socket_connect_timeout=ANSWERS_WITHIN,
            retry=Retry(NoBackoff(), 1),  # once, for a connection that a restart of Valkey has left dead
        )
        self._is_away = False
        self._look_at = 0.0  # on the monotonic clock

    def count(self, who: str) -> tuple[int, float] | None:
        """
        Count a request of `who`; return which one it is in its minute, and the seconds until the next minute.

        None when Valkey does not answer. That it went, and that it is back, is logged once; meanwhile only one
        request in a few seconds tries.
        """
        if self._is_away and time.monotonic() < self._look_at:
            return None
        key = f"kith:requests:{who}"
        try:
            with self._client.pipeline(transaction=True) as together:
                together.incr(key)
                together.expire(key, WINDOW, nx=True)
                together.pttl(key)
                number, _, milliseconds = together.execute()
        except redis.RedisError as error:
            self._look_at = time.monotonic() + LOOKS_AGAIN_AFTER
            if not self._is_away:
                self._is_away = True
                logger.warning("Requests are not counted, and none is refused, until Valkey answers: %s", error)
            return None
        if self._is_away:
            self._is_away = False
            logger.info("Valkey answers again: requests are counted.")
        return int(number), milliseconds / 1000


@cache
def request_counter(address: str) -> RequestCounter:
    """Return the counter of this process for a server: it keeps its connections."""
    return RequestCounter(address)
