"""The page, in a real browser: Debian's Chromium, by Playwright."""

import base64
import io
import json
import shutil

import numpy as np
import pytest
from PIL import Image

import adain_jax
from adain_jax import Style
from adain_jax.export import export_site
from adain_jax.export.serve import served
from adain_jax.export.site import EXAMPLES
from adain_jax.files import image

pytestmark = pytest.mark.slow

PHOTO = EXAMPLES / "content/chelsea.jpg"  # small enough not to be scaled
PAINTINGS = [
    EXAMPLES / "style" / f"{name}.jpg" for name in ("cafe_terrace", "great_wave_off_kanagawa")
]
FLAGS = [
    *("--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"),
    *("--disable-component-update", "--disable-sync"),
    *("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"),
]
WAIT = 120_000  # milliseconds; of machines that have other things to do
LEVELS = 2  # in the mean


@pytest.fixture(scope="module")
def browser():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    chromium = shutil.which("chromium") or shutil.which("chromium-browser")
    if not chromium:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(
            executable_path=chromium, chromium_sandbox=False, args=FLAGS
        )
        yield browser
        browser.close()


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The page with two paintings, made as the command makes it."""
    if not shutil.which("npm"):
        pytest.skip("npm, which has ONNX Runtime Web, is not installed")
    folder = tmp_path_factory.mktemp("site")
    export_site(adain_jax.load("fast"), folder, styles=PAINTINGS, photo=PHOTO)
    return folder


@pytest.fixture(scope="module")
def address(site):
    with served(site) as address:
        yield address


@pytest.fixture(scope="module")
def styles():
    """Of the two paintings, as the page has them."""
    model = adain_jax.load("fast")
    pixels = [image.load(path, size=512, as_bytes=True).rgb for path in PAINTINGS]
    return [adain_jax.encode_style(x, model=model) for x in pixels]


@pytest.fixture
def opened(browser, address):
    """Open the page in a window of its own; it may complain of nothing, and ask nobody else."""
    contexts, complaints = [], []

    def opened(**options):
        context = browser.new_context(viewport={"width": 1280, "height": 800}, **options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(WAIT)
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", heard)
        page.on("request", asked)
        page.goto(address)
        ready(page)
        return page

    def heard(message):
        if message.type == "error":
            complaints.append(message.text)

    def asked(request):
        if not request.url.startswith((address, "blob:", "data:")):
            complaints.append(request.url)

    yield opened
    for context in contexts:
        context.close()
    assert complaints == []


@pytest.fixture
def page(opened):
    return opened()


def ready(page):
    page.wait_for_selector("#stage[aria-busy=false] #frame[data-made]")


def shown(page):
    """The picture's pixels, (H, W, 3)."""
    ready(page)
    url = page.evaluate("document.getElementById('after').toDataURL('image/png')")
    data = base64.b64decode(url.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGB"))


def assert_near(picture, style, *, photo=PHOTO, **options):
    """As JAX makes it."""
    pixels = image.load(photo, as_bytes=True).rgb
    model = adain_jax.load("fast")
    expected = np.asarray(adain_jax.stylize(pixels, style, model=model, **options))
    assert picture.shape == expected.shape
    assert np.abs(picture.astype(int) - expected).mean() <= LEVELS


def set_slider(page, name, value):
    page.locator(f"#{name}").fill(str(value))


def test_pictures_are_those_of_jax(page, styles):
    first = shown(page)
    assert_near(first, styles[0])
    assert "451 × 300" in page.locator("#status").inner_text()

    page.get_by_role("button", name="Great wave off kanagawa").click()
    second = shown(page)
    assert_near(second, styles[1])
    assert np.abs(first.astype(int) - second).mean() > 5 * LEVELS

    set_slider(page, "strength", 40)
    assert page.locator("#amount").inner_text() == "40 %"
    weak = shown(page)
    assert_near(weak, styles[1], alpha=0.4)
    assert np.abs(weak.astype(int) - second).mean() > LEVELS

    set_slider(page, "strength", 100)
    page.get_by_label("Keep the photo’s colours").check()
    kept = shown(page)
    assert_near(kept, styles[1], color="luminance")
    assert np.abs(kept.astype(int) - second).mean() > 5 * LEVELS


def test_mixtures_by_pointer_and_by_keys(page, styles):
    page.get_by_label("Mix", exact=True).check()
    mixed = shown(page)
    assert_near(mixed, Style.mix(styles))
    pad = page.locator("#pad")
    box = pad.bounding_box()
    pad.click(position={"x": 0.8 * box["width"], "y": 0.5 * box["height"]})
    told = pad.get_attribute("aria-valuetext")
    share = int(told.split()[0]) / 100
    assert told == f"{told.split()[0]} % Cafe terrace, {100 - int(told.split()[0])} % " + (
        "Great wave off kanagawa"
    )
    assert abs(share - 0.2) < 0.02
    assert_near(shown(page), Style.mix(styles, [share, 1 - share]))
    for _ in range(5):
        pad.press("ArrowRight")
    assert pad.get_attribute("aria-valuetext").startswith("0 %")
    assert_near(shown(page), styles[1])
    page.get_by_label("Mix", exact=True).uncheck()
    assert not pad.is_visible()


def test_own_photo_and_painting(page, photo, painting, styles):
    page.locator("#file").set_input_files(photo)
    page.wait_for_function("document.getElementById('after').width === 56")
    assert_near(shown(page), styles[0], photo=photo)

    page.locator("#style-file").set_input_files(painting)
    button = page.get_by_role("button", name="painting", exact=True)
    button.wait_for()
    style = adain_jax.encode_style(
        image.load(painting, size=512, as_bytes=True).rgb, model=adain_jax.load("fast")
    )
    assert button.get_attribute("aria-pressed") == "true"
    assert_near(shown(page), style, photo=photo)


DROP = """([where, name, text]) => {
    const data = new DataTransfer();
    const bytes = Uint8Array.from(atob(text), (x) => x.charCodeAt(0));
    data.items.add(new File([bytes], name));
    const kind = where === "paste" ? ClipboardEvent : DragEvent;
    const given = where === "paste" ? { clipboardData: data } : { dataTransfer: data };
    const target = where === "paste" ? document.body : document.querySelector(where);
    const name_ = where === "paste" ? "paste" : "drop";
    target.dispatchEvent(new kind(name_, { bubbles: true, cancelable: true, ...given }));
}"""


@pytest.mark.parametrize("where", ["#stage", "paste"])
def test_dropped_and_pasted(page, where, photo, styles):
    page.evaluate(DROP, [where, "photo.png", base64.b64encode(photo.read_bytes()).decode()])
    page.wait_for_function("document.getElementById('after').width === 56")
    assert_near(shown(page), styles[0], photo=photo)


def test_files_that_are_no_pictures(page, tmp_path):
    before = shown(page)
    (tmp_path / "notes.txt").write_text("no picture")
    for name in ("file", "style-file"):
        page.locator(f"#{name}").set_input_files(tmp_path / "notes.txt")
        page.wait_for_selector("#error:not(:empty)")
        told = page.locator("#error").inner_text()
        assert told == "notes.txt is not a picture that this browser can read."
        assert (shown(page) == before).all()
        page.get_by_role("button", name="Cafe terrace").click()  # and what is wrong is over
        assert page.locator("#error").inner_text() == ""
        ready(page)


def test_saved_at_the_photos_own_size(page, tmp_path, rng):
    pixels = rng.integers(256, size=(8, 12, 3), dtype=np.uint8)
    Image.fromarray(pixels).resize((900, 600), Image.Resampling.BICUBIC).save(tmp_path / "big.png")
    page.locator("#file").set_input_files(tmp_path / "big.png")
    page.wait_for_function("document.getElementById('after').width === 512")
    ready(page)
    for type_, suffix, kind in (("image/png", "png", "PNG"), ("image/jpeg", "jpg", "JPEG")):
        page.locator("#format").select_option(type_)
        with page.expect_download() as waiting:
            page.get_by_role("button", name="Save").click()
        assert waiting.value.suggested_filename == f"big stylized.{suffix}"
        with Image.open(waiting.value.path()) as saved:
            assert (saved.size, saved.format) == ((900, 600), kind)
        page.wait_for_function(
            "document.getElementById('status').textContent.startsWith('Saved at 900 × 600')"
        )
        assert page.locator("#status").inner_text().endswith("enlarged from 512 × 341")

    # At its own size, it is what is seen.
    page.locator("#format").select_option("image/png")
    page.locator("#size").select_option("900")
    page.wait_for_function("document.getElementById('after').width === 900")
    seen = shown(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Save").click()
    with Image.open(waiting.value.path()) as saved:
        assert (np.asarray(saved.convert("RGB")) == seen).all()


def test_sizes_tell_their_time(page):
    texts = page.locator("#size option").all_inner_texts()
    assert [text.partition(" · ")[0] for text in texts] == ["256 × 170", "384 × 255", "451 × 300"]
    assert all(text.endswith(" s") for text in texts)
    page.locator("#size").select_option("256")
    page.wait_for_function("document.getElementById('after').width === 256")
    assert shown(page).shape == (170, 256, 3)


def test_before_and_after(page):
    def clip():
        return page.evaluate("getComputedStyle(document.getElementById('after')).clipPath")

    assert "calc(0%)" in clip() or clip() == "inset(0px 0px 0px 0%)"
    compare = page.get_by_label("Before and after")
    compare.focus()
    page.keyboard.press("End")
    assert "100%" in clip()
    page.keyboard.press("Home")
    assert "100%" not in clip()


def test_a_phone_and_the_dark(opened):
    page = opened(color_scheme="dark", is_mobile=True, has_touch=True)
    page.set_viewport_size({"width": 390, "height": 844})
    ready(page)
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    frame = page.locator("#frame").bounding_box()
    assert frame["width"] > 340
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == "rgb(18, 19, 21)"
    page.get_by_role("button", name="Great wave off kanagawa").tap()
    shown(page)
    page.get_by_role("button", name="Save").scroll_into_view_if_needed()
    assert page.get_by_role("button", name="Save").is_enabled()


def test_all_controls_by_keyboard(page):
    reached = set()
    page.locator("body").focus()
    for _ in range(20):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.id || document.activeElement.title"))
    titles = {"Cafe terrace", "Great wave off kanagawa"}
    controls = {"compare", "open", "camera", "mix", "add", "strength", "colors", "size", "save"}
    assert reached >= {*titles, *controls, "format"}
    page.get_by_role("button", name="Great wave off kanagawa").focus()
    page.keyboard.press("Enter")
    ready(page)
    assert page.locator("button[aria-pressed=true]").get_attribute("title") == (
        "Great wave off kanagawa"
    )


def test_the_camera(opened):
    page = opened(permissions=["camera"])
    page.get_by_role("button", name="Camera").click()
    page.wait_for_function("/frames a second/.test(document.getElementById('status').textContent)")
    assert max(page.evaluate("[after.width, after.height]")) == 256
    page.get_by_role("button", name="Stop camera").click()
    page.wait_for_function("document.getElementById('after').width > 256")  # the last frame, finer
    ready(page)
    assert page.locator("#error").inner_text() == ""


def test_without_a_net(page):
    page.wait_for_selector("body[data-kept]")
    before = shown(page)
    page.context.set_offline(True)
    page.reload()
    assert (shown(page) == before).all()


def test_another_page_at_the_same_address(browser, site, tmp_path):
    """Neither hides the other for longer than a reload, nor gets into what is kept of it."""
    other = shutil.copytree(site, tmp_path / "other")
    own = json.loads((site / "site.json").read_text())["build"]
    for name in ("site.json", "service.js"):
        text = (other / name).read_text().replace(own, "0123456789ab")
        (other / name).write_text(text.replace("Cafe terrace", "Changed"))
    context = browser.new_context()
    page = context.new_page()
    page.set_default_timeout(WAIT)
    with served(site) as address:
        page.goto(address)
        page.wait_for_selector("body[data-kept]")
    port = int(address.rstrip("/").rpartition(":")[2])
    for folder, title, build in ((other, "Changed", "0123456789ab"), (site, "Cafe terrace", own)):
        with served(folder, port):
            page.goto(address)
            page.wait_for_function(
                "document.body.dataset.kept"
                " || /has changed/.test(document.getElementById('status').textContent)"
            )
            page.wait_for_function(
                f"caches.keys().then((x) => x.every((name) => name.endsWith('{build}')))"
            )
            page.reload()
            page.wait_for_selector("body[data-kept]")
            assert page.get_by_role("button", name=title).count() == 1
            kept = page.evaluate(
                "caches.match(new URL('site.json', location)).then((x) => x.json())"
            )
            assert (kept["build"], kept["styles"][0]["title"]) == (build, title)
    context.close()


def test_threads_where_the_server_allows_them(page):
    assert page.evaluate("crossOriginIsolated")


def test_what_is_loaded_is_small(site):
    """The page, one of the two runtimes, and the model."""
    files = [path for path in site.rglob("*") if path.is_file()]
    for other in ("jspi", "ort-wasm-simd-threaded.wasm.gz"):
        loaded = sum(path.stat().st_size for path in files if other not in path.name)
        assert loaded < 15e6
