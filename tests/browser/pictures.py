"""
The pictures of the README, taken of the demo company: `python -m tests.browser.pictures ADDRESS PASSWORD`.

`make demo` serves it and prints both. The same data for the same DEMO_UNTIL, so only what changed looks different.
"""

import shutil
import sys
from pathlib import Path

from playwright.sync_api import Page, sync_playwright

IMAGES = Path(__file__).resolve().parents[2] / "docs" / "images"
WIDTH, HEIGHT, LOW = 1440, 1000, 550  # pixels


def main(address: str, password: str) -> None:
    """Write each picture to docs/images."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_page(base_url=address)
        _log_in(page, password)
        _take(page, "start", "/admin/")
        _take(page, "left-on-read", "/admin/community/waitinginteraction/", height=LOW)
        page.goto("/admin/crm/contact/?q=Joe+Bloggs")
        page.locator("#result_list tbody a").first.click()
        _take(page, "contact", page.url)
        browser.close()


def _log_in(page: Page, password: str) -> None:
    page.goto("/accounts/login/")
    page.fill("[name=login]", "admin")
    page.fill("[name=password]", password)
    page.press("[name=password]", "Enter")
    page.wait_for_url("**/admin/")


def _take(page: Page, name: str, address: str, *, height: int = HEIGHT) -> None:
    page.set_viewport_size({"width": WIDTH, "height": height})
    page.goto(address)
    page.wait_for_load_state("networkidle")  # figures that load themselves are there
    page.screenshot(path=IMAGES / f"{name}.png")


if __name__ == "__main__":
    main(*sys.argv[1:])
