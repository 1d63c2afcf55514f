"""Addresses of the reports and of the ledger."""

from django.urls import path

from metrics.api.people import People
from metrics.api.responses import Responses
from metrics.api.views import CampaignRoi, ChannelRoi, CommunityRoi, CreditList, MemberRoi, Recompute, SummaryRoi
from metrics.api.waiting import Assign, Claim, Dismiss, Release, Restore, Snooze, WaitingList, Wake

urlpatterns = [
    path("roi/campaigns/", CampaignRoi.as_view(), name="roi-campaigns"),
    path("roi/channels/", ChannelRoi.as_view(), name="roi-channels"),
    path("roi/communities/", CommunityRoi.as_view(), name="roi-communities"),
    path("roi/members/", MemberRoi.as_view(), name="roi-members"),
    path("roi/summary/", SummaryRoi.as_view(), name="roi-summary"),
    path("recompute/", Recompute.as_view(), name="recompute"),
    path("people/", People.as_view(), name="people"),
    path("responses/", Responses.as_view(), name="responses"),
    path("waiting/", WaitingList.as_view(), name="waiting"),
    path("waiting/<int:pk>/claim/", Claim.as_view(), name="waiting-claim"),
    path("waiting/<int:pk>/assign/", Assign.as_view(), name="waiting-assign"),
    path("waiting/<int:pk>/release/", Release.as_view(), name="waiting-release"),
    path("waiting/<int:pk>/snooze/", Snooze.as_view(), name="waiting-snooze"),
    path("waiting/<int:pk>/wake/", Wake.as_view(), name="waiting-wake"),
    path("waiting/<int:pk>/dismiss/", Dismiss.as_view(), name="waiting-dismiss"),
    path("waiting/<int:pk>/restore/", Restore.as_view(), name="waiting-restore"),
    path("credits/", CreditList.as_view(), name="credits-list"),
]
