"""A bank: many styles, each with its name, in one file."""

import hashlib
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import jax
import numpy as np

from adain_jax.jobs import style_files
from adain_jax.model import Style
from adain_jax.runtime.paths import as_path


@dataclass(frozen=True)
class Bank:
    """Styles to choose from, in this process's memory.

    Attributes:
        styles: a batch of styles, (S, C), as NumPy arrays.
        names: the name of each style.
    """

    styles: Style
    names: tuple[str, ...]

    @classmethod
    def load(cls, path: str | os.PathLike) -> "Bank":
        """Load the file that `adain-jax style --bank` makes.

        Raises:
            FileNotFoundError: if there is no such file.
            ValueError: if it is not a file of styles, or is damaged.
        """
        path = as_path(path)
        return cls.of(Style.load(path), style_files.bank_names(Path(path)))

    @classmethod
    def of(cls, styles: Style, names: Sequence[str] = ()) -> "Bank":
        """Make a bank of one style (C,) or a batch (S, C); by default names are numbers.

        >>> import jax.numpy as jnp
        >>> Bank.of(Style(jnp.zeros((3, 2)), jnp.ones((3, 2)))).names
        ('0', '1', '2')

        Raises:
            ValueError: if there is not one name for each style, or no style.
        """
        if not isinstance(styles, Style):
            raise ValueError(f"a bank is made of a Style, (C,) or (S, C), not {styles!r:.40}")
        arrays = jax.tree.map(lambda x: np.atleast_2d(np.asarray(x)), styles)
        count = len(arrays.mean)
        names = tuple(names) or tuple(map(str, range(count)))
        if not count or len(names) != count:
            raise ValueError(f"a bank has one name for each style: {len(names)} for {count}")
        return cls(arrays, names)

    def __len__(self) -> int:
        return len(self.names)

    def __getitem__(self, number: int) -> Style:
        return jax.tree.map(lambda x: x[number], self.styles)

    @property
    def digest(self) -> str:
        """16 digits of a SHA-256 over the statistics."""
        digest = hashlib.sha256()
        for part in (self.styles.mean, self.styles.std):
            digest.update(np.ascontiguousarray(part).data)
        return digest.hexdigest()[:16]


def as_bank(bank: "Bank | Style | str | os.PathLike") -> Bank:
    """A bank from a file, from styles, or the given bank."""
    if isinstance(bank, Bank):
        return bank
    return Bank.of(bank) if isinstance(bank, Style) else Bank.load(bank)
