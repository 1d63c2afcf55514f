"""Kith's addresses: the admin at /admin/, logins at /accounts/, the API at /api/v1/, its pages at /api/docs/."""

from allauth.account.decorators import secure_admin_login
from django.contrib import admin
from django.contrib.auth.decorators import login_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.generic import RedirectView
from drf_spectacular.views import SpectacularAPIView, SpectacularSwaggerSplitView

admin.autodiscover()  # before config.admin.urls: config/admin changes what other apps have registered by then
admin.site.login = secure_admin_login(admin.site.login)  # type: ignore[method-assign]

urlpatterns: list[URLPattern | URLResolver] = [
    path("", RedirectView.as_view(pattern_name="admin:index")),
    path("admin/", include("config.admin.urls")),
    path("admin/", admin.site.urls),
    path("accounts/", include("config.account_urls")),
    path("api/docs/", login_required(SpectacularSwaggerSplitView.as_view(url_name="openapi")), name="api-docs"),
    path("api/openapi.yaml", login_required(SpectacularAPIView.as_view()), name="openapi"),
    path("api/v1/", include("community.api.urls")),
    path("api/v1/", include("crm.api.urls")),
    path("api/v1/", include("jobs.api.urls")),
    path("api/v1/", include("metrics.api.urls")),
]

handler400 = "config.error_pages.bad_request"
handler403 = "config.error_pages.refused"
handler404 = "config.error_pages.not_found"
handler500 = "config.error_pages.failed"
