from django.apps import AppConfig


class GatewayConfig(AppConfig):
    """The edge that every app shares: API keys, error documents, paging, strict input, admin base classes."""

    name = "gateway"
