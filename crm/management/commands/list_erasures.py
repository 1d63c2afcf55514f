"""`manage.py list_erasures > erasures.jsonl`."""

from crm.personal_data.erasure_list import erasure_lines
from gateway.commands import KithCommand


class Command(KithCommand):
    help = "Print every erasure as a line of JSON, without personal data: keep it beside the backups."

    def handle(self, *args: object, **options: object) -> None:
        for line in erasure_lines():
            self.stdout.write(line)
