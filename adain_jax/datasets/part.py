"""Makes one part of a data set, whole or not at all."""

from dataclasses import dataclass
from pathlib import Path

from adain_jax.datasets.bank import Bank
from adain_jax.datasets.journal import Journal, Outcome
from adain_jax.datasets.pictures import Made, make
from adain_jax.datasets.records import NameRefusedError, Part, Sink, Source
from adain_jax.datasets.task import Look, Tools
from adain_jax.runtime.text import printable
from adain_jax.version import __version__


@dataclass(frozen=True)
class Order:
    """The instructions for a worker; small, and can be sent to other processes.

    Attributes:
        source: the data set that is read.
        sink: writes the new data set.
        output: the folder of the new data set.
        look: the settings of the pictures.
        model: the name or the file of the model.
        bank: the file of the styles.
        strict: whether an image that cannot be read stops the run.
    """

    source: Source
    sink: Sink
    output: Path
    look: Look
    model: str
    bank: Path
    strict: bool = False

    def tools(self) -> Tools:
        """Load the model and the bank; each worker does so once."""
        return Tools.load(self.model, Bank.load(self.bank), self.look.batch)


def make_part(order: Order, part: Part, tools: Tools) -> Outcome:
    """Make all pictures of a part, and note it as finished; on an error, leave nothing.

    Raises:
        OSError: if a file cannot be written.
        ValueError: if the order is strict, and an image cannot be read or its picture not written.
    """
    journal, rows = Journal(order.output), []
    with journal.writing(part) as folder, order.sink.writer(part, folder) as writer:
        for made in make(order.source.records(part), order.look, tools):
            output, error = None, made.error
            if made.picture:
                try:
                    output = writer.add(made.picture)
                except NameRefusedError as taken:
                    error = str(taken)
            if error and order.strict:
                raise ValueError(f"{made.record.key}: {error}")
            rows.append(_row(made, tools, output, error))
    journal.note(part, rows)
    return journal.outcome(part.name)


def _row(made: Made, tools: Tools, output: str | None, error: str) -> dict[str, object]:
    row: dict[str, object] = {
        "source": made.record.key,
        "output": output,
        "model": tools.label[0],
        "weights": tools.label[1],
        "version": __version__,
        "error": error or None,
    }
    if made.copy:
        choice, corner = made.copy.choice, made.copy.corner or (None, None)
        row |= {
            "copy": made.copy.number,
            "style": tools.bank.names[choice.style],
            "style_number": choice.style,
            "alpha": choice.alpha,
            "top": corner[0],
            "left": corner[1],
        }
    return {name: printable(x) if isinstance(x, str) else x for name, x in row.items()}
