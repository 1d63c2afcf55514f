"""What can be done about a person's data from the contact page."""

from gateway.panels import PageAction

ACTIONS = (
    PageAction(
        key="export_person",
        label="Export their data",
        icon="folder_zip",
        page="admin:crm_contact_export",
        permission="crm.export_personal_data",
        order=90,
    ),
    PageAction(
        key="erase_person",
        label="Erase",
        icon="person_remove",
        page="admin:crm_contact_erase",
        permission="crm.erase_contact",
        order=95,
    ),
)
