"""Kith's addresses: the admin at /admin/, the API at /api/v1/, its documentation at /api/docs/."""

from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerView

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", admin.site.urls),
    path("api/docs/", login_required(SpectacularSwaggerView.as_view(url_name="openapi")), name="api-docs"),
    path("api/openapi.yaml", login_required(SpectacularAPIView.as_view()), name="openapi"),
    path("api/v1/", include("community.api.urls")),
    path("api/v1/", include("crm.api.urls")),
    path("api/v1/", include("jobs.api.urls")),
    path("api/v1/", include("metrics.api.urls")),
]
