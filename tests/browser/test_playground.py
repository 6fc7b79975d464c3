"""What people do on the page, with the real model."""

import base64
import io
import json
import math
import re
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.conftest import OpenPlayground, Playground
from tests.conftest import ReadPhoto, StartServer
from tests.support.labels import GROUP_FACES, PORTRAITS
from tests.support.paths import PHOTO_DIR

A_1, A_2, B_1 = (PHOTO_DIR / f"person_{name}.jpg" for name in ("a_1", "a_2", "b_1"))
GROUP = PHOTO_DIR / "sample6.jpg"
FIND_A, FIND_B = "Find A’s person in photo B", "Find B’s person in photo A"
# The detector's eyes lie this close to the marked pupils: shares of the distance of the eyes.
MAX_EYE_ERROR = 0.25
# A page may fill the clipboard; headless Chromium has one of its own.
COPY_IMAGE = """async (base64) => {
    const bytes = Uint8Array.from(atob(base64), (c) => c.charCodeAt(0));
    const blob = new Blob([bytes], { type: "image/png" });
    await navigator.clipboard.write([new ClipboardItem({ "image/png": blob })]);
}"""


def drag(playground: Playground, target: Locator, file: Path) -> None:
    """Drags a file from outside onto an element and drops it, as the system does."""
    box = target.bounding_box()
    assert box is not None
    session = playground.page.context.new_cdp_session(playground.page)
    for kind in ("dragEnter", "dragOver", "drop"):
        data = {"items": [], "files": [str(file)], "dragOperationsMask": 1}
        place = {"x": box["x"] + box["width"] / 2, "y": box["y"] + box["height"] / 2}
        session.send("Input.dispatchDragEvent", {"type": kind, "data": data, **place})


def distance(playground: Playground) -> float:
    return float(playground.page.locator("[data-number=distance]").inner_text())


def shown_answer(playground: Playground, title: str) -> dict[str, Any]:
    """Returns the answer as the page shows it, with embeddings shortened."""
    content: dict[str, Any] = json.loads(
        playground.page.get_by_label(f"Answer: {title}").text_content() or ""
    )
    return content


def test_dropped_photos_are_compared(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    for letter, photo in (("A", A_1), ("B", A_2)):
        drag(playground, playground.slot(letter).locator(".stage"), photo)
        playground.expect_faces(letter, 1)
    playground.expect_verdict("Same person")
    assert 0 < distance(playground) < 0.68
    drag(playground, playground.slot("B").locator(".stage"), B_1)
    playground.expect_verdict("Different people")
    assert distance(playground) > 0.68
    # Beside the slots: the browser must not open it instead of the page.
    drag(playground, playground.page.locator("h1"), B_1)
    expect(playground.page.locator("h1")).to_have_text("Face playground")


def test_an_image_is_pasted_where_the_focus_is(
    open_playground: OpenPlayground, read_photo: ReadPhoto
) -> None:
    playground = open_playground(permissions=("clipboard-read", "clipboard-write"))
    png = io.BytesIO()
    with Image.open(io.BytesIO(read_photo(A_1.name))) as photo:
        photo.save(png, "PNG")
    playground.page.evaluate(COPY_IMAGE, base64.b64encode(png.getvalue()).decode())
    playground.slot("B").locator("input[type=file]").focus()
    playground.page.keyboard.press("Control+V")
    playground.expect_faces("B", 1)
    assert playground.slot("A").locator(".box").count() == 0
    # The curl command names a file that can be saved.
    save = playground.slot("B").get_by_role("link", name="Save photo-b.png")
    with playground.page.expect_download() as download:
        save.click()
    with Image.open(download.value.path()) as saved, Image.open(A_1) as photo:
        assert saved.size == photo.size
    # Without focus it goes to the first that is empty.
    playground.page.locator("h1").click()
    playground.page.keyboard.press("Control+V")
    playground.expect_faces("A", 1)
    playground.expect_verdict("Same person")


def test_the_camera(open_playground: OpenPlayground) -> None:
    playground = open_playground(permissions=("camera",))
    playground.choose("A", B_1)
    playground.slot("B").get_by_role("button", name="Use the camera").click()
    take = playground.page.get_by_role("button", name="Take the photo")
    expect(take).to_be_enabled()
    take.click()
    playground.expect_faces("B", 1)
    playground.expect_verdict("Same person")
    is_on = "() => document.querySelector('#camera video').srcObject !== null"
    assert playground.page.evaluate(is_on) is False


def test_a_refused_camera_is_told_in_words(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    playground.slot("A").get_by_role("button", name="Use the camera").click()
    dialog = playground.page.get_by_role("dialog")
    expect(dialog.get_by_role("status")).to_contain_text("Allow it beside the address")
    playground.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    expect(playground.slot("A").get_by_role("button", name="Use the camera")).to_be_focused()


def test_a_person_is_found_in_a_group(open_playground: OpenPlayground, tmp_path: Path) -> None:
    """A is a face cut out of the group, and somebody who is not there."""
    playground = open_playground()
    playground.choose("B", GROUP)
    playground.expect_faces("B", GROUP_FACES[GROUP.name])
    area = shown_answer(playground, "Photo B")["results"][0]["faces"][2]["facial_area"]
    with Image.open(GROUP) as photo:
        edges = [area["x"] - area["w"], area["y"] - area["h"] // 2]
        edges += [area["x"] + 2 * area["w"], area["y"] + 2 * area["h"]]
        photo.crop(tuple(edges)).save(tmp_path / "one.png")
    playground.choose("A", tmp_path / "one.png")
    playground.ask(FIND_A)
    playground.expect_verdict("Found: face 3 of photo B")
    marked = playground.slot("B").locator(".box.found")
    expect(marked).to_have_count(1)
    expect(marked).to_contain_text("3 · ")
    playground.choose("A", A_2)
    playground.expect_verdict("Not in photo B")
    expect(playground.slot("B").locator(".box.found")).to_have_count(0)
    expect(playground.slot("B").locator(".box.nearest")).to_have_count(1)


def test_the_other_way_round_another_face_is_looked_for(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    playground.choose("A", GROUP)
    playground.choose("B", GROUP)
    playground.ask(FIND_B)
    playground.expect_verdict("Found: face 1 of photo A")
    playground.slot("B").get_by_role("radio").nth(3).check()
    playground.expect_verdict("Found: face 4 of photo A")
    # A click on a box does the same.
    playground.slot("B").locator(".box").nth(1).click()
    playground.expect_verdict("Found: face 2 of photo A")


def test_landmarks_lie_on_the_photo_as_shown(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    portrait = next(each for each in PORTRAITS if each.file == A_2.name)
    playground.choose("A", A_2)
    playground.expect_faces("A", 1)
    image = playground.slot("A").locator("figure img").bounding_box()
    assert image is not None
    with Image.open(A_2) as photo:
        scale = image["width"] / photo.width
        assert image["height"] == pytest.approx(photo.height * scale, abs=1)
    eyes = [portrait.right_eye, portrait.left_eye]
    apart = scale * math.dist(*eyes)
    points = playground.slot("A").locator(".overlay i")
    expect(points).to_have_count(5)
    for index, (x, y) in enumerate(eyes):
        point = points.nth(index).bounding_box()
        assert point is not None
        shown = (point["x"] + point["width"] / 2, point["y"] + point["height"] / 2)
        marked = (image["x"] + scale * x, image["y"] + scale * y)
        assert math.dist(shown, marked) < MAX_EYE_ERROR * apart
    tag = playground.slot("A").locator(".box").inner_text()
    assert re.fullmatch(r"1 · 0\.\d\d · \d+ px · sharpness \d+", tag)


def test_the_threshold_decides(open_playground: OpenPlayground) -> None:
    playground = open_playground()
    threshold = playground.page.get_by_label("Threshold")
    playground.choose("A", A_1)
    playground.choose("B", A_2)
    playground.expect_verdict("Same person")
    expect(threshold).to_have_value("0.68")
    threshold.fill(f"{distance(playground) - 0.05:.2f}")
    playground.expect_verdict("Different people")
    answer = shown_answer(playground, "Comparison")
    assert answer["threshold_used"] == float(threshold.input_value())
    playground.page.get_by_role("button", name="Use the default, 0.68").click()
    playground.expect_verdict("Same person")


def test_errors_are_told_in_words(
    open_playground: OpenPlayground, start_server: StartServer, tmp_path: Path
) -> None:
    server = start_server()
    playground = open_playground(server.address)
    (tmp_path / "letter.jpg").write_text("Dear Sir or Madam")
    playground.choose("A", tmp_path / "letter.jpg")
    playground.expect_status("A", "This file is not a photo that can be read")
    (result,) = shown_answer(playground, "Photo A")["results"]
    assert result["error"]["code"] == "INVALID_IMAGE"
    Image.new("RGB", (300, 300), "grey").save(tmp_path / "grey.png")
    playground.choose("A", tmp_path / "grey.png")
    playground.expect_status("A", "No face was found in this photo.")
    (tmp_path / "large.jpg").write_bytes(A_1.read_bytes() + bytes(10 * 2**20))
    playground.choose("A", tmp_path / "large.jpg")
    playground.expect_status("A", "The photo is too large. Use a smaller copy. At most 10.0 MB")
    data = A_2.read_bytes()
    (tmp_path / "cut.jpg").write_bytes(data[: len(data) * 9 // 10])
    playground.choose("A", tmp_path / "cut.jpg")
    playground.expect_status("A", "The file is damaged")
    playground.choose("B", A_1)
    playground.expect_verdict("Same person")
    server.stop()
    playground.choose("A", A_1)
    playground.expect_status("A", "The server cannot be reached. Is it still running?")
    playground.expect_verdict("Add a photo with a face.")


def test_a_missing_model_is_told_with_the_command(
    open_playground: OpenPlayground, start_server: StartServer, tmp_path: Path
) -> None:
    playground = open_playground(start_server(MODEL_DIR=str(tmp_path)).address)
    playground.choose("A", A_1)
    playground.expect_status("A", "Run: make weights FACE_MODEL=mobilefacenet")


def test_the_curl_commands_do_the_same(open_playground: OpenPlayground, tmp_path: Path) -> None:
    playground = open_playground(permissions=("clipboard-read", "clipboard-write"))
    odd_name = tmp_path / "it's me.jpg"
    shutil.copy(A_1, odd_name)
    playground.choose("A", odd_name)
    playground.choose("B", A_2)
    for title, question in (
        ("Photo A", "Compare both faces"),
        ("Comparison", "Compare both faces"),
        ("Search", FIND_A),
    ):
        playground.ask(question)
        request = playground.page.locator(".request", has_text=f"{title}: POST")
        expect(request).to_be_visible()
        request.locator("summary").click()
        save = request.get_by_role("link")
        if save.count():
            with playground.page.expect_download() as download:
                save.click()
            download.value.save_as(tmp_path / download.value.suggested_filename)
        request.get_by_role("button", name="Copy the command").click()
        command = playground.page.evaluate("navigator.clipboard.readText()")
        request.get_by_role("button", name="Copy the whole answer").click()
        answer = json.loads(playground.page.evaluate("navigator.clipboard.readText()"))
        done = subprocess.run(
            ["sh", "-c", command], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        again = json.loads(done.stdout)
        for each in (answer, again):
            each.pop("processing_time_ms", None)
        assert again == answer
