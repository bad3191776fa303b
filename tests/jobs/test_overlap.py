"""Reading, computing and writing go on at the same time, and end in good order."""

import signal
import threading

import pytest

from adain_jax.files import image
from adain_jax.jobs import run as batch
from adain_jax.jobs.plan import plan


def test_reading_and_writing_go_on_beside_computing(contents, quick, tiny, monkeypatch):
    """Each picture waits, while it is computed, for the next to be read and the last be written."""
    load, save = image.load, image.save
    read = {path: threading.Event() for path in contents}
    computing = [threading.Event() for _ in contents]
    written = [threading.Event() for _ in contents]

    def noted_load(path, **options):
        loaded = load(path, **options)
        if path in read:
            read[path].set()
        return loaded

    def late_save(path, rgb, *args, **options):
        i = int(rgb[0, 0, 0])
        if i + 1 < len(contents):
            assert computing[i + 1].wait(60)
        save(path, rgb, *args, **options)
        written[i].set()

    def compute(content):
        i = int(content[0, 0, 0])
        computing[i].set()
        if i + 1 < len(contents):
            assert read[contents[i + 1]].wait(60)
        if i:
            assert written[i - 1].wait(60)
        if i + 2 < len(contents):  # but not all are in memory
            assert not read[contents[i + 2]].is_set()
        return content

    monkeypatch.setattr(image, "load", noted_load)
    monkeypatch.setattr(image, "save", late_save)
    jobs = quick(contents, compute)
    results = list(batch.run(jobs, tiny))
    assert [result.job for result in results] == jobs
    assert all(result.error is None for result in results)


def test_what_fails_in_a_thread_stops_no_other(contents, quick, tiny, monkeypatch):
    save = image.save

    def full(path, *args, **options):
        if path.name.startswith(("1", "5")):
            raise OSError("disk full")
        if path.name.startswith("2"):
            raise MemoryError
        save(path, *args, **options)

    monkeypatch.setattr(image, "save", full)
    contents[3].write_bytes(b"")
    errors = [str(result.error) for result in batch.run(quick(contents), tiny)]
    assert [errors[i] for i in (0, 1, 4, 5)] == ["None", "disk full", "None", "disk full"]
    assert "too large for the memory" in errors[2]
    assert "3.png is empty" in errors[3]


def test_a_content_is_read_once_for_its_styles_and_not_for_bad_ones(
    contents, quick, tiny, monkeypatch
):
    read = []
    load = image.load
    monkeypatch.setattr(image, "load", lambda path, **kw: (read.append(path), load(path, **kw))[1])
    quick(contents)
    folder = contents[0].parent
    both = plan(contents[:2], [folder / "style.png", contents[5]], folder / "out").jobs
    assert all(result.error is None for result in batch.run(both, tiny))
    assert [read.count(path) for path in contents[:2]] == [1, 1]
    read.clear()
    bad = plan(contents, [folder / "nix.png"], folder / "out").jobs
    assert all("nix.png" in str(result.error) for result in batch.run(bad, tiny))
    assert len([path for path in read if path in contents]) <= 2  # read ahead


def stop_after(count):
    """Computes so many pictures, and then is interrupted."""
    seen = []

    def compute(content):
        seen.append(content)
        if len(seen) > count:
            raise KeyboardInterrupt
        return content

    return compute


def test_an_interruption_leaves_whole_pictures_and_tells_of_all(contents, quick, tiny, tmp_path):
    results = batch.run(quick(contents, stop_after(3)), tiny)
    told = []
    with pytest.raises(KeyboardInterrupt):
        iter_into(told, results)
    assert [result.job.content for result in told] == contents[:3]
    assert sorted((tmp_path / "out").iterdir()) == [result.job.output for result in told]
    for result in told:
        image.load(result.job.output)


def iter_into(told, results):
    for result in results:
        told.append(result)


def test_an_interruption_of_the_one_who_is_told(contents, quick, tiny, tmp_path):
    results = batch.run(quick(contents), tiny)
    told = [next(results)]

    def interrupt():
        told.append(results.throw(KeyboardInterrupt()))
        iter_into(told, results)

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert sorted((tmp_path / "out").iterdir()) == [result.job.output for result in told]
    assert len(told) < len(contents)


def test_an_interruption_does_not_wait_for_the_computation(contents, quick, tiny, tmp_path):
    done, main = threading.Event(), threading.get_ident()

    def compute(content):
        if content[0, 0, 0] == 2:
            signal.pthread_kill(main, signal.SIGINT)
            assert done.wait(60)
        return content

    told = []
    with pytest.raises(KeyboardInterrupt):
        iter_into(told, batch.run(quick(contents, compute), tiny))
    assert not done.is_set()
    done.set()
    assert [result.job.content for result in told] == contents[:2]
    assert sorted((tmp_path / "out").iterdir()) == [result.job.output for result in told]


def test_closing_waits_for_what_is_written(contents, quick, tiny, tmp_path):
    results = batch.run(quick(contents), tiny)
    next(results)
    results.close()
    made = sorted((tmp_path / "out").iterdir())
    assert 1 <= len(made) < len(contents)
    for path in made:
        image.load(path)
