"""What an export has made."""
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class ExportReport:
    """The result of an export: its main file, how many samples (or cycles) it has, and what it is in words. `notice` is for the player."""
    out: Path
    samples: int
    looped: bool
    megabytes: float
    made: str
    took_s: float
    notice: str = ""

    def __str__(self) -> str:
        return f"{self.out}: {self.made}, made in {self.took_s:.1f} s" + (f"\n{self.notice}" if self.notice else "")
