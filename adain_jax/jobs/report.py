"""The report of a command, as JSON for other programs."""

import json
from pathlib import Path

from adain_jax.jobs.plan import Job, Plan
from adain_jax.jobs.run import Result
from adain_jax.runtime.atomic import atomic_path, make_folder
from adain_jax.runtime.errors import in_words


class Report:
    """A row for each finished, failed or skipped picture of a plan."""

    def __init__(self, plan: Plan) -> None:
        self._jobs = plan.jobs
        self._rows: dict[Job, dict[str, object]] = {}
        self._alone: list[dict[str, object]] = []
        self.complete = False

    def skip(self, job: Job) -> None:
        """Add a picture that already exists."""
        self._rows[job] = _row(job.content, job, status="skipped")

    def leave_out(self, content: Path, why: str) -> None:
        """Add a content without a picture in the plan."""
        self._alone.append(_row(content, error=why))

    def add(self, result: Result) -> None:
        """Add a picture that was made, or failed."""
        self._rows[result.job] = _row(
            result.job.content,
            result.job,
            size=result.size,
            seconds=round(result.seconds, 3),
            status="failed" if result.error else "ok",
            error=in_words(result.error) if result.error else None,
        )

    @property
    def made(self) -> int:
        """The number of pictures that were made."""
        return sum(row["status"] == "ok" for row in self._rows.values())

    def save(self, path: Path) -> None:
        """Write the report as JSON, with the pictures in the order of the plan."""
        rows = [self._rows[job] for job in self._jobs if job in self._rows]
        content = {"complete": self.complete, "pictures": rows + self._alone}
        make_folder(path.parent)
        with atomic_path(path) as temporary:
            # JSON escapes all but ASCII, since names of files may not be encodable.
            temporary.write_text(json.dumps(content, indent=2) + "\n", "utf-8")


def _row(
    content: Path,
    job: Job | None = None,
    *,
    size: tuple[int, int] | None = None,
    seconds: float | None = None,
    status: str = "failed",
    error: str | None = None,
) -> dict[str, object]:
    parts = job.style.parts if job else ()
    return {
        "content": str(content),
        "styles": [{"file": str(path), "weight": weight} for path, weight in parts],
        "output": str(job.output) if job else None,
        "size": size,
        "seconds": seconds,
        "status": status,
        "error": error,
    }
