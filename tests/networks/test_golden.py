"""Parity with the most used PyTorch port; see tests/golden/README.md."""

from pathlib import Path

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from adain_jax.networks import DEPTHS, TAPS, Decoder, Encoder
from adain_jax.ops.color import coral
from adain_jax.ops.losses import content_loss, style_loss, tap_stats
from adain_jax.ops.statistics import adain, channel_stats
from adain_jax.training.config import TrainConfig
from adain_jax.training.loss import make_loss
from adain_jax.weights.convert import from_port_decoder, from_port_encoder

GOLDEN = np.load(Path(__file__).parents[1] / "golden" / "peer_48x64.npz")
ENCODER = {0: (3, 3, 1), 2: (3, 64, 3), 5: (64, 64, 3), 9: (64, 128, 3), 12: (128, 128, 3)}
ENCODER |= {16: (128, 256, 3), 19: (256, 256, 3), 22: (256, 256, 3), 25: (256, 256, 3)}
ENCODER |= {29: (256, 512, 3)}
DECODER = {1: (512, 256, 3), 5: (256, 256, 3), 8: (256, 256, 3), 11: (256, 256, 3)}
DECODER |= {14: (256, 128, 3), 18: (128, 128, 3), 21: (128, 64, 3), 25: (64, 64, 3), 28: (64, 3, 3)}


class Peer:
    """The port's weights and images, in its own layout, and our networks with them."""

    def __init__(self, method):
        self.method = method
        rng = np.random.default_rng(0)
        encoder, decoder = self._state(rng, ENCODER), self._state(rng, DECODER)
        self.content, self.style = rng.random((2, 2, 48, 64, 3), dtype=np.float32)
        _, self.encoder = from_port_encoder(encoder)
        self.decoder = from_port_decoder(decoder)
        depths = DEPTHS["vgg19"]
        self.encode, self.decode = (
            jax.jit(lambda params, x, module=module: module.apply({"params": params}, x))
            for module in (Encoder(depths, method), Decoder(depths, method))
        )

    @staticmethod
    def _state(rng, layers):
        state = {}
        for index, (width, out, side) in layers.items():
            scale = np.float32(np.sqrt(2 / (width * side * side)))
            kernel = rng.standard_normal((out, width, side, side), dtype=np.float32) * scale
            bias = (rng.random((out,), dtype=np.float32) - np.float32(0.5)) * np.float32(0.1)
            state |= {f"{index}.weight": kernel, f"{index}.bias": bias}
        return state

    def target(self, content, style):
        stats = channel_stats(style["relu4_1"], ddof=1)
        return adain(content["relu4_1"], *stats, ddof=1)


@pytest.fixture(scope="module", params=["xla", "winograd"])
def peer(request):
    return Peer(request.param)


@pytest.fixture(scope="module")
def taps(peer):
    return peer.encode(peer.encoder, peer.content), peer.encode(peer.encoder, peer.style)


def assert_golden(name, value, tolerance=1e-4):
    expected = GOLDEN[name]
    np.testing.assert_allclose(value, expected, atol=tolerance * np.abs(expected).max(), rtol=0)


@pytest.mark.parametrize("tap", TAPS)
def test_tap_statistics(taps, tap):
    mean, std = channel_stats(taps[0][tap], ddof=1, eps=0)
    assert_golden(f"{tap}_mean", mean)
    assert_golden(f"{tap}_std", std)


def test_features_and_adain(peer, taps):
    assert_golden("relu4_1", taps[0]["relu4_1"])
    assert_golden("adain", peer.target(*taps))


@pytest.mark.parametrize(("name", "alpha"), [("stylized", 1.0), ("stylized_alpha_half", 0.5)])
def test_stylized(peer, taps, name, alpha):
    content = taps[0]["relu4_1"]
    blended = alpha * peer.target(*taps) + (1 - alpha) * content
    assert_golden(name, peer.decode(peer.decoder, {"relu4_1": blended}))


def test_mixed_styles(peer, taps):
    """Mixing the statistics of styles equals the port's mixing of its feature maps."""
    mean, std = channel_stats(taps[1]["relu4_1"], ddof=1)
    weights = jnp.array([0.25, 0.75])
    # Of both images, which is compiled already; the port's is the first.
    target = adain(taps[0]["relu4_1"], weights @ mean, weights @ std, ddof=1)
    assert_golden("stylized_mix_25_75", peer.decode(peer.decoder, {"relu4_1": target})[:1])


def test_coral(peer):
    assert_golden("coral", coral(peer.style[0], peer.content[0]))


def test_losses_and_gradients(peer, taps):
    target, style = peer.target(*taps), tap_stats(taps[1], ddof=1)

    @jax.jit
    def losses(decoder, encoder):
        output = peer.encode(encoder, peer.decode(decoder, {"relu4_1": target}))
        content = content_loss(output["relu4_1"], target)
        styled = style_loss(output, style, ddof=1)
        return content + 10 * styled, (content, styled)

    gradient, (content, styled) = jax.grad(losses, has_aux=True)(peer.decoder, peer.encoder)
    # Winograd's rounding switches single ReLUs, others on each processor: with AVX2 it is 1.4e-3.
    rtol = 3e-3 if peer.method == "winograd" else 1e-3
    assert_golden_training(content, styled, gradient, rtol)


def test_the_training_step_s_own_loss():
    """With a recipe's defaults, from images to gradients."""
    peer = Peer("auto")
    loss = make_loss(TrainConfig(), "vgg19", "style")
    batch = {"content": peer.content, "style": peer.style}
    gradient, metrics = jax.jit(jax.grad(loss, has_aux=True))(
        {"decoder": peer.decoder}, {"encoder": peer.encoder}, batch, 0
    )
    assert_golden_training(metrics["content_loss"], metrics["style_loss"], gradient["decoder"])


def assert_golden_training(content, styled, gradient, rtol=1e-3):
    np.testing.assert_allclose(content, GOLDEN["loss_content"], rtol=1e-4)
    np.testing.assert_allclose(styled, GOLDEN["loss_style"], rtol=1e-4)
    names = [name for name in _decoder_names() if name in gradient]
    for index, name in zip(DECODER, names, strict=True):
        for ours, theirs in (("kernel", "weight"), ("bias", "bias")):
            norm = np.linalg.norm(np.asarray(gradient[name][ours], np.float64))
            np.testing.assert_allclose(norm, GOLDEN[f"grad_norm/{index}.{theirs}"], rtol=rtol)


def _decoder_names():
    for block in (4, 3, 2, 1):
        for layer in range(DEPTHS["vgg19"][block - 1], 0, -1):
            yield f"conv{block}_{layer}"
