"""The window of `adain-jax camera`, by Tk: shows the pictures of `Live`, and changes settings."""

import time
from collections.abc import Callable, Sequence
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

import numpy as np
from PIL import Image, ImageOps

from adain_jax.files.camera import fit
from adain_jax.jobs.live import Live

if TYPE_CHECKING:  # imported where it is used, since some Pythons lack it
    import tkinter


_EVERY, _TOLD_EVERY = 15, 100  # milliseconds between checks for a picture, and for changed settings
_READ = 5.0  # seconds for which a note is shown
_STEP = 0.05  # the change of the strength by a key
_THUMBNAIL = 40  # the side of a style's image, in pixels
_CELLS = 5  # sliders in a row
_LEAST = 60, 120  # the least width of a slider and height of the picture, in pixels
# The picture's initial width in pixels, and the largest share of the screen for the window.
_WIDTH, _OF_SCREEN = 1000, 0.85
_BACK, _BAR, _TROUGH, _KNOB = "#0e0f11", "#17191c", "#2b2f35", "#8d949e"
_TEXT, _QUIET, _ACCENT, _RECORD = "#d5d9de", "#7d848e", "#e3a948", "#e5484d"
_FONT, _SMALL = ("TkDefaultFont", 10), ("TkDefaultFont", 9)
# Tcl's interpreters, which are kept: it ends the process if another thread than the window's frees
# one, and Python collects garbage in any thread.
_interpreters: list[object] = []


class Window:
    """A window, which is hidden until `show` is called.

    Raises:
        ValueError: if Python has no Tk, or there is no display.
    """

    def __init__(self) -> None:
        try:
            import tkinter

            from PIL import ImageTk
        except ImportError as error:
            raise ValueError(
                f"the window needs Tk, which this Python lacks ({error}): install python3-tk, "
                "python3-pil.imagetk (Debian, Ubuntu), python-tk (Homebrew), or another Python"
            ) from None
        self._tk, self._image_tk = tkinter, ImageTk
        try:
            self._root = tkinter.Tk(className="adain-jax")
        except tkinter.TclError as error:
            raise ValueError(f"there is no display to open a window on: {error}") from None
        _interpreters.append(self._root.tk)
        self._root.withdraw()
        self._root.title("adain-jax camera")
        self._root.configure(background=_BACK)
        self._root.report_callback_exception = self._fail
        self._root.protocol("WM_DELETE_WINDOW", self._root.quit)
        self._error: BaseException | None = None
        self._photo: ImageTk.PhotoImage | None = None
        self._kept: list[tkinter.PhotoImage] = []  # references to images, since Tk keeps none
        self._number, self._note, self._noted = 0, "", 0.0
        self._whole = False  # whether the window fills the screen

    def show(
        self,
        live: Live,
        styles: Sequence[tuple[Path, np.ndarray | None]],
        stop: Callable[[], object] = lambda: False,
    ) -> None:
        """Show the pictures until they end, the window is closed, or `stop` returns a true value.

        Args:
            live: makes the pictures.
            styles: the file of each style, and its image, (H, W, 3) uint8, if there is one.
            stop: is called now and then.

        Raises:
            BaseException: an error in the window's callbacks.
        """
        self._live, self._stop = live, stop
        self._build(styles)
        self._root.after(0, self._tick)
        self._root.after(0, self._tell)
        self._root.mainloop()
        # Not earlier: the request to quit may come while a callback still uses the window.
        self._root.destroy()
        if self._error:
            raise self._error

    def _fail(
        self, kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        self._error = error
        self._root.quit()

    def _build(self, styles: Sequence[tuple[Path, np.ndarray | None]]) -> None:
        tk, root, asked = self._tk, self._root, self._live.asked
        self._bar = tk.Frame(root, background=_BAR, padx=14, pady=10)
        self._bar.pack(side="bottom", fill="x")
        self._picture = tk.Label(root, background=_BACK, borderwidth=0)
        self._picture.pack(fill="both", expand=True)
        self._told = tk.Label(root, background=_BAR, foreground=_TEXT, font=_FONT, padx=12, pady=6)
        cells = tk.Frame(self._bar, background=_BAR)
        cells.pack(fill="x")
        self._strength = self._slider(cells, 0, "strength", self._set_strength)
        self._shares, self._borders = [], []
        for i, (path, look) in enumerate(styles):
            self._style(cells, i, path, look)
            if len(styles) > 1:
                slider = self._slider(
                    cells, i + 1, path.stem, lambda text, i=i: asked.share(i, float(text))
                )
                self._shares.append(slider)
            else:
                self._label(cells, path.stem).grid(row=0, column=3, sticky="w")
        keys: list[tuple[str, str, Callable[[], object]]] = [
            ("b", "side by side", self._beside),
            ("s", "snapshot", self._snapshot),
            ("r", "record", self._record),
            ("f", "full screen", self._full),
            ("q", "quit", root.quit),
        ]
        if len(styles) > 1:
            keys.insert(0, ("n", "next style", asked.turn))
        line = tk.Frame(self._bar, background=_BAR)
        line.pack(fill="x", pady=(8, 0))
        self._rate = self._label(line, "")
        self._rate.pack(side="right")
        self._recorded = tk.Label(line, background=_BAR, foreground=_RECORD, font=_SMALL)
        self._recorded.pack(side="right", padx=12)
        for key, name, action in keys:
            label = self._label(line, f"{key.upper()}  {name}", cursor="hand2")
            label.pack(side="left", padx=(0, 18))
            label.bind("<Button-1>", lambda _, action=action: action())
            label.bind("<Enter>", lambda _, label=label: label.configure(foreground=_TEXT))
            label.bind("<Leave>", lambda _, label=label: label.configure(foreground=_QUIET))
        self._actions = {key: action for key, _, action in keys}
        self._actions |= {str(i + 1): lambda i=i: asked.only(i) for i in range(len(styles))}
        self._actions |= {
            "up": lambda: asked.stronger(_STEP),
            "down": lambda: asked.stronger(-_STEP),
            "right": asked.turn,
            "left": lambda: asked.turn(-1),
            "escape": lambda: self._full() if self._whole else None,
        }
        root.bind("<Key>", lambda event: self._actions.get(event.keysym.lower(), lambda: None)())

    def _label(
        self, parent: "tkinter.Misc", text: str, *, cursor: str = "", width: int = 0
    ) -> "tkinter.Label":
        """Make a label; if it has a width, its text begins at its left edge."""
        label = self._tk.Label(parent, text=text, background=_BAR, foreground=_QUIET, font=_SMALL)
        label.configure(cursor=cursor, width=width, anchor="w" if width else "center")
        return label

    def _slider(
        self, parent: "tkinter.Misc", place: int, name: str, changed: Callable[[str], None]
    ) -> "tkinter.Scale":
        """Add a slider from 0 to 1 with its name above."""
        cell = self._tk.Frame(parent, background=_BAR)
        row, column = place // _CELLS, 2 * (place % _CELLS) + 1
        if place:
            cell.grid(row=row, column=column, sticky="ew", padx=(0, 20), pady=3)
        else:  # the slider of the strength has no image beside it
            cell.grid(row=row, column=column - 1, columnspan=2, sticky="ew", padx=(0, 20))
        parent.columnconfigure(column, weight=1, uniform="sliders", minsize=_LEAST[0])
        self._label(cell, name, width=1).pack(fill="x")
        slider = self._tk.Scale(
            cell,
            **{"from_": 0, "to": 1, "resolution": 0.01, "orient": "horizontal", "showvalue": False},
            **{"background": _KNOB, "activebackground": _ACCENT, "troughcolor": _TROUGH},
            **{"sliderrelief": "flat", "sliderlength": 12, "width": 8, "takefocus": False},
            **{"borderwidth": 0, "highlightthickness": 0, "command": changed},
        )
        slider.pack(fill="x", pady=(4, 0))
        return slider

    def _style(
        self, parent: "tkinter.Misc", number: int, path: Path, look: np.ndarray | None
    ) -> None:
        """Add a small image of a style; a click selects this style alone."""
        size = (_THUMBNAIL, _THUMBNAIL)
        small = Image.new("RGB", size, _TROUGH)
        if look is not None:
            small = ImageOps.fit(Image.fromarray(look), size)
        self._kept.append(self._image_tk.PhotoImage(small))
        border = self._tk.Frame(parent, background=_BAR, padx=2, pady=2)
        row, column = (number + 1) // _CELLS, 2 * ((number + 1) % _CELLS)
        border.grid(row=row, column=column, padx=(0, 10))
        label = self._tk.Label(border, image=self._kept[-1], borderwidth=0, cursor="hand2")
        label.pack()
        label.bind("<Button-1>", lambda _: self._live.asked.only(number))
        self._borders.append(border)

    def _set_strength(self, text: str) -> None:
        self._live.asked.strength = float(text)

    def _beside(self) -> None:
        self._live.asked.beside = not self._live.asked.beside

    def _snapshot(self) -> None:
        self._live.asked.snapshot = True

    def _record(self) -> None:
        self._live.asked.recording = not self._live.asked.recording

    def _full(self) -> None:
        """Switch to the full screen, with the picture alone, or back."""
        self._whole = not self._whole
        self._root.attributes("-fullscreen", self._whole)
        if self._whole:
            self._bar.pack_forget()
        else:
            self._bar.pack(side="bottom", fill="x", before=self._picture)

    def _tick(self) -> None:
        live = self._live
        if self._stop() or live.ended:
            self._root.quit()
            return
        shown = live.after(self._number)
        if shown:
            if not self._number:
                self._open(shown.rgb.shape[:2])
            self._number = shown.number
            with live.timed("show"):
                self._put(shown.rgb)
        self._root.after(_EVERY, self._tick)

    def _open(self, size: tuple[int, int]) -> None:
        """Show the window, in a size that suits the screen and the pictures' aspect ratio."""
        root = self._root
        root.update_idletasks()
        bar = self._bar.winfo_reqheight()
        root.minsize(self._bar.winfo_reqwidth(), bar + _LEAST[1])
        most = _OF_SCREEN * root.winfo_screenwidth(), _OF_SCREEN * root.winfo_screenheight() - bar
        scale = min(_WIDTH / size[1], most[0] / size[1], most[1] / size[0])
        width = max(self._bar.winfo_reqwidth(), round(scale * size[1]))
        root.geometry(f"{width}x{round(scale * size[0]) + bar}")
        root.deiconify()
        root.update()

    def _put(self, rgb: np.ndarray) -> None:
        """Show a picture, as large as the window allows."""
        room = self._picture.winfo_width(), self._picture.winfo_height()
        scale = min(room[0] / rgb.shape[1], room[1] / rgb.shape[0])
        height, width = (max(1, round(scale * side)) for side in rgb.shape[:2])
        image = Image.fromarray(fit(rgb, (height, width)))
        if self._photo and (self._photo.width(), self._photo.height()) == image.size:
            self._photo.paste(image)
        else:
            self._photo = self._image_tk.PhotoImage(image)
            self._picture.configure(image=self._photo)

    def _tell(self) -> None:
        """Update everything but the pictures, and only where it has changed, to save work."""
        live, asked = self._live, self._live.asked
        for slider, value in zip(
            (self._strength, *self._shares), (asked.strength, *asked.shares), strict=False
        ):
            if abs(slider.get() - value) > 0.005:
                slider.set(value)
        for border, share in zip(self._borders, asked.shares, strict=True):
            taken = len(self._borders) > 1 and share == max(asked.shares)
            _change(border, background=_ACCENT if taken else _BAR)
        rate = live.rate
        _change(self._rate, text=f"{rate:.0f} frames a second" if rate else "")
        seconds = live.recorded
        running = "" if seconds is None else f"● {int(seconds) // 60}:{int(seconds) % 60:02}"
        _change(self._recorded, text=running)
        if live.note != self._note:
            self._note, self._noted = live.note, time.monotonic()
        if self._note and (self._number <= 0 or time.monotonic() < self._noted + _READ):
            _change(self._told, text=self._note)
            self._told.place(in_=self._picture, relx=0.5, rely=1, y=-14, anchor="s")
        else:
            self._told.place_forget()
        self._root.after(_TOLD_EVERY, self._tell)


def _change(widget: "tkinter.Misc", **options: str) -> None:
    for name, value in options.items():
        if str(widget[name]) != value:
            widget[name] = value
