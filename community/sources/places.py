"""The channel that an imported site is: the one that is there, or a new one in the community that is named."""

from community.models import Channel, Community
from community.sources.source import WrongOptions


def new_places(channel: str, community: str | None, *, platform: str) -> list[tuple[str, dict[str, object]]]:
    """Return the items that make the channel, and its community, where they are not there yet."""
    if Channel.objects.filter(slug=channel).exists():
        return []
    if community is None:
        known = ", ".join(Channel.objects.order_by("slug").values_list("slug", flat=True)[:20]) or "none"
        raise WrongOptions(
            f"There is no channel '{channel}' (known: {known}). Add --community SLUG to make it in that community."
        )
    places: list[tuple[str, dict[str, object]]] = []
    if not Community.objects.filter(slug=community).exists():
        places.append(("communities", {"slug": community, "name": _titled(community)}))
    places.append(
        ("channels", {"slug": channel, "name": _titled(channel), "platform": platform, "community": community})
    )
    return places


def _titled(slug: str) -> str:
    return slug.replace("-", " ").replace("_", " ").capitalize()
