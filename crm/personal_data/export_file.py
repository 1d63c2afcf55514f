"""The file of an export as an answer over HTTP."""

from collections.abc import Iterator

from django.http import StreamingHttpResponse

from crm.models import PersonExport


def file_response(export: PersonExport, pieces: Iterator[bytes]) -> StreamingHttpResponse:
    """Return an export's file as an answer to be saved, never shown and never kept on the way."""
    return StreamingHttpResponse(
        pieces,
        content_type="application/zip",
        headers={
            "Content-Disposition": f'attachment; filename="person-{export.person_id}.zip"',
            "Content-Length": str(export.size),
            "Cache-Control": "no-store",
            "X-Content-Type-Options": "nosniff",
        },
    )
