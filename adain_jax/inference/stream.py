"""Stylizes a stream of images in batches, on all devices."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import Literal, NamedTuple, TypeVar

import jax
import jax.numpy as jnp
import numpy as np
from jax.sharding import Mesh, NamedSharding, PartitionSpec
from jax.typing import ArrayLike

from adain_jax.inference.buckets import bucket, fills, in_bucket
from adain_jax.inference.plan import Bucketed, Plan, Tiled, Whole, choose
from adain_jax.inference.recolor import check_color, recolors
from adain_jax.inference.render import make_picture, maps_in_bucket, render
from adain_jax.inference.request import Request, Source, as_style, ask, check_content
from adain_jax.model import Model, Style
from adain_jax.model.arguments import as_array
from adain_jax.networks import variant_of

_Content = TypeVar("_Content")
_BEHIND = 4  # by about so many batches, pictures come after the images that were taken


class _Asked(NamedTuple):
    number: int  # the number of the image in the stream
    request: Request


class _Group(NamedTuple):
    """The common properties of images that are computed together: plan, shape and dtype."""

    plan: type[Plan]
    shape: tuple[int, ...]
    dtype: np.dtype


def pictures(
    model: Model,
    contents: object,
    style: Source | Sequence[Source],
    *,
    alpha: ArrayLike,
    weights: Sequence[float] | ArrayLike | None,
    masks: ArrayLike | None,
    color: str,
    extrapolate: bool,
    plan: Plan | Literal["auto"],
    batch_size: int,
    devices: Sequence[object] | None,
) -> Iterator[np.ndarray]:
    """The pictures of contents (H, W, 3), in their order, as by `adain_jax.stylize_many`.

    Raises:
        ValueError: if an argument is wrong; at once, unless it depends on a content.
    """
    if not isinstance(contents, Iterable):
        raise ValueError(f"contents are an array or yield images, not {type(contents).__name__}")
    if not isinstance(batch_size, int | np.integer) or batch_size < 1:
        raise ValueError(f"batch_size is at least 1, a whole number, not {batch_size!r}")
    if isinstance(plan, Tiled) and plan.out is not None:
        raise ValueError("out is for one content: of many, each picture is an array of its own")
    devices = _checked(devices)
    regions = masks is not None
    shape = as_array("alpha", alpha).shape
    if not regions and len(shape) not in (0, 2):
        raise ValueError(
            f"alpha is a number, or one map (H, W) for all images, not of shape {shape}"
        )
    if not recolors(check_color(color)):  # else it is encoded again for each content
        style = as_style(style, model, weights, regions=regions, plan=plan)
        weights = None
        if not regions and style.mean.ndim > 1:
            raise ValueError(f"style is one, not a batch of {style.mean.shape[0]}")
    request_of = partial(
        ask,
        model,
        style=style,
        alpha=alpha,
        weights=weights,
        masks=masks,
        color=color,
        extrapolate=extrapolate,
        plan=plan,
    )
    ask_for = asking(model, plan, request_of, one_style=not recolors(color))
    if not regions and not shape:
        ask_for(np.zeros((8, 8, 3), np.uint8))
    return _pictures(model, contents, ask_for, plan, _Batches(model, batch_size, devices))


def rendered(
    model: Model,
    requests: Iterable[Request],
    *,
    batch_size: int,
    devices: Sequence[object] | None = None,
) -> Iterator[np.ndarray]:
    """Yield the pictures of requests, in order; each request has one image, no masks, no maps.

    Each has its own style and strength. The bytes of a picture depend on its request, the model and
    the batch size, but not on the other images of the batch or on their number.
    """
    batches = _Batches(model, batch_size, _checked(devices), own=True)
    return _pictures(model, requests, lambda request: request, "auto", batches, whole_first=False)


def _checked(devices: Sequence[object] | None) -> list[object]:
    if devices is None:
        return jax.local_devices()
    if not isinstance(devices, Sequence) or not all(isinstance(x, jax.Device) for x in devices):
        raise ValueError("devices is a list of devices, such as jax.local_devices()")
    if not devices:
        raise ValueError("devices is empty: give at least one, or leave it out")
    return list(devices)


def asking(
    model: Model,
    plan: Plan | Literal["auto"],
    request_of: Callable[[ArrayLike], Request],
    *,
    one_style: bool,
) -> Callable[[ArrayLike], Request]:
    """A function from a content to its request, like `request_of`, for many contents.

    `request_of` checks the arguments that all contents share, so it is called for the first content
    only. It is called for each if there is not `one_style` for all, and if the contents differ in
    size, but masks or a map of strengths have only one.
    """
    first: Request | None = None
    size: tuple[int, ...] | None = None  # that of all contents, if there are masks or a map

    def ask_for(content: ArrayLike) -> Request:
        nonlocal first, size
        if first and size in (None, np.shape(content)):
            request = replace(first, content=check_content(model, content, plan))
        else:
            request = request_of(content)
            if request.masks is not None or request.alpha.ndim > 1:
                size = request.content.shape
            if one_style:
                first = replace(request, content=None)
        if request.content.ndim != 3:
            raise ValueError(f"content is one RGB image (H, W, 3), not {request.content.shape}")
        return request

    return ask_for


def _pictures(
    model: Model,
    contents: Iterable[_Content],
    ask_for: Callable[[_Content], Request],
    plan: Plan | Literal["auto"],
    batches: "_Batches",
    *,
    whole_first: bool = True,
) -> Iterator[np.ndarray]:
    """Yield all pictures before an invalid image, or before an error of `contents`; then raise it.

    `whole_first`: if the plan is "auto", images run at their own size while all have the same.
    """
    waiting: dict[_Group, list[_Asked]] = {}
    under_way: deque[Callable[[], dict[int, np.ndarray]]] = deque()
    made: dict[int, np.ndarray] = {}
    following, sizes = 0, set()
    failure = None

    def start(group: _Group) -> None:
        under_way.append(batches.start(group, waiting.pop(group)))

    def collect(most: int) -> Iterator[np.ndarray]:
        """Wait until at most `most` batches are under way; yield the next pictures in order."""
        nonlocal following
        while len(under_way) > most:
            made.update(under_way.popleft()())
        while following in made:
            yield made.pop(following)
            following += 1

    for number, content in _numbered(contents):
        if isinstance(content, _Failed):
            failure = content.error
            break
        try:
            request = ask_for(content)
            chosen = choose(plan, request.content.shape, model)
            picture = None
            if isinstance(chosen, Tiled):  # it checks each window when it reads it
                picture = render(model, request, chosen)
        except ValueError as error:
            failure = ValueError(f"content {number}: {error}")
            break
        sizes.add(request.content.shape)
        if picture is not None:
            under_way.append(lambda number=number, picture=picture: {number: picture})
        else:
            whole = whole_first and plan == "auto" and len(sizes) == 1
            group = _group(Whole() if whole else chosen, request.content)
            if isinstance(request.content, np.ndarray):
                # A copy, because the caller may put the next image into the same array.
                request = replace(request, content=request.content.copy())
            waiting.setdefault(group, []).append(_Asked(number, request))
            if len(waiting[group]) == batches.size:
                start(group)
        most = 1  # one batch is computed while the next is prepared
        if number - following >= _BEHIND * batches.size:
            # An image that waits for others of its size holds up all pictures after its own.
            first = min(waiting, key=lambda group: waiting[group][0].number, default=None)
            if first and waiting[first][0].number == following:
                start(first)
            else:
                most = 0
        yield from collect(most)
    for group in list(waiting):
        start(group)
    yield from collect(0)
    if failure:
        raise failure


def _numbered(contents: Iterable[_Content]) -> Iterator[tuple[int, "_Content | _Failed"]]:
    """Number the contents; an error that they raise is the last one."""
    number = -1
    try:
        for number, content in enumerate(contents):
            yield number, content
    except Exception as error:
        yield number + 1, _Failed(error)


@dataclass(frozen=True)
class _Failed:
    """Stands for the content in whose place an iterator raised an error."""

    error: Exception


def _group(plan: Plan, content: np.ndarray) -> _Group:
    if isinstance(plan, Bucketed) and not fills(content.shape):
        height, width = map(bucket, content.shape[:2])
        return _Group(Bucketed, (height, width), content.dtype)
    return _Group(Whole, content.shape[:2], content.dtype)


class _Batches:
    """Computes batches, padded to one size, on all devices."""

    def __init__(
        self, model: Model, size: int, devices: Sequence[object], *, own: bool = False
    ) -> None:
        """With `own`, each image has its own style and strength, and none has masks.

        A model with batch normalisation computes one image at a time, on the first device.
        """
        self._own = own
        if variant_of(model.architecture)[1] == "batch":
            # Its normalisation would use the statistics of all images that are computed together.
            size, devices = 1, devices[:1]
        mesh = Mesh(np.array(devices), ("data",))
        self.size = -(-size // len(devices)) * len(devices)
        self._by_image = NamedSharding(mesh, PartitionSpec("data"))
        self._everywhere = NamedSharding(mesh, PartitionSpec())
        self._model = jax.device_put(model, self._everywhere)

    def start(self, group: _Group, asked: list[_Asked]) -> Callable[[], dict[int, np.ndarray]]:
        """Start a batch; the returned function waits for its pictures, by number."""
        requests = [x.request for x in asked]
        requests += [requests[-1]] * (self.size - len(requests))
        contents, rest = [np.asarray(x.content) for x in requests], requests[0]
        # There is one style for all images, or one for each if it has the colours of each content.
        own = self._own or any(x.style is not rest.style for x in requests)
        style = rest.style
        if own:
            axis = 0 if rest.masks is None else 1  # after the axis of the regions
            xp = np if isinstance(style.mean, np.ndarray) else jnp
            style = jax.tree.map(lambda *x: xp.stack(x, axis), *(x.style for x in requests))
        style = jax.device_put(style, self._everywhere)
        if self._own:
            rest = replace(rest, alpha=np.stack([x.alpha for x in requests]))
        run = _whole
        if group.plan is Bucketed:
            contents, sizes = zip(*map(in_bucket, contents), strict=True)
            rest = maps_in_bucket(rest)
            sizes = jax.device_put(np.stack(sizes), self._by_image)
            run = partial(_bucketed, sizes, own=own, strengths=self._own)
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


@partial(jax.jit, donate_argnums=1, static_argnames=("own", "strengths"))
def _bucketed(
    sizes: jax.Array,
    contents: jax.Array,
    model: Model,
    style: Style,
    rest: Request,
    *,
    own: bool,
    strengths: bool,
) -> jax.Array:
    def one(content: jax.Array, size: jax.Array, style: Style, alpha: jax.Array) -> jax.Array:
        request = replace(rest, content=content, style=style, alpha=alpha)
        return make_picture(model, request, (size[0], size[1]))

    axis = (0 if rest.masks is None else 1) if own else None
    axes = (0, 0, axis, 0 if strengths else None)
    return jax.vmap(one, axes)(contents, sizes, style, rest.alpha)
