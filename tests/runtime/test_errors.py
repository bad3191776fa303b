import json
import types

import jax
import numpy as np
import pytest

import adain_jax
from adain_jax.files import image
from adain_jax.runtime.errors import in_words, is_input, is_out_of_memory
from adain_jax.weights import read


def inside(code):
    """A function of the package, as far as anyone can tell, with an error in it."""
    module = types.ModuleType("adain_jax.wrong")
    module.__dict__.update(np=np, json=json)
    exec(f"def wrong():\n    {code}", module.__dict__)
    return module.wrong


@pytest.mark.parametrize(
    "function",
    [
        lambda: image.check_writable("a.gif"),
        lambda: image.load("nix.png"),
        lambda: adain_jax.load("nix"),
        lambda: adain_jax.stylize(np.zeros((4, 4)), np.zeros((4, 4))),
        lambda: read.read_state(__file__),
        lambda: open("nix"),  # noqa: SIM115, PTH123
        lambda: __import__("a_package_that_is_not_installed"),
        inside("raise ValueError('no')"),
        inside("raise ImportError('install it') from None"),
        inside("raise MemoryError"),
    ],
)
def test_about_input(function):
    with pytest.raises((ValueError, OSError, ImportError, MemoryError)) as caught:
        function()
    assert is_input(caught.value)


@pytest.mark.parametrize(
    "function",
    [
        inside("int('three')"),
        inside("a, b = [1]"),
        inside("np.zeros(2) + np.zeros(3)"),
        inside("np.zeros(2).reshape(3)"),
        inside("np.stack([])"),
        inside("json.loads('{')"),
        inside("b'\\xff'.decode()"),
        inside("raise TypeError('no number')"),
        inside("from adain_jax.version import nothing"),
        inside("import adain_jax.nothing"),
        lambda: jax.numpy.zeros(2) + jax.numpy.zeros(3),
    ],
)
def test_faults_in_the_program(function):
    with pytest.raises((ValueError, TypeError, ImportError)) as caught:
        function()
    assert not is_input(caught.value)


def test_out_of_memory():
    for error, short in (
        (MemoryError(), True),
        (jax.errors.JaxRuntimeError("RESOURCE_EXHAUSTED: Out of memory allocating 9 bytes"), True),
        (jax.errors.JaxRuntimeError("INTERNAL: Out of memory allocating 9 bytes."), True),
        (jax.errors.JaxRuntimeError("INTERNAL: no such primitive"), False),
        (ValueError("Out of memory"), False),
    ):
        assert is_out_of_memory(error) is short
        assert is_input(error) is short


def test_words():
    for error, words in (
        (FileNotFoundError(2, "No such file", b"\xffa"), "\udcffa: no such file"),
        (OSError(28, "No space left on device"), "no space left on device"),
        (OSError("cannot\n  write"), "cannot write"),
        (KeyError("no 'a' here"), "no 'a' here"),
        (KeyError(), ""),
    ):
        assert in_words(error) == words
