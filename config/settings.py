"""
Kith's settings, all of them, read once from the environment.

Nothing has to be set for a first look: `manage.py` then starts Kith's own PostgreSQL and Valkey.
A value that is wrong or unsafe stops the start with a sentence that names it. docs/operations.md
explains every variable.
"""

import contextlib
from datetime import timedelta
from pathlib import Path
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

import environ
from django.core.exceptions import ImproperlyConfigured
from django.templatetags.static import static
from django.urls import reverse_lazy

BASE_DIR = Path(__file__).resolve().parent.parent
env = environ.Env()


def switch(name: str, *, default: bool) -> bool:
    """Read a variable that is on or off. Anything else is an error: a misspelt "on" must not count as off."""
    value = env.str(name, default="on" if default else "off").strip().lower()
    if value not in SWITCH:
        raise ImproperlyConfigured(f"{name} must be on or off, not {value!r}.")
    return SWITCH[value]


def whole_number(name: str, *, default: int) -> int:
    """Read a variable that is a whole number, zero or more."""
    value = env.str(name, default=str(default)).strip()
    if not value.isdecimal():
        raise ImproperlyConfigured(f"{name} must be a whole number, zero or more, not {value!r}.")
    return int(value)


def seconds(name: str, *, default: float) -> float:
    """Read a variable that is a number of seconds above zero."""
    value = env.str(name, default=str(default))
    with contextlib.suppress(ValueError):
        if 0 < float(value) < float("inf"):
            return float(value)
    raise ImproperlyConfigured(f"{name} must be a number of seconds above zero, not {value!r}.")


SWITCH = {"on": True, "true": True, "yes": True, "1": True, "off": False, "false": False, "no": False, "0": False}

DEBUG = switch("KITH_DEBUG", default=False)
PRODUCTION = switch("KITH_PRODUCTION", default=False)

SECRET_KEY = env.str("KITH_SECRET_KEY", default="insecure-for-a-first-look-on-this-machine-only-0123456789")
ALLOWED_HOSTS = env.list("KITH_ALLOWED_HOSTS", default=["127.0.0.1", "localhost", "[::1]", "testserver"])
CSRF_TRUSTED_ORIGINS = env.list("KITH_CSRF_TRUSTED_ORIGINS", default=[])

INSTALLED_APPS = [
    "unfold.apps.BasicAppConfig",  # the theme without its site: ours stands in config/admin_site.py
    "unfold.contrib.filters",
    "config.apps.KithAdminConfig",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django.contrib.postgres",
    "rest_framework",
    "django_filters",
    "drf_spectacular",
    "drf_spectacular_sidecar",
    "pgtrigger",
    "pghistory",
    "axes",
    "allauth",
    "allauth.account",
    "allauth.mfa",
    "gateway",
    "jobs",
    "crm",
    "community",
    "metrics",
    "config",
    "demo",
]

CSRF_FAILURE_VIEW = "config.error_pages.refused_form"

MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "config.headers.BrowserRules",
    "gateway.middleware.ApiEdge",
    "gateway.middleware.PageEdge",
    "whitenoise.middleware.WhiteNoiseMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "allauth.account.middleware.AccountMiddleware",
    "config.logins.RefusalsLogged",
    "config.logins.SecondFactorRequired",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
    "pghistory.middleware.HistoryMiddleware",
    "gateway.admin.time_zone.AdminTimeZoneMiddleware",
    "axes.middleware.AxesMiddleware",
]

ROOT_URLCONF = "config.urls"
WSGI_APPLICATION = "config.wsgi.application"

TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "DIRS": [BASE_DIR / "config" / "templates"],
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
                "config.logins.admin_context",
            ]
        },
    }
]

# Servers. Both addresses are set by the launcher when they are absent: see config/embedded.
if urlsplit(env.str("DATABASE_URL", default="postgresql:///kith")).scheme not in ("postgres", "postgresql"):
    raise ImproperlyConfigured(
        "DATABASE_URL must name a PostgreSQL server, such as postgresql://name:password@host/database."
    )
DATABASES = {"default": env.db_url("DATABASE_URL", default="postgresql:///kith")}
# Servers compile large statements as they come (jit) unless told otherwise. A recompute has many of them, each run on
# a few rows: one contact took 20 s instead of 0.2 s. `?options=` in the address takes the place of it.
DATABASES["default"].setdefault("OPTIONS", {}).setdefault("options", "-c jit=off")
DATABASES["default"]["CONN_MAX_AGE"] = 60
DATABASES["default"]["CONN_HEALTH_CHECKS"] = True
REDIS_URL = env.str("REDIS_URL", default="redis://127.0.0.1:6379/0")
if urlsplit(REDIS_URL).scheme not in ("redis", "rediss"):
    raise ImproperlyConfigured("REDIS_URL must name a Redis or Valkey server, such as redis://host:6379/0.")

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"

# Tasks. Late acknowledgement and one message at a time: a killed worker's message is delivered again.
CELERY_BROKER_URL = REDIS_URL
CELERY_TASK_IGNORE_RESULT = True
CELERY_TASK_ACKS_LATE = True
CELERY_TASK_REJECT_ON_WORKER_LOST = True
CELERY_WORKER_PREFETCH_MULTIPLIER = 1
CELERY_WORKER_HIJACK_ROOT_LOGGER = False
CELERY_BROKER_CONNECTION_RETRY_ON_STARTUP = True
CELERY_BROKER_TRANSPORT_OPTIONS = {
    "visibility_timeout": 600,  # seconds; ten times the longest chunk
    "socket_timeout": 5,  # seconds
    "socket_connect_timeout": 1,  # seconds
    "retry_on_timeout": True,
    # Without a broker, sending gives up after 0.6 seconds instead of hanging: a request must not wait for a bell.
    "max_retries": 1,
    "interval_start": 0,
    "interval_step": 0.1,
    "interval_max": 0.2,
}
CELERY_BROKER_CONNECTION_MAX_RETRIES = None  # a worker waits for its broker as long as it takes
CELERY_TIMEZONE = "UTC"
CELERY_ENABLE_UTC = True
CELERY_BEAT_SCHEDULER = "celery.beat:Scheduler"  # keeps no file: after a restart every interval begins anew
METRICS_TICK_SECONDS = seconds("METRICS_TICK_SECONDS", default=5.0)  # seconds between two looks at the stale marks
EXPORTS_TICK_SECONDS = 60.0  # seconds between two looks at exports that wait, and at files whose day is over
SESSIONS_TICK_SECONDS = 3600.0  # seconds between two looks at sessions that are over
WATCH_LIST_TICK_SECONDS = 60.0  # seconds between two looks at what was answered meanwhile
KITH_DUPLICATES_SECONDS = seconds("KITH_DUPLICATES_SECONDS", default=60.0)  # seconds between two looks at changed names
CELERY_BEAT_SCHEDULE: dict[str, dict[str, object]] = {
    "forget-sessions": {
        "task": "config.tasks.forget_sessions",
        "schedule": SESSIONS_TICK_SECONDS,
        "options": {"expires": SESSIONS_TICK_SECONDS},
    },
    "prune-watch-list": {
        "task": "community.tasks.prune_watch_list",
        "schedule": WATCH_LIST_TICK_SECONDS,
        "options": {"expires": WATCH_LIST_TICK_SECONDS},
    },
    "find-duplicates": {
        "task": "crm.tasks.find_duplicates",
        "schedule": KITH_DUPLICATES_SECONDS,
        "options": {"expires": KITH_DUPLICATES_SECONDS},
    },
    "make-exports": {
        "task": "crm.personal_data.tasks.make_exports",
        "schedule": EXPORTS_TICK_SECONDS,
        "options": {"expires": EXPORTS_TICK_SECONDS},
    },
    "recompute-stale": {
        "task": "metrics.tasks.recompute_stale",
        "schedule": METRICS_TICK_SECONDS,
        "options": {"expires": METRICS_TICK_SECONDS},  # a tick that waited for a busy worker is told again anyway
    },
}

KITH_MOTIVATION_CONSENT = env.str("KITH_MOTIVATION_CONSENT", default="profiling")  # the purpose to agree to
# Rules that join contacts without asking, none by default: see crm/duplicates/rules.py
KITH_MERGE_RULES = env.list("KITH_MERGE_RULES", default=[])  # verified_email, verified_phone

# The organisation: its calendar and its money.
KITH_TIME_ZONE = env.str("KITH_TIME_ZONE", default="Europe/London")  # IANA name; days, weeks and months are cut in it
try:
    ZoneInfo(KITH_TIME_ZONE)
except (LookupError, ValueError, OSError):
    raise ImproperlyConfigured(
        f"KITH_TIME_ZONE must be an IANA name, such as Europe/London, not {KITH_TIME_ZONE!r}."
    ) from None
KITH_PHONE_REGION = env.str("KITH_PHONE_REGION", default="GB")  # ISO 3166; telephone numbers without a country code
KITH_CURRENCY = env.str("KITH_CURRENCY", default="EUR")  # ISO 4217; every report is in it

# Personal data. The first key makes the hashes that keep erased people from coming back, older ones still find theirs.
KITH_SUPPRESSION_KEYS = env.list("KITH_SUPPRESSION_KEYS", default=["insecure-suppression-key-for-a-first-look-only"])
KITH_ERASURE_LIST = env.str("KITH_ERASURE_LIST", default="")  # file that every erasure is added to; empty: none

# Metrics.
METRICS_DEFAULT_MODEL = env.str("METRICS_DEFAULT_MODEL", default="linear")  # the model that reports show first
METRICS_ENGAGED_INTERACTIONS = whole_number("METRICS_ENGAGED_INTERACTIONS", default=3)  # in a period: engaged
METRICS_DECAY_HALF_LIFE_DAYS = 7  # days; time decay halves a touch's weight every so many days

# The API. docs/api.md explains it; gateway/ holds its conventions.
REST_FRAMEWORK = {
    "DEFAULT_AUTHENTICATION_CLASSES": ["gateway.authentication.BearerKey"],
    "DEFAULT_PERMISSION_CLASSES": ["gateway.permissions.HasScope"],  # a view that names no scope answers nobody
    "DEFAULT_RENDERER_CLASSES": ["rest_framework.renderers.JSONRenderer"],
    "DEFAULT_PARSER_CLASSES": ["rest_framework.parsers.JSONParser"],
    "DEFAULT_SCHEMA_CLASS": "gateway.schema.ApiSchema",
    "EXCEPTION_HANDLER": "gateway.problems.answer_exception",
    "UNAUTHENTICATED_USER": None,
}
KITH_API_REQUESTS_PER_MINUTE = whole_number("KITH_API_REQUESTS_PER_MINUTE", default=6000)  # of one key; 0: no limit
DATA_UPLOAD_MAX_MEMORY_SIZE = 5 * 1024 * 1024  # bytes; a larger body is refused before it is read
SPECTACULAR_SETTINGS = {
    "TITLE": "Kith",
    "VERSION": "1",
    "DESCRIPTION": "People, what happened between them and the community, what it cost and what it earned.",
    "OAS_VERSION": "3.1.0",
    "DEFAULT_GENERATOR_CLASS": "gateway.schema.ApiGenerator",
    "SERVE_AUTHENTICATION": ["rest_framework.authentication.SessionAuthentication"],
    "SERVE_PERMISSIONS": ["rest_framework.permissions.IsAuthenticated"],
    "SERVE_INCLUDE_SCHEMA": False,
    "SWAGGER_UI_DIST": "SIDECAR",  # no foreign host
    "SWAGGER_UI_FAVICON_HREF": "SIDECAR",
    "POSTPROCESSING_HOOKS": [],
}

USE_TZ = True
TIME_ZONE = "UTC"
LANGUAGE_CODE = "en-gb"
FORMAT_MODULE_PATH = ["config.formats"]  # hours from 0 to 24

# The admin. The menu stands in config/admin/menu.py, the start page in config/admin/start_page.py.
UNFOLD = {
    "SITE_TITLE": "Kith",
    "SITE_HEADER": "Kith",
    "SITE_SUBHEADER": "What our community earned",
    "SITE_SYMBOL": "diversity_3",
    "SITE_FAVICONS": [
        {"rel": "icon", "type": "image/svg+xml", "href": lambda request: static("kith/icon.svg")},
    ],
    "DASHBOARD_CALLBACK": "config.admin.start_page.start_page",
    "SHOW_HISTORY": True,
    "SHOW_VIEW_ON_SITE": False,
    "STYLES": [lambda request: static("kith/admin.css")],
    "SCRIPTS": [
        lambda request: static("kith/charts.js"),
        lambda request: static("kith/command.js"),
        lambda request: static("kith/dialog.js"),
        lambda request: static("kith/finder.js"),
        lambda request: static("kith/folds.js"),
        lambda request: static("kith/later.js"),
        lambda request: static("kith/queue.js"),
        lambda request: static("kith/token.js"),
    ],
    "COLORS": {
        "primary": {
            "50": "oklch(97.7% .014 180)",
            "100": "oklch(95.1% .033 181)",
            "200": "oklch(90.4% .062 181)",
            "300": "oklch(84.2% .098 182)",
            "400": "oklch(74.6% .118 183)",
            "500": "oklch(64.5% .115 184)",
            "600": "oklch(53.2% .098 186)",
            "700": "oklch(46.1% .083 187)",
            "800": "oklch(39.6% .069 188)",
            "900": "oklch(35% .058 189)",
            "950": "oklch(25.6% .046 192)",
        },
    },
    "ACCOUNT": {"navigation": [{"title": "Second factor", "link": reverse_lazy("mfa_index")}]},
    "COMMAND": {
        "search_callback": "config.admin.search.people",
        "search_models": ["crm.campaign", "crm.company"],
        "show_history": False,
    },
    "SIDEBAR": {"show_search": True, "command_search": True},
}

STATIC_URL = "static/"
STATIC_ROOT = env.str("KITH_STATIC_ROOT", default=str(BASE_DIR / "staticfiles"))  # `manage.py serve` fills it

# Logins: config/logins.py says how they work.
LOGIN_URL = "account_login"
LOGIN_REDIRECT_URL = "admin:index"
SESSION_ENGINE = "config.sessions"
AUTHENTICATION_BACKENDS = [
    "axes.backends.AxesStandaloneBackend",  # refuses while a login is locked, before any password is looked at
    "django.contrib.auth.backends.ModelBackend",
]
KITH_PROXY_COUNT = whole_number("KITH_PROXY_COUNT", default=0)  # proxies in front that set X-Forwarded-For
KITH_MFA = env.str("KITH_MFA", default="optional")  # optional or required
if KITH_MFA not in ("optional", "required"):
    raise ImproperlyConfigured(f"KITH_MFA must be optional or required, not {KITH_MFA!r}.")

AXES_FAILURE_LIMIT = 5
AXES_COOLOFF_TIME = timedelta(minutes=15)
AXES_LOCKOUT_PARAMETERS = [["username", "ip_address"]]  # both together: neither locks an office nor a person elsewhere
AXES_RESET_ON_SUCCESS = True
AXES_RESET_COOL_OFF_ON_FAILURE_DURING_LOCKOUT = False
AXES_CLIENT_IP_CALLABLE = "config.logins.client_address"
AXES_USERNAME_CALLABLE = "config.logins.tried_name"
AXES_LOCKOUT_CALLABLE = "config.logins.locked_page"
AXES_ENABLE_ADMIN = False  # config/admin/users.py shows what it keeps
AXES_VERBOSE = False

ACCOUNT_ADAPTER = "config.logins.AccountAdapter"
ACCOUNT_LOGIN_METHODS = {"username"}
ACCOUNT_SIGNUP_FIELDS = ["username*", "password1*"]
ACCOUNT_EMAIL_VERIFICATION = "none"
ACCOUNT_SESSION_REMEMBER = False  # a login ends with the browser
ACCOUNT_LOGOUT_REDIRECT_URL = "account_login"
ACCOUNT_RATE_LIMITS = {"login": None, "login_failed": "5/900s/key"}  # wrong codes of a second factor, for each user
MFA_ADAPTER = "config.logins.SecondFactorAdapter"
MFA_SUPPORTED_TYPES = ["totp", "recovery_codes"]
MFA_TOTP_ISSUER = "Kith"

# What is counted for all processes together.
CACHES = {
    "default": {
        "BACKEND": "django.core.cache.backends.redis.RedisCache",
        "LOCATION": REDIS_URL,
        "KEY_PREFIX": "kith",
    }
}

AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]

DEFAULT_EXCEPTION_REPORTER_FILTER = "config.error_pages.HidesAddresses"

# One line an event on standard error, where whoever runs the process collects it.
LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"line": {"format": "%(asctime)s %(levelname)s %(name)s: %(message)s"}},
    # Of a refusal config.logins and the API write who was refused what; Django would add a traceback of forty lines.
    "filters": {
        "no_refusals": {
            "()": "django.utils.log.CallbackFilter",
            "callback": lambda record: getattr(record, "status_code", None) != 403,
        }
    },
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "line"}},
    "root": {"handlers": ["console"], "level": "WARNING"},
    "loggers": {
        "django": {"handlers": [], "level": "WARNING", "propagate": True},
        "django.request": {"filters": ["no_refusals"]},
        # Each task says itself what it did, in one line; Celery would add three, every few seconds.
        **{name: {"level": "WARNING"} for name in ("celery.app.trace", "celery.beat", "celery.worker.strategy")},
        **{app: {"level": "INFO"} for app in ("config", "metrics", "community", "crm", "jobs", "gateway")},
    },
}

if PRODUCTION:
    if DEBUG:
        raise ImproperlyConfigured("KITH_DEBUG must be off when KITH_PRODUCTION is on.")
    if SECRET_KEY.startswith("insecure"):
        raise ImproperlyConfigured("Set KITH_SECRET_KEY to a long random text: KITH_PRODUCTION is on.")
    if not KITH_SUPPRESSION_KEYS or any(key.startswith("insecure") or len(key) < 32 for key in KITH_SUPPRESSION_KEYS):
        raise ImproperlyConfigured(
            "Set KITH_SUPPRESSION_KEYS to a random text of 32 characters or more: KITH_PRODUCTION is on."
        )
    if "*" in ALLOWED_HOSTS:
        raise ImproperlyConfigured("KITH_ALLOWED_HOSTS may not hold '*': KITH_PRODUCTION is on.")
    SECURE_SSL_REDIRECT = switch("KITH_SSL_REDIRECT", default=True)
    SECURE_REDIRECT_EXEMPT = [r"^api/"]  # gateway.middleware.ApiEdge refuses there
    if switch("KITH_BEHIND_PROXY", default=False):
        # Only a proxy that always sets or removes this header may be trusted with it.
        SECURE_PROXY_SSL_HEADER = ("HTTP_X_FORWARDED_PROTO", "https")
    SECURE_HSTS_SECONDS = 31_536_000  # seconds; one year
    SECURE_HSTS_INCLUDE_SUBDOMAINS = True
    SECURE_HSTS_PRELOAD = True
    STORAGES = {
        "default": {"BACKEND": "django.core.files.storage.FileSystemStorage"},
        "staticfiles": {"BACKEND": "whitenoise.storage.CompressedManifestStaticFilesStorage"},
    }
    SESSION_COOKIE_SECURE = True
    CSRF_COOKIE_SECURE = True
