"""Addresses of the reports and of the ledger."""

from django.urls import path

from metrics.api.views import CampaignRoi, ChannelRoi, CommunityRoi, CreditList, MemberRoi, Recompute, SummaryRoi

urlpatterns = [
    path("roi/campaigns/", CampaignRoi.as_view(), name="roi-campaigns"),
    path("roi/channels/", ChannelRoi.as_view(), name="roi-channels"),
    path("roi/communities/", CommunityRoi.as_view(), name="roi-communities"),
    path("roi/members/", MemberRoi.as_view(), name="roi-members"),
    path("roi/summary/", SummaryRoi.as_view(), name="roi-summary"),
    path("recompute/", Recompute.as_view(), name="recompute"),
    path("credits/", CreditList.as_view(), name="credits-list"),
]
