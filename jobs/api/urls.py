"""Addresses of the jobs."""

from django.urls import path

from jobs.api.views import JobDetail, JobList

urlpatterns = [
    path("jobs/", JobList.as_view(), name="jobs-list"),
    path("jobs/<int:pk>/", JobDetail.as_view(), name="jobs-detail"),
]
