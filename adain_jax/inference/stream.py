"""Many images, one after another, in batches on all devices."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from functools import partial
from typing import Any, Literal, NamedTuple

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec

from adain_jax.inference.buckets import bucket, fills, in_bucket
from adain_jax.inference.plan import Bucketed, Plan, Tiled, Whole, choose
from adain_jax.inference.render import make_picture, maps_in_bucket, render
from adain_jax.inference.request import Request
from adain_jax.model import Model, Style

_WAITING = 4  # batches of images that may wait for others of their size


class _Asked(NamedTuple):
    number: int  # of the image, in their order
    request: Request


class _Group(NamedTuple):
    """What images have in common that are computed together: the array, and its plan."""

    plan: type[Plan]
    shape: tuple[int, ...]
    dtype: Any


def pictures(
    model: Model,
    contents: Iterable[Any],
    ask: Callable[[Any], Request],
    *,
    plan: Plan | Literal["auto"],
    batch_size: int,
    devices: Sequence[Any],
) -> Iterator[np.ndarray]:
    """The pictures of contents (H, W, 3), in their order; `ask` makes the request for each.

    At an image that `ask` refuses, all pictures before it come first, and then its `ValueError`.
    """
    batches = _Batches(model, batch_size, devices)
    waiting: dict[_Group, list[_Asked]] = {}
    under_way: deque[Callable[[], dict[int, np.ndarray]]] = deque()
    made: dict[int, np.ndarray] = {}
    following, sizes = 0, set()
    failure = None

    def start(group: _Group) -> None:
        under_way.append(batches.start(group, waiting.pop(group)))

    def collect(most: int) -> Iterator[np.ndarray]:
        """What is next in order, once no more than `most` batches are being computed."""
        nonlocal following
        while len(under_way) > most:
            made.update(under_way.popleft()())
        while following in made:
            yield made.pop(following)
            following += 1

    for number, content in enumerate(contents):
        try:
            request = ask(content)
            if request.content.ndim != 3:
                raise ValueError(f"content is one RGB image (H, W, 3), not {request.content.shape}")
        except ValueError as error:
            failure = ValueError(f"content {number}: {error}")
            break
        sizes.add(request.content.shape)
        chosen = choose(plan, request.content.shape, model)
        if plan == "auto" and len(sizes) == 1 and not isinstance(chosen, Tiled):
            chosen = Whole()
        if isinstance(chosen, Tiled):
            picture = render(model, request, chosen)
            under_way.append(lambda number=number, picture=picture: {number: picture})
        else:
            group = _group(chosen, request.content)
            waiting.setdefault(group, []).append(_Asked(number, request))
            if len(waiting[group]) == batches.size:
                start(group)
            elif sum(map(len, waiting.values())) >= _WAITING * batches.size:
                start(next(iter(waiting)))
        yield from collect(1)  # one batch is computed while the next is prepared
    for group in list(waiting):
        start(group)
    yield from collect(0)
    if failure:
        raise failure


def _group(plan: Plan, content: np.ndarray) -> _Group:
    if isinstance(plan, Bucketed) and not fills(content.shape):
        height, width = map(bucket, content.shape[:2])
        return _Group(Bucketed, (height, width), content.dtype)
    return _Group(Whole, content.shape[:2], content.dtype)


class _Batches:
    """Batches of one size, filled up, on all devices."""

    def __init__(self, model: Model, size: int, devices: Sequence[Any]) -> None:
        mesh = Mesh(np.array(devices), ("data",))
        self.size = -(-size // len(devices)) * len(devices)
        self._by_image = NamedSharding(mesh, PartitionSpec("data"))
        self._everywhere = NamedSharding(mesh, PartitionSpec())
        self._model = jax.device_put(model, self._everywhere)

    def start(self, group: _Group, asked: list[_Asked]) -> Callable[[], dict[int, np.ndarray]]:
        """Begin a batch; what comes back waits for its pictures, by number."""
        requests = [x.request for x in asked]
        requests += [requests[-1]] * (self.size - len(requests))
        contents, rest = [np.asarray(x.content) for x in requests], requests[0]
        # One style for all, or, if it has the colours of each content, one for each.
        own = any(x.style is not rest.style for x in requests)
        style = jax.device_put(rest.style, self._everywhere)
        if own:
            axis = 0 if rest.masks is None else 1  # behind that of the regions
            style = jax.tree.map(lambda *x: jnp.stack(x, axis), *(x.style for x in requests))
            style = jax.device_put(style, self._everywhere)
        run = _whole
        if group.plan is Bucketed:
            contents, sizes = zip(*map(in_bucket, contents), strict=True)
            rest = maps_in_bucket(rest)
            sizes = jax.device_put(np.stack(sizes), self._by_image)
            run = partial(_bucketed, sizes, own=own)
        contents = jax.device_put(np.stack(contents), self._by_image)
        rest = jax.device_put(replace(rest, content=None, style=None), self._everywhere)
        pictures = run(contents, self._model, style, rest)

        def wait() -> dict[int, np.ndarray]:
            whole = np.asarray(pictures)
            sides = [x.request.content.shape[:2] for x in asked]
            return {
                x.number: picture[:height, :width]
                for x, picture, (height, width) in zip(asked, whole, sides, strict=False)
            }

        return wait


@partial(jax.jit, donate_argnums=0)
def _whole(contents: jax.Array, model: Model, style: Style, rest: Request) -> jax.Array:
    return make_picture(model, replace(rest, content=contents, style=style))


@partial(jax.jit, donate_argnums=1, static_argnames="own")
def _bucketed(
    sizes: jax.Array, contents: jax.Array, model: Model, style: Style, rest: Request, *, own: bool
) -> jax.Array:
    def one(content: jax.Array, size: jax.Array, style: Style) -> jax.Array:
        request = replace(rest, content=content, style=style)
        return make_picture(model, request, (size[0], size[1]))

    axis = (0 if rest.masks is None else 1) if own else None
    return jax.vmap(one, (0, 0, axis))(contents, sizes, style)
