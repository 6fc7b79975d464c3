"""The documentation as people use it: in a browser, against the local server."""

import pytest
from playwright.sync_api import Page

from tools.local_server import LocalServer

# Each answer shows that its request was understood.
ANSWERED = {
    "extract-embedding": '"face_count": 1',
    "extract-embeddings": '"face_count": 1',
    "match-faces": '"face_count": 1',
    "compare-faces": '"is_same_person": true',
}


@pytest.mark.parametrize("name", ANSWERED)
def test_the_example_of_a_request_is_answered_when_it_is_executed(
    server: LocalServer, page: Page, name: str
) -> None:
    page.goto(f"{server.address}/docs")
    # The page's address for an operation: its tag and its id.
    operation = page.locator(
        f"#operations-faces-{name.replace('-', '_')}_api_v1_{name.replace('-', '_')}_post"
    )
    operation.locator(".opblock-summary-control").click()
    operation.get_by_role("button", name="Try it out").click()
    operation.get_by_role("button", name="Execute").click()
    answer = operation.locator(".live-responses-table .response").first
    assert answer.locator(".response-col_status").inner_text().startswith("200")
    assert ANSWERED[name] in answer.inner_text()


@pytest.mark.parametrize("path", ["/docs", "/redoc"])
def test_the_pages_show_the_introduction_and_load_nothing_foreign(
    server: LocalServer, page: Page, path: str
) -> None:
    loaded: list[str] = []
    page.on("requestfinished", lambda request: loaded.append(request.url))
    page.goto(server.address + path)
    page.get_by_text("Model identities", exact=True).first.wait_for()
    page.wait_for_load_state("networkidle")
    assert f"{server.address}/openapi.json" in loaded
    assert [url for url in loaded if not url.startswith((server.address, "data:", "blob:"))] == []
