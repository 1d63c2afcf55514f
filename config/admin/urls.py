"""Addresses of the admin's pages that belong to no model, below /admin/."""

from django.contrib import admin
from django.urls import path

from config.admin.people import people, people_figures
from config.admin.response_times import response_times, response_times_figures
from config.admin.start_page import start_part

urlpatterns = [
    path("people/", admin.site.admin_view(people), name="about-people"),
    path("people/figures/", admin.site.admin_view(people_figures), name="about-people-figures"),
    path("response-times/", admin.site.admin_view(response_times), name="response-times"),
    path(
        "response-times/figures/",
        admin.site.admin_view(response_times_figures),
        name="response-times-figures",
    ),
    path("start/<slug:name>/", admin.site.admin_view(start_part), name="start-part"),
]
