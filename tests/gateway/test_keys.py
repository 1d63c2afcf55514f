import io
from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command
from django.utils import timezone

from gateway.authentication import ExpiredKey, InvalidKey, RevokedKey, identify
from gateway.models import ApiKey
from gateway.models.api_key import UnknownScope
from tests.api_clients import client_of, client_with

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_a_key_that_would_be_over_is_not_made():
    with pytest.raises(CommandError, match="--expires is a day to come, not 2020-01-01"):
        call_command("create_api_key", "shop", "--scopes=jobs:read", "--expires=2020-01-01")
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("option", "said"),
    [
        ("--expires=tomorrow", "argument --expires: 'tomorrow' is not a day such as 2027-01-01"),
        ("--expires=2026-02-30", "argument --expires: '2026-02-30' is not a day such as 2027-01-01"),
        ("--requests-per-minute=0", "argument --requests-per-minute: '0' is not a whole number from 1 on"),
        ("--requests-per-minute=many", "argument --requests-per-minute: 'many' is not a whole number from 1 on"),
    ],
)
def test_an_option_of_a_key_that_is_wrong_is_refused_in_words(option, said):
    with pytest.raises(CommandError) as refused:
        call_command("create_api_key", "shop", "--scopes=jobs:read", option)

    assert str(refused.value) == f"Error: {said}"
    assert not ApiKey.objects.exists()


def test_key_stores_digest_only():
    key, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])

    stored = ApiKey.objects.values().get(pk=key.pk)
    assert token.startswith(f"kith_{key.prefix}_")
    assert len(token.removeprefix(f"kith_{key.prefix}_")) == 43  # 256 bits
    assert len(bytes(stored["digest"])) == 32
    assert token not in repr(stored)
    assert token.removeprefix(f"kith_{key.prefix}_") not in repr(stored)


def test_key_with_unknown_scope_is_refused():
    with pytest.raises(UnknownScope, match="'jobs:fly'.*jobs:read"):
        ApiKey.objects.issue(name="shop", scopes=["jobs:fly"])


def test_identify_names_the_caller_and_its_scopes():
    key, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])

    caller = identify(token, now=NOW)

    assert (caller.key_id, caller.name, caller.scopes) == (key.pk, "shop", {"jobs:read"})


@pytest.mark.parametrize("spoil", [lambda t: t[:-1] + ("A" if t[-1] != "A" else "B"), lambda t: t[:-1], lambda t: ""])
def test_identify_refuses_a_wrong_secret(spoil):
    _, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])

    with pytest.raises(InvalidKey):
        identify(spoil(token), now=NOW)


def test_identify_refuses_from_the_instant_of_expiry_on():
    _, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"], expires_at=NOW)

    assert identify(token, now=NOW - timedelta(microseconds=1))
    with pytest.raises(ExpiredKey):
        identify(token, now=NOW)


def test_revoked_key_is_refused_by_the_next_request():
    key, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])
    client = client_of(token)
    assert client.get("/api/v1/jobs/").status_code == 200

    ApiKey.objects.revoke(key.prefix, now=NOW)

    response = client.get("/api/v1/jobs/")
    assert response.status_code == 401
    assert response.json()["code"] == "revoked_key"
    with pytest.raises(RevokedKey):
        identify(token, now=NOW)


def test_use_is_noted_once_a_minute():
    key, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])

    for seconds in (0, 59, 60):
        identify(token, now=NOW + timedelta(seconds=seconds))
        key.refresh_from_db()
        assert key.last_used_at == NOW + timedelta(seconds=60 if seconds == 60 else 0)


def test_use_within_the_minute_writes_nothing(django_assert_num_queries):
    _, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])
    identify(token, now=NOW)

    with django_assert_num_queries(1):
        identify(token, now=NOW + timedelta(seconds=30))


def test_key_is_taken_from_the_header_only():
    _, token = ApiKey.objects.issue(name="shop", scopes=["jobs:read"])
    client = client_of()
    client.cookies["Authorization"] = f"Bearer {token}"

    assert client.get("/api/v1/jobs/").status_code == 401
    response = client.get("/api/v1/jobs/", {"access_token": token, "key": token})
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].startswith("Bearer")


def test_other_schemes_are_refused():
    client = client_of()

    response = client.get("/api/v1/jobs/", HTTP_AUTHORIZATION="Basic YTpi")

    assert (response.status_code, response.json()["code"]) == (401, "invalid_key")


def test_a_session_opens_nothing(django_user_model):
    client = client_of()
    client.force_login(django_user_model.objects.create_superuser("boss"))

    assert client.get("/api/v1/jobs/").status_code == 401


def test_commands_make_list_and_revoke_a_key():
    out, err = io.StringIO(), io.StringIO()
    call_command("create_api_key", "shop", "--scopes=jobs:read", "--expires=2100-01-01", stdout=out, stderr=err)
    token = out.getvalue().strip()
    key = ApiKey.objects.get()
    assert key.expires_at == datetime(2100, 1, 1, tzinfo=UTC)
    assert token not in err.getvalue()
    assert identify(token, now=timezone.now()).scopes == {"jobs:read"}

    call_command("revoke_api_key", key.prefix, stdout=io.StringIO())
    listing = io.StringIO()
    call_command("list_api_keys", stdout=listing)

    assert key.prefix in listing.getvalue()
    assert "revoked" in listing.getvalue()
    assert token not in listing.getvalue()
    with pytest.raises(RevokedKey):
        identify(token, now=timezone.now())


def test_command_refuses_unknown_scopes_and_keys():
    with pytest.raises(CommandError, match="Known: .*jobs:read"):
        call_command("create_api_key", "shop", scopes="jobs:write", stdout=io.StringIO())
    with pytest.raises(CommandError, match="no API key"):
        call_command("revoke_api_key", "0" * 12, stdout=io.StringIO())


def test_all_scopes_opens_every_view():
    from gateway.routes import known_scopes

    call_command("create_api_key", "all", all_scopes=True, stdout=io.StringIO(), stderr=io.StringIO())

    assert ApiKey.objects.get().scopes == known_scopes()


def test_the_documentation_needs_a_login(client, django_user_model):
    for address in ("/api/docs/", "/api/openapi.yaml"):
        response = client.get(address)
        assert response.status_code == 302
        assert response.headers["Location"].startswith("/accounts/login/")

    client.force_login(django_user_model.objects.create_user("ana", is_staff=True))
    page = client.get("/api/docs/")
    assert page.status_code == 200
    assert b"https://" not in page.content
    assert b"/static/drf_spectacular_sidecar/" in page.content
    assert client.get("/api/openapi.yaml").status_code == 200


def test_a_wrong_scope_says_which_is_missing():
    response = client_with().get("/api/v1/jobs/")

    assert response.status_code == 403
    assert response.json()["code"] == "missing_scope"
    assert "jobs:read" in response.json()["detail"]
