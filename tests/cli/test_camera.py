"""adain-jax camera, as its users run it: in a window, with keys, on a screen of its own."""

import gc
import os
import shutil
import signal
import subprocess
import threading
import time
from contextlib import nullcontext
from pathlib import Path
from types import SimpleNamespace
from typing import cast

import numpy as np
import pytest
from PIL import ImageGrab

from adain_jax.cli import camera as command
from adain_jax.cli.window import Window
from adain_jax.files import image, video
from adain_jax.jobs.live import Asked, Live
from tests.cli.common import assert_one_error
from tests.cli.conftest import environment
from tests.clips import pan, write

TITLE = "adain-jax camera"
OPTIONS = ("--style-size", "32", "--source", "clip.mp4")


@pytest.fixture(scope="module")
def screen():
    """The name of a display on no monitor."""
    pytest.importorskip("tkinter", reason="this Python has no Tk")
    for program in ("Xvfb", "xdotool"):
        if not shutil.which(program):
            pytest.skip(f"{program} is not installed")
    reading, writing = os.pipe()
    server = subprocess.Popen(
        ["Xvfb", "-displayfd", str(writing), "-screen", "0", "1100x800x24", "-nolisten", "tcp"],
        pass_fds=[writing],
        stderr=subprocess.DEVNULL,
    )
    os.close(writing)
    with os.fdopen(reading) as file:
        yield f":{file.readline().strip()}"
    server.terminate()
    server.wait()


@pytest.fixture
def clip(tmp_path):
    """One frame again and again."""
    return write(tmp_path / "clip.mp4", pan(24, (90, 160), step=0), sound=True)


@pytest.fixture
def window(screen, home, start, clip):
    """Start the command, wait for its window; what comes back presses keys."""
    env = {**environment(home), "DISPLAY": screen}
    processes = []

    def window(*styles):
        processes.append(start("camera", *styles, *OPTIONS, env=env))
        wanted = ["search", "--sync", "--onlyvisible", "--name", TITLE, "windowfocus", "--sync"]
        xdotool(*wanted)

        def press(*keys):
            xdotool("key", *keys)

        return processes[0], press

    def xdotool(*words):
        subprocess.run(["xdotool", *words], env=env, check=True, timeout=120)

    yield window
    for process in processes:
        process.kill()
        process.communicate()


def wait_for(condition, seconds=120):
    end = time.monotonic() + seconds
    while not (found := condition()):
        assert time.monotonic() < end
        time.sleep(0.02)
    return found


def ended(process):
    """Its exit code, and what it printed."""
    out, err = process.communicate(timeout=120)
    return process.returncode, out.decode().split(), err.decode()


def test_a_window(window, screen, painting, photo, tmp_path):
    process, press = window(painting, photo)
    one = snapshot(press, tmp_path)
    seen = np.asarray(ImageGrab.grab(xdisplay=screen))
    assert seen[:400, :900].std() > 20  # the picture
    press("2", "b", "r")
    wait_for(lambda: list(tmp_path.glob("camera_*.nut")))

    def other_style():
        """Once the style has been read."""
        both = snapshot(press, tmp_path)
        return [both] if np.abs(both[:, -160:].astype(float) - one).mean() > 5 else []

    [both] = wait_for(other_style)
    press("r")
    recording = wait_for(lambda: list(tmp_path.glob("camera_*.mp4")))[0]
    press("q")
    code, printed, stderr = ended(process)
    assert (code, stderr) == (0, "")
    assert set(printed) == {x.name for x in tmp_path.glob("camera_*")}
    assert one.shape == (90, 160, 3)
    assert both.shape == (90, 320, 3)
    source = next(video.Video(tmp_path / "clip.mp4").frames()).rgb
    assert np.abs(both[:, :160].astype(float) - source).mean() < 1
    frames = list(video.Video(recording).frames())
    assert len(frames) > 1
    assert frames[0].rgb.shape == (90, 320, 3)
    assert not list(tmp_path.glob("*.nut"))


def snapshot(press, folder):
    """Take a picture of what is shown, once it is there."""
    before = set(folder.glob("camera_*.png"))
    press("s")
    [path] = wait_for(lambda: set(folder.glob("camera_*.png")) - before)
    return image.load(path, as_bytes=True).rgb


def test_closed_before_the_first_picture(window, painting):
    process, press = window(painting)
    press("q")
    assert ended(process) == (0, [], "")


def test_closed_while_the_window_opens(screen, monkeypatch):
    """By a key that is there before the window, and is read in the midst of what opens it."""
    monkeypatch.setenv("DISPLAY", screen)
    window = Window()
    opens = window._root.deiconify

    def pressed():
        opens()
        window._root.event_generate("<Key>", keysym="q", when="tail")

    window._root.deiconify = pressed
    shown = SimpleNamespace(rgb=np.zeros((90, 160, 3), np.uint8), number=1)
    live = SimpleNamespace(
        **{"asked": Asked((1.0,)), "ended": False, "after": lambda number: shown},
        **{"timed": lambda name: nullcontext(), "rate": 0.0, "recorded": None, "note": ""},
    )
    window.show(cast("Live", live), [(Path("a.jpg"), None)])


def test_a_closed_window_may_be_collected_by_any_thread(screen, monkeypatch):
    """Else Tcl ends the process: "async handler deleted by the wrong thread"."""
    monkeypatch.setenv("DISPLAY", screen)
    window = Window()
    window._root.destroy()
    del window
    thread = threading.Thread(target=gc.collect)
    thread.start()
    thread.join()


@pytest.mark.slow
def test_sigterm_leaves_the_recording(window, painting, tmp_path):
    process, press = window(painting)
    press("r", "s")
    wait_for(lambda: list(tmp_path.glob("camera_*.png")))
    wait_for(lambda: list(tmp_path.glob("camera_*.nut")))
    process.send_signal(signal.SIGTERM)
    code, printed, stderr = ended(process)
    assert code == 128 + signal.SIGTERM
    assert stderr == "adain-jax: interrupted\n"
    [recording] = tmp_path.glob("camera_*.mp4")
    assert recording.name in printed
    assert list(video.Video(recording).frames())


def test_a_source_that_breaks_off(run, screen, painting, tmp_path):
    (tmp_path / "frames").mkdir()
    image.save(tmp_path / "frames/1.png", pan(1)[0])
    (tmp_path / "frames/2.png").write_text("no image")
    result = run("camera", painting, "--source", "frames", code=2, DISPLAY=screen)
    assert_one_error(result.stdout, result.stderr, "2.png")


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--source", "none.mp4"), "no such file: none.mp4"),
        (("--camera", "63"), "camera 63 cannot be opened"),
        (("--model", "none", "--source", "clip.mp4"), "none"),
        (("none.jpg", "--source", "clip.mp4"), "none.jpg"),
        (("--output", "clip.mp4/a", "--source", "clip.mp4"), "clip.mp4"),
    ],
)
def test_what_is_wrong_is_one_line(main, monkeypatch, screen, clip, painting, arguments, words):
    monkeypatch.setenv("DISPLAY", screen)
    printed = main("camera", painting, *arguments, code=2)
    assert_one_error(printed.out, printed.err, words)


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("--alpha", "2"), "--alpha must be between 0 and 1, not 2"),
        (("--calm", "-1"), "--calm is between 0 and 1, not -1"),
        (("--once",), "--once is for --source"),
        (("a.jpg",) * command.MOST, f"give up to {command.MOST} styles"),
        (("--camera", "1", "--source", "a.mp4"), "not allowed with"),
        ((), "there is no display"),
    ],
)
def test_what_is_wrong_is_said_without_a_screen(main, monkeypatch, painting, arguments, words):
    pytest.importorskip("tkinter", reason="this Python has no Tk")
    monkeypatch.delenv("DISPLAY", raising=False)
    printed = main("camera", painting, *arguments, code=2)
    assert_one_error(printed.out, printed.err, words)


def test_without_tk_one_line_says_how_to_install_it(main, monkeypatch, painting):
    monkeypatch.setitem(__import__("sys").modules, "tkinter", None)
    printed = main("camera", painting, code=2)
    assert_one_error(printed.out, printed.err, "python3-tk")
