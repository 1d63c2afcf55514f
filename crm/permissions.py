"""Permissions on people that more than one module asks for."""

VIEW_ADDRESSES = "crm.view_contactpoint"  # without it addresses are neither shown nor searched by
MERGE = "crm.merge_contact"  # to merge, to take apart, and to decide about possible duplicates
