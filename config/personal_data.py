"""What the models of config, and of the packages that it brings, hold about people: colleagues, no contacts."""

from collections.abc import Sequence

from crm.personal_data.declarations import PersonalData, nobody

LOGIN = "a login of a colleague"
REQUEST = ["user_agent", "username", "http_accept", "path_info"]

DECLARED: Sequence[PersonalData] = (
    nobody("config.StandardRole", "a role of colleagues", kept=["name", "given"]),
    nobody("config.UserSession", f"{LOGIN}, which an erasure looks into", kept=["session_key", "session_data"]),
    nobody("axes.AccessAttempt", LOGIN, kept=[*REQUEST, "get_data", "post_data"]),
    nobody("axes.AccessAttemptExpiration", LOGIN),
    nobody("axes.AccessFailureLog", LOGIN, kept=REQUEST),
    nobody("axes.AccessLog", LOGIN, kept=[*REQUEST, "session_hash"]),
    nobody("account.EmailAddress", "an address of a colleague", kept=["email"]),
    nobody("account.EmailConfirmation", "an address of a colleague", kept=["key"]),
    nobody("mfa.Authenticator", "a second factor of a colleague", kept=["type", "data"]),
)
