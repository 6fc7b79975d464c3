"""The page for people without a mouse, with a screen reader, a phone or a dark screen."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import OpenPlayground, Playground
from tests.support.paths import PHOTO_DIR, ROOT

AXE = ROOT / ".cache" / "browser" / "axe.min.js"
PERSON, GROUP = PHOTO_DIR / "person_a_2.jpg", PHOTO_DIR / "sample6.jpg"
PHONE = (320, 640)
WIDTHS = "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
# Rules that the empty page has something for: fewer, and axe did not look at it.
MIN_PASSES = 20
RUN_AXE = """async () => {
    const { violations, passes } = await axe.run();
    const told = violations.flatMap(({ id, nodes }) => nodes.map((n) => `${id}: ${n.html}`));
    return { told, passes: passes.length };
}"""
FOCUS = """() => {
    const focused = document.activeElement;
    const shown = [focused, focused.closest(".button")].filter((each) => each);
    const label = focused.labels?.[0] ?? focused;
    return {
        name: focused.getAttribute("aria-label") ?? label.textContent.trim(),
        isOutlined: shown.some((each) => getComputedStyle(each).outlineStyle !== "none"),
    };
}"""


# Of the brightest channel, at most 255.
DARK, LIGHT = 64, 192
BRIGHTNESS = r"""() => {
    const style = getComputedStyle(document.documentElement);
    return [style.color, style.backgroundColor].map((c) => Math.max(...c.match(/\d+/g)));
}"""


def assert_accessible(page: Page) -> None:
    """Fails with what axe finds. It is evaluated by the browser: the page's policy forbids it."""
    page.evaluate(AXE.read_text("utf-8"))
    result = page.evaluate(RUN_AXE)
    assert result["told"] == []
    assert result["passes"] >= MIN_PASSES


def fill(playground: Playground) -> None:
    playground.choose("A", PERSON)
    playground.choose("B", GROUP)
    playground.expect_faces("B", 4)
    playground.expect_verdict("Different people")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing(open_playground: OpenPlayground, tmp_path: Path, scheme: str) -> None:
    playground = open_playground(scheme=scheme, permissions=("camera",))
    page = playground.page
    assert_accessible(page)
    fill(playground)
    for summary in page.locator("summary:visible").all():
        summary.click()
    assert_accessible(page)
    playground.ask("Find A’s person in photo B")
    playground.expect_verdict("Not in photo B")
    assert_accessible(page)
    (tmp_path / "letter.jpg").write_text("Dear Sir or Madam")
    playground.choose("A", tmp_path / "letter.jpg")
    playground.expect_status("A", "This file is not a photo")
    assert_accessible(page)
    playground.slot("A").get_by_role("button", name="Use the camera").click()
    expect(page.get_by_role("button", name="Take the photo")).to_be_enabled()
    assert_accessible(page)


def test_the_keyboard_is_enough(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    page = playground.page
    # Playwright catches dialogs only while somebody listens, and Enter may be quicker than it.
    page.on("filechooser", lambda _chooser: None)
    expect(playground.slot("B")).to_be_visible()

    def go_to(name: str) -> None:
        """Presses Tab until the focus is there; every stop on the way shows that it has it."""
        for _ in range(40):
            page.keyboard.press("Tab")
            focus = page.evaluate(FOCUS)
            if name in focus["name"]:
                assert focus["isOutlined"], focus
                return
        raise AssertionError(f"Tab never reaches {name}")

    for photo in (PERSON, GROUP):
        go_to("Choose a photo")
        with page.expect_file_chooser() as chooser:
            page.keyboard.press("Enter")
        chooser.value.set_files(photo)
        # From photo A to B: past the buttons of A.
        playground.expect_faces("A" if photo is PERSON else "B", 1 if photo is PERSON else 4)
        go_to("Remove")
    playground.expect_verdict("Different people")
    go_to("1: confidence")
    page.keyboard.press("ArrowDown")
    expect(playground.slot("B").locator(".box").nth(1)).to_have_class("box chosen")
    go_to("Compare both faces")
    page.keyboard.press("ArrowDown")
    playground.expect_verdict("Not in photo B")
    go_to("Threshold")
    page.keyboard.press("End")
    playground.expect_verdict(re.compile(r"^Found: face \d of photo B$"))
    go_to("Use the default")
    page.keyboard.press("Enter")
    playground.expect_verdict("Not in photo B")
    go_to("Search")
    page.keyboard.press("Enter")
    go_to("Command: Search")
    go_to("Save match-faces.json")


def test_results_are_announced(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    statuses = playground.page.get_by_role("status")
    fill(playground)
    told = " ".join(statuses.all_inner_texts())
    for words in (
        "MobileFaceNet",
        "One face was found.",
        "4 faces were found.",
        "Different people",
    ):
        assert words in told
    alternative = playground.slot("A").get_by_role("img").get_attribute("alt")
    assert alternative == "Photo A: person_a_2.jpg"


def test_a_phone_needs_no_scrolling_sideways(open_playground: OpenPlayground) -> None:
    playground = open_playground(size=PHONE)
    # Empty, and with everything open.
    assert playground.page.evaluate(WIDTHS) == [PHONE[0], PHONE[0]]
    fill(playground)
    for summary in playground.page.locator("summary:visible").all():
        summary.click()
    assert playground.page.evaluate(WIDTHS) == [PHONE[0], PHONE[0]]
    for button in playground.page.get_by_role("button").all():
        if button.is_visible():
            box = button.bounding_box()
            assert box is not None
            assert box["x"] >= 0
            assert box["x"] + box["width"] <= PHONE[0]


def test_dark_and_light(open_playground: OpenPlayground) -> None:
    """Text and ground change places."""
    colours = {}
    for scheme in ("light", "dark"):
        page = open_playground(scheme=scheme).page
        colours[scheme] = page.evaluate(BRIGHTNESS)
    (dark_text, dark_ground), (text, ground) = colours["dark"], colours["light"]
    assert max(text, dark_ground) < DARK
    assert min(ground, dark_text) > LIGHT
