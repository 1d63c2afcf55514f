"""The admin site as a whole: users and groups, the menu, the start page."""

from config.admin.users import GroupAdmin, UserAdmin

__all__ = ["GroupAdmin", "UserAdmin"]
