"""Nothing secret is compared with ==: its running time would tell how much of it was guessed."""

import ast

from django.conf import settings

APPS = ("config", "metrics", "community", "crm", "jobs", "gateway")
SECRETS = ("signature", "token", "digest", "secret")


def names_in(node: ast.expr) -> list[str]:
    return [
        part.id if isinstance(part, ast.Name) else part.attr
        for part in ast.walk(node)
        if isinstance(part, ast.Name | ast.Attribute)
    ]


def test_secrets_are_compared_in_constant_time():
    files = [file for app in APPS for file in (settings.BASE_DIR / app).rglob("*.py")]
    assert len(files) > 50
    for file in files:
        for node in ast.walk(ast.parse(file.read_text())):
            if not isinstance(node, ast.Compare) or not any(isinstance(op, ast.Eq | ast.NotEq) for op in node.ops):
                continue
            for side in (node.left, *node.comparators):
                found = [name for name in names_in(side) if any(secret in name.lower() for secret in SECRETS)]
                assert not found, f"{file}:{node.lineno} compares {found} with =="
