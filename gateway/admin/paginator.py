"""Pages of a long list without counting all of it."""

from django.core.paginator import Paginator
from django.utils.functional import cached_property


class BoundedPaginator(Paginator):
    """
    Counts and shows at most `LIMIT` rows of a list.

    Counting a million rows costs more than showing a hundred, and nobody turns to page 9,000: past
    the limit the list says so and asks to search or filter. Both the count and the deepest page
    cost the same at any size of table.
    """

    LIMIT = 10_000  # rows
    template_name = "gateway/admin/pagination.html"

    @cached_property
    def count(self) -> int:
        return min(self._counted, self.LIMIT)

    @cached_property
    def is_cut(self) -> bool:
        """Whether there are more rows than the list shows."""
        return self._counted > self.LIMIT

    @cached_property
    def _counted(self) -> int:
        rows = self.object_list
        if not hasattr(rows, "values"):
            return len(rows)
        # Only the key: annotations made for display are dropped from the counted statement.
        return rows.order_by().values("pk")[: self.LIMIT + 1].count()
