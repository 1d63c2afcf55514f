"""Coming in, and being shown out: wrong passwords, second factors, and sessions that end when a role changes."""

import datetime as dt
from collections.abc import Callable
from zoneinfo import ZoneInfo

import pytest
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.internal import auth as totp
from axes.models import AccessAttempt
from django.conf import settings as kith
from django.contrib.auth.models import Group, Permission, User
from django.contrib.sessions.models import Session
from django.core.cache import cache
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from config.celery import app as celery
from config.models import GroupPermissionEvent, UserSession
from tests.admin_clients import with_role

pytestmark = pytest.mark.django_db

PASSWORD = "a colleague's long password"
NOBODY = {"colleague-TOTAL_FORMS": "0", "colleague-INITIAL_FORMS": "0"}  # of a form that says not who the user is


@pytest.fixture(autouse=True)
def quick_hashes(settings) -> None:
    settings.PASSWORD_HASHERS = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    cache.clear()


@pytest.fixture
def ana() -> User:
    return User.objects.create_user("ana", password=PASSWORD, is_staff=True)


def log_in(name: str, password: str = PASSWORD, *, address: str = "198.51.100.7", **headers: str) -> tuple[Client, int]:
    client = Client(REMOTE_ADDR=address, **headers)
    response = client.post(reverse("account_login"), {"login": name, "password": password})
    return client, response.status_code


def is_in(client: Client) -> bool:
    return client.get(reverse("admin:index")).status_code == 200


def fail(name: str, times: int = 5, **where: str) -> list[int]:
    return [log_in(name, "wrong", **where)[1] for _ in range(times)]


def test_the_right_password_leads_to_the_admin(ana: User):
    client, status = log_in("ana")

    assert status == 302
    assert is_in(client)


def test_the_admins_own_login_leads_to_ours(client: Client):
    response = client.get("/admin/crm/contact/")
    assert (response.status_code, response.url) == (302, "/admin/login/?next=/admin/crm/contact/")
    assert client.get(response.url).url.startswith("/accounts/login/?next=")


def test_five_wrong_passwords_lock_for_fifteen_minutes(ana: User):
    assert fail("ana") == [200, 200, 200, 200, 429]

    response = Client(REMOTE_ADDR="198.51.100.7").post(reverse("account_login"), {"login": "ana", "password": PASSWORD})

    assert response.status_code == 429
    assert 890 <= int(response.headers["Retry-After"]) <= 900
    text = response.content.decode()
    assert "This login is locked for 15 minutes" in text
    assert "“ana”" in text
    until = (AccessAttempt.objects.get().attempt_time + dt.timedelta(minutes=15)).astimezone(ZoneInfo("Europe/London"))
    assert f"Try again at {until:%H:%M}" in text


def test_a_lock_is_over_after_fifteen_minutes(ana: User):
    fail("ana")
    AccessAttempt.objects.update(attempt_time=AccessAttempt.objects.get().attempt_time - dt.timedelta(minutes=15))

    assert is_in(log_in("ana")[0])


def test_an_administrator_unlocks_at_once(ana: User, admin_client: Client):
    fail("ana")
    attempt = AccessAttempt.objects.get()

    assert "198.51.100.7" in admin_client.get(reverse("admin:axes_accessattempt_changelist")).content.decode()
    admin_client.post(reverse("admin:axes_accessattempt_delete", args=[attempt.pk]), {"post": "yes"})

    assert is_in(log_in("ana")[0])


def test_guessing_locks_neither_the_office_nor_the_colleague_elsewhere(ana: User):
    User.objects.create_user("ben", password=PASSWORD, is_staff=True)
    fail("ana")

    assert is_in(log_in("ben")[0])
    assert is_in(log_in("ana", address="203.0.113.9")[0])


def test_names_that_do_not_exist_are_locked_alike():
    assert fail("nobody") == [200, 200, 200, 200, 429]


def test_the_right_password_forgets_the_wrong_ones(ana: User):
    fail("ana", 4)
    log_in("ana")

    assert fail("ana", 4) == [200, 200, 200, 200]


def test_forwarded_addresses_are_believed_only_from_proxies(ana: User, settings):
    for number in range(5):
        log_in("ana", "wrong", HTTP_X_FORWARDED_FOR=f"192.0.2.{number}")
    assert log_in("ana")[1] == 429

    settings.KITH_PROXY_COUNT = 1
    for _ in range(5):
        log_in("ana", "wrong", HTTP_X_FORWARDED_FOR="10.9.9.9, 192.0.2.1")
    assert log_in("ana", HTTP_X_FORWARDED_FOR="10.8.8.8, 192.0.2.1")[1] == 429
    assert is_in(log_in("ana", HTTP_X_FORWARDED_FOR="192.0.2.2")[0])


@pytest.mark.parametrize(
    ("said", "kept"),
    [
        ("192.0.2.1:50123", "192.0.2.1"),
        ("[2001:db8::1]:50123", "2001:db8::1"),
        ("2001:db8::1", "2001:db8::1"),
        ("unknown", "198.51.100.7"),
        ("_hidden", "198.51.100.7"),
        ("x" * 300, "198.51.100.7"),
    ],
)
def test_what_a_proxy_says_of_a_client_is_read_with_a_port_and_without(ana: User, settings, said: str, kept: str):
    settings.KITH_PROXY_COUNT = 1

    assert fail("ana", HTTP_X_FORWARDED_FOR=said) == [200, 200, 200, 200, 429]
    assert [attempt.ip_address for attempt in AccessAttempt.objects.all()] == [kept]


def test_no_password_is_kept_of_wrong_logins(ana: User):
    log_in("ana", "my bank's password")

    attempt = AccessAttempt.objects.get()
    assert "bank" not in " ".join(str(getattr(attempt, field.name)) for field in attempt._meta.fields)


def test_nobody_can_sign_up(client: Client):
    assert client.get("/accounts/signup/").status_code == 404
    assert client.post("/accounts/signup/", {"username": "eve", "password1": PASSWORD}).status_code == 404


def test_a_deactivated_user_cannot_log_in(ana: User):
    User.objects.update(is_active=False)

    assert not is_in(log_in("ana")[0])


# The second factor.


@pytest.fixture
def secret(ana: User) -> str:
    made = totp.generate_totp_secret()
    totp.TOTP.activate(ana, made)
    return made


def code_of(secret: str) -> str:
    return totp.format_hotp_value(totp.hotp_value(secret, next(iter(totp.yield_hotp_counters_from_time()))))


def confirmed(name: str) -> Client:
    """Return somebody who logged in and gave the password once more, as changes of one's own login ask for."""
    client, _ = log_in(name)
    assert client.post(reverse("account_reauthenticate"), {"password": PASSWORD}).status_code == 302
    return client


def test_a_second_factor_is_asked_for(ana: User, secret: str):
    client, _ = log_in("ana")
    assert not is_in(client)

    assert client.post(reverse("mfa_authenticate"), {"code": "000000"}).status_code == 200
    assert not is_in(client)

    assert client.post(reverse("mfa_authenticate"), {"code": code_of(secret)}).status_code == 302
    assert is_in(client)


def test_wrong_codes_are_counted_too(ana: User, secret: str):
    client, _ = log_in("ana")
    for _ in range(5):
        client.post(reverse("mfa_authenticate"), {"code": "000000"})

    client.post(reverse("mfa_authenticate"), {"code": code_of(secret)})

    assert not is_in(client)


def test_a_second_factor_is_set_up_with_a_picture_from_here(ana: User):
    client = confirmed("ana")
    page = client.get(reverse("mfa_activate_totp")).content.decode()
    assert 'src="data:image/svg+xml' in page

    client.post(reverse("mfa_activate_totp"), {"code": code_of(client.session["mfa.totp.secret"])})

    assert {one.type for one in Authenticator.objects.filter(user=ana)} == {"totp", "recovery_codes"}
    codes = client.get(reverse("mfa_view_recovery_codes")).content.decode()
    assert "Unused codes" in codes
    assert "should the app be lost" in codes


def test_the_secret_of_a_second_factor_is_not_stored_in_clear(ana: User, secret: str):
    (kept,) = Authenticator.objects.filter(user=ana).values_list("data", flat=True)

    assert secret not in str(kept)
    assert get_adapter().decrypt(kept["secret"]) == secret


def test_where_it_is_required_everybody_sets_one_up_first(ana: User, settings):
    settings.KITH_MFA = "required"
    client, _ = log_in("ana")

    assert client.get(reverse("admin:index")).url == reverse("mfa_activate_totp")
    assert client.post(reverse("admin:crm_contact_changelist")).url == reverse("mfa_activate_totp")
    assert client.get(reverse("mfa_activate_totp")).url.startswith(reverse("account_reauthenticate"))
    assert confirmed("ana").get(reverse("mfa_activate_totp")).status_code == 200
    totp.TOTP.activate(ana, totp.generate_totp_secret())
    assert is_in(client)


# Sessions end with what somebody may do.


def deactivate(user: User) -> None:
    User.objects.filter(pk=user.pk).update(is_active=False)
    User.objects.filter(pk=user.pk).update(is_active=True)


def new_password(user: User) -> None:
    user.set_password("another long password")
    user.save()


def delete_role(user: User) -> None:
    user.groups.first().delete()


CHANGES: dict[str, Callable[[User], object]] = {
    "another role": lambda user: user.groups.add(Group.objects.get(name="Helper")),
    "a role less": lambda user: user.groups.clear(),
    "the role is deleted": delete_role,
    "the role may more": lambda user: user.groups.get().permissions.add(Permission.objects.get(codename="add_job")),
    "the role may less": lambda user: user.groups.get().permissions.clear(),
    "a permission of one's own": lambda user: user.user_permissions.add(Permission.objects.first()),
    "a permission less": lambda user: user.user_permissions.clear(),
    "deactivated for a moment": deactivate,
    "a new password": new_password,
    "superuser": lambda user: User.objects.filter(pk=user.pk).update(is_superuser=True),
    "staff no more": lambda user: User.objects.filter(pk=user.pk).update(is_staff=False),
}


@pytest.mark.parametrize("change", CHANGES)
def test_all_sessions_end_with_a_change_of(change: str):
    analyst = Group.objects.get(name="Analyst")
    user, other = (User.objects.create_user(name, is_staff=True) for name in ("ana", "ben"))
    user.groups.add(analyst)
    user.user_permissions.add(Permission.objects.get(codename="view_logentry"))
    clients = [Client(), Client(), Client()]
    for client, person in zip(clients, (user, user, other), strict=True):
        client.force_login(person)
    assert [is_in(client) for client in clients] == [True, True, True]

    CHANGES[change](user)

    assert [is_in(client) for client in clients] == [False, False, True]
    assert UserSession.objects.filter(user=user).count() == 0


def test_what_changes_nothing_ends_nothing(ana: User):
    client, _ = log_in("ana")

    User.objects.update(last_name="Lund", email="ana@example.com")
    ana.groups.remove(Group.objects.get(name="Helper"))
    Group.objects.get(name="Helper").permissions.add(Permission.objects.get(codename="add_job"))

    assert is_in(client)


def test_ones_own_new_password_ends_the_other_sessions(ana: User):
    here, there = log_in("ana")[0], log_in("ana")[0]

    new = {"old_password": PASSWORD, "new_password1": "quite another 17", "new_password2": "quite another 17"}
    assert here.post(reverse("admin:password_change"), new).status_code == 302

    assert is_in(here)
    assert not is_in(there)


def test_who_changes_their_own_role_is_asked_to_log_in_again():
    boss = User.objects.create_superuser("boss")
    client = Client()
    client.force_login(boss)
    helper = Group.objects.get(name="Helper")
    data = {"username": "boss", "is_active": "on", "is_staff": "on", "is_superuser": "on", "groups": [helper.pk]}
    data |= {"date_joined_0": "2026-01-01", "date_joined_1": "09:00", "last_login_0": "", "last_login_1": "", **NOBODY}

    assert client.post(reverse("admin:auth_user_change", args=[boss.pk]), data).status_code == 302

    assert list(boss.groups.all()) == [helper]
    assert not is_in(client)


def test_sessions_that_are_over_are_deleted(ana: User):
    over, here = log_in("ana")[0], log_in("ana")[0]
    UserSession.objects.filter(pk=over.session.session_key).update(expire_date=timezone.now())

    celery.loader.import_default_modules()  # as a worker does
    celery.tasks[kith.CELERY_BEAT_SCHEDULE["forget-sessions"]["task"]].apply()

    assert list(UserSession.objects.values_list("pk", flat=True)) == [here.session.session_key]
    assert is_in(here)


def test_sessions_know_whose_they_are(ana: User):
    log_in("ana")

    assert UserSession.objects.filter(user=ana).count() == 1
    assert Session.objects.count() == 0
    assert kith.SESSION_ENGINE == "config.sessions"


# Nobody gives what they do not have.


@pytest.fixture
def administrator() -> Client:
    return with_role("Administrator", username="olga")


def form_of(user: User, **changes: object) -> dict[str, object]:
    data = {"username": user.username, "is_active": "on", "is_staff": "on"}
    return {**data, "date_joined_0": "2026-01-01", "date_joined_1": "09:00", **NOBODY, **changes}


def test_an_administrator_makes_nobody_a_superuser(ana: User, administrator: Client):
    administrator.post(
        reverse("admin:auth_user_change", args=[ana.pk]), form_of(ana, is_superuser="on", first_name="A")
    )

    ana.refresh_from_db()
    assert (ana.first_name, ana.is_superuser) == ("A", False)


def test_an_administrator_gives_roles(ana: User, administrator: Client):
    helper = Group.objects.get(name="Helper")

    administrator.post(reverse("admin:auth_user_change", args=[ana.pk]), form_of(ana, groups=[helper.pk]))

    assert list(ana.groups.all()) == [helper]


def test_nobody_gives_permissions_that_they_do_not_hold(ana: User, administrator: Client):
    strange = Permission.objects.get(codename="delete_session")
    group = Group.objects.create(name="Strange")
    group.permissions.add(strange)

    for given in ({"user_permissions": [strange.pk]}, {"groups": [group.pk]}):
        response = administrator.post(reverse("admin:auth_user_change", args=[ana.pk]), form_of(ana, **given))
        assert response.status_code == 200
        assert "You can only give what you hold yourself" in response.content.decode()
    response = administrator.post(
        reverse("admin:auth_group_change", args=[Group.objects.get(name="Helper").pk]),
        {"name": "Helper", "permissions": [strange.pk]},
    )
    assert response.status_code == 200
    assert not ana.get_all_permissions()


def test_an_administrator_changes_what_a_role_may_and_the_history_says_who(ana: User, administrator: Client):
    helper, taken = Group.objects.get(name="Helper"), Permission.objects.get(codename="view_company")
    ana.groups.add(helper)
    companies, contacts = reverse("admin:crm_company_changelist"), reverse("admin:crm_contact_changelist")
    assert log_in("ana")[0].get(companies).status_code == 200
    left = set(helper.permissions.exclude(pk=taken.pk).values_list("pk", flat=True))

    response = administrator.post(
        reverse("admin:auth_group_change", args=[helper.pk]), {"name": "Helper", "permissions": [*left]}
    )

    assert response.status_code == 302
    assert set(helper.permissions.values_list("pk", flat=True)) == left
    again, _ = log_in("ana")
    assert (again.get(companies).status_code, again.get(contacts).status_code) == (403, 200)
    history = administrator.get(reverse("admin:auth_group_history", args=[helper.pk]))
    said = [(entry.user.username, entry.get_change_message()) for entry in history.context["action_list"]]
    assert said == [("olga", "Changed Permissions.")]
    event = GroupPermissionEvent.objects.get(pgh_label="delete")  # the database says which one as well
    assert (event.group, event.permission) == (helper, taken)
    assert User.objects.get(pk=event.pgh_context.metadata["user"]).username == "olga"


def test_nobody_changes_somebody_who_may_do_more(administrator: Client):
    boss = User.objects.create_superuser("boss", password=PASSWORD)

    assert administrator.get(reverse("admin:auth_user_change", args=[boss.pk])).status_code == 200
    for page in ("change", "delete"):
        assert (
            administrator.post(reverse(f"admin:auth_user_{page}", args=[boss.pk]), {"post": "yes"}).status_code == 403
        )
    response = administrator.post(
        reverse("admin:auth_user_password_change", args=[boss.pk]),
        {"password1": "x9-mine-now", "password2": "x9-mine-now"},
    )
    assert response.status_code == 403
    boss.refresh_from_db()
    assert boss.check_password(PASSWORD)


def test_nobody_ticks_somebody_who_may_do_more_in_a_list(ana: User, administrator: Client):
    boss = User.objects.create_superuser("boss")

    def delete(*users: User) -> int:
        ticked = {"action": "delete_selected", "_selected_action": [user.pk for user in users], "post": "yes"}
        return administrator.post(reverse("admin:auth_user_changelist"), ticked).status_code

    assert delete(ana, boss) == 403
    assert User.objects.filter(pk__in=[ana.pk, boss.pk]).count() == 2
    assert delete(ana) == 302
    assert not User.objects.filter(pk=ana.pk).exists()


def test_nobody_takes_the_second_factor_of_somebody_who_may_do_more(ana: User, administrator: Client):
    hers, of_the_boss = (
        Authenticator.objects.create(user=user, type="totp", data={"secret": "hushed"})
        for user in (ana, User.objects.create_superuser("boss"))
    )
    ticked = {"action": "delete_selected", "_selected_action": [of_the_boss.pk], "post": "yes"}

    assert administrator.post(reverse("admin:mfa_authenticator_changelist"), ticked).status_code == 403
    assert [
        administrator.post(reverse("admin:mfa_authenticator_delete", args=[factor.pk]), {"post": "yes"}).status_code
        for factor in (of_the_boss, hers)
    ] == [403, 302]
    assert list(Authenticator.objects.all()) == [of_the_boss]


def test_nobody_wakes_somebody_who_could_do_more_to_log_in_as_them(ana: User, administrator: Client):
    """Whoever is deactivated may do nothing; what they may do when they are back is what counts."""
    group = Group.objects.create(name="Strange")
    group.permissions.add(Permission.objects.get(codename="delete_session"))
    ana.groups.add(group)
    User.objects.filter(pk=ana.pk).update(is_active=False)

    woken = administrator.post(reverse("admin:auth_user_change", args=[ana.pk]), form_of(ana))
    password = {"password1": "x9-mine-now", "password2": "x9-mine-now", "usable_password": "true"}
    given = administrator.post(reverse("admin:auth_user_password_change", args=[ana.pk]), password)

    assert (woken.status_code, given.status_code) == (403, 403)
    ana.refresh_from_db()
    assert not ana.is_active

    ana.groups.clear()
    assert administrator.post(reverse("admin:auth_user_change", args=[ana.pk]), form_of(ana)).status_code == 302
