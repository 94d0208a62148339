"""Prepares notes of any source as training data: rendered or read, analysed, smoothed, and sampled at the rows of the note image.

Workers get a few orders at a time and each writes its own part, so memory stays the same however many notes there are, and
an interruption loses only the notes in progress. Notes that exist already, by their key, are not made again.
"""
import multiprocessing
import os
import signal
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from pathlib import Path

from hummingface.train.data.interrupts import interrupts
from hummingface.train.data.prepared_note import prepared
from hummingface.train.data.progress import progress_bar
from hummingface.train.data.store import (
    DataError,
    keys_in,
    part_files,
    read_data,
    read_skipped,
    write_data,
    write_part,
    write_skipped,
)
from hummingface.train.notes.note import Note, NoteSource, Order, Reader, Skipped, SourceError, why_unusable

AHEAD = 2                             # batches in flight for each worker
LOOK_S = 0.2                          # between two looks at whether ctrl-C was pressed
UNKNOWN_SIZE = 10_000                 # notes that a source is taken to have that cannot say


@dataclass
class PrepareReport:
    """The result of `prepare`. `failed`: sources that failed, and why."""
    notes: int = 0                    # in the folder, of those requested
    made: int = 0                     # now
    seconds: float = 0.0
    skipped: list[Skipped] = field(default_factory=list)
    notices: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    unused: int = 0                   # of earlier commands, still in the folder

    def text(self) -> str:
        reasons = Counter(s.reason for s in self.skipped)
        lines = [f"{self.notes} notes, {self.made} made now in {self.seconds:.0f} s"
                 + (f" ({self.seconds / self.made:.2f} s a note)" if self.made else "")]
        if self.unused:
            lines.append(f"{self.unused} notes of earlier commands remain in the folder, unused")
        lines += self.notices
        for reason, count in reasons.most_common():
            names = [s.name for s in self.skipped if s.reason == reason]
            lines.append(f"skipped {count}: {reason} ({', '.join(names[:4])}{', ...' if count > 4 else ''})")
        return "\n".join(lines + self.failed)


def prepare_batch(read: Reader, orders: Sequence[Order], folder: Path, as_sound: bool = False) -> dict[str, str]:
    """Make one part, in a worker. Returns {key: reason} of the orders for which no note could be made."""
    make: Callable[[str, Note], object] = prepared
    write: Callable[[Path, list], None] = write_part
    if as_sound:
        from hummingface.train.data.note_sounds import prepared_sound, write_sounds
        make, write = prepared_sound, write_sounds
    made, useless = [], {}
    for order, note in zip(orders, read(orders), strict=True):
        if isinstance(note, Skipped):
            useless[order.key] = note.reason
        elif problem := why_unusable(note.audio, note.rate_hz):
            useless[order.key] = problem
        else:
            made.append(make(order.key, note))
    if made:
        write(folder, made)
    return useless


def prepare(folder: Path, sources: Sequence[NoteSource], workers: int | None = None, progress: bool = True,
            watch: Callable[[int, int], None] = lambda done, of: None, as_sound: bool = False) -> PrepareReport:
    """Make all notes of `sources`, in turn, that are not in `folder` yet. The folder then holds these, and no others count.

    `as_sound`: as 16 kHz sounds (`train/data/note_sounds.py`) in place of frames. `watch(done, of)` is called as it goes on; `of` is 0
    where nobody
    knows.

    Raises DataError for a folder of an earlier format, OSError where the disk is full (what is complete stays).
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    if part_files(folder) and (read_data(folder).get("representation") is not None) != as_sound:
        other = "frames" if as_sound else "sounds"
        raise DataError(f"{folder} holds notes of another representation ({other}). Prepare into another folder.")
    write_data(folder, read_data(folder) | _represented(as_sound))  # before the first part, so that an interrupted folder has it, too
    report, begin = PrepareReport(), time.monotonic()
    done, useless, requested = keys_in(folder), read_skipped(folder), set()
    workers = max(1, workers or os.cpu_count() or 1)
    sizes = [len(source) for source in sources]
    bar = progress_bar(total=sum(sizes) if all(sizes) else None, unit="note", desc="preparing", progress=progress, smoothing=0.02)
    past = 0

    def advance(count: int) -> None:
        nonlocal past
        past += count
        bar.update(count)
        watch(past, sum(sizes) if all(sizes) else 0)

    def missing(source: NoteSource) -> Iterator[Order | None]:
        """None where an order is done already."""
        for order in source.orders(report.skipped):
            again = order.key in requested
            requested.add(order.key)
            if not again and order.key not in done and order.key not in useless:
                yield order
                continue
            advance(1)
            yield None
            if again:
                report.skipped.append(Skipped(order.labels.name, "the same sound and labels as another note"))
            elif order.key in useless:
                report.skipped.append(Skipped(order.labels.name, useless[order.key]))
    turns = [_Turn(source, size, workers, missing(source)) for source, size in zip(sources, sizes, strict=True)]
    with bar:
        for turn, orders, result in _work(_in_turn(turns), folder, workers, as_sound):
            if isinstance(result, SourceError):
                turn.failure = turn.failure or str(result)
                continue
            report.made += len(orders) - len(result)
            report.skipped += [Skipped(o.labels.name, result[o.key]) for o in orders if o.key in result]
            useless |= result
            bar.set_postfix_str(orders[-1].labels.name[:28])
            advance(len(orders))
    report.failed += [turn.failure for turn in turns if turn.failure]
    report.notices += [notice for source in sources for notice in source.notices]
    report.notes = len(requested - set(useless))
    unwanted = sorted(done - requested) if not report.failed else read_data(folder).get("unwanted", [])
    report.unused, report.seconds = len(unwanted), time.monotonic() - begin
    write_data(folder, {"sources": [source.about for source in sources], "paths": [str(source.path.absolute()) for source in sources],
                        "notes": report.notes, "unwanted": unwanted} | _represented(as_sound))
    write_skipped(folder, [(s.name, s.reason) for s in report.skipped], useless)
    return report


def _represented(as_sound: bool) -> dict[str, str]:
    return {"representation": "stft"} if as_sound else {}


class _Turn:
    """The orders of a source that are still to be made, in groups. `share`: how much of it was taken, 0..1."""

    def __init__(self, source: NoteSource, size: int, workers: int, orders: Iterator[Order | None]):
        self.read, self.failure = source.read, ""
        self._size = size or UNKNOWN_SIZE
        self._group = max(1, min(source.batch, -(-size // (2 * workers)) if size else source.batch))
        self._orders, self._taken = orders, 0

    @property
    def share(self) -> float:
        return self._taken / self._size

    def group(self) -> list[Order]:
        """The next ones; empty at the end, and where the source has failed."""
        group: list[Order] = []
        try:
            while len(group) < self._group and not self.failure:
                order = next(self._orders)
                self._taken += 1
                if order is not None:
                    group.append(order)
        except StopIteration:
            pass
        except SourceError as error:                          # what was listed before is made
            self.failure = str(error)
        return group


def _in_turn(turns: Sequence[_Turn]) -> Iterator[tuple[_Turn, list[Order]]]:
    """Groups of orders, always of the source of which the smallest share was taken: any beginning has something of all."""
    left = list(turns)
    while left:
        turn = min(left, key=lambda one: one.share)
        if group := turn.group():
            yield turn, group
        else:
            left.remove(turn)


def _work(jobs: Iterator[tuple[_Turn, list[Order]]], folder: Path, workers: int,
          as_sound: bool = False) -> Iterator[tuple[_Turn, list[Order], dict[str, str] | SourceError]]:
    """(turn, orders, {key: why not} or why their source failed) as the groups are done, in any order."""
    if workers == 1:
        for turn, orders in jobs:
            try:
                yield turn, orders, prepare_batch(turn.read, orders, folder, as_sound)
            except SourceError as error:
                yield turn, orders, error
        return
    with interrupts() as signals:           # wherever ctrl-C came in the start of a worker, both sides would be left half made
        yield from _work_together(jobs, folder, workers, as_sound, signals)


def _work_together(jobs: Iterator[tuple[_Turn, list[Order]]], folder: Path, workers: int, as_sound: bool,
                   signals: list[int]) -> Iterator[tuple[_Turn, list[Order], dict[str, str] | SourceError]]:
    """As `_work`, by several processes. Raises KeyboardInterrupt between two steps, once there are `signals`."""
    pool = ProcessPoolExecutor(workers, multiprocessing.get_context("spawn"), _begin_worker, (os.getpid(),))
    running: dict[Future, tuple[_Turn, list[Order]]] = {}
    waiting = True
    try:
        while waiting or running:
            while waiting and len(running) < AHEAD * workers and not signals:
                if (job := next(jobs, None)) is None:
                    waiting = False
                else:
                    running[pool.submit(prepare_batch, job[0].read, job[1], folder, as_sound)] = job
            if signals:
                raise KeyboardInterrupt
            for future in wait(running, LOOK_S, FIRST_COMPLETED).done:
                turn, orders = running.pop(future)
                try:
                    yield turn, orders, future.result()
                except SourceError as error:
                    yield turn, orders, error
    except BrokenProcessPool as error:
        raise DataError("a worker was killed (out of memory?). What was prepared stays; the same command resumes, "
                        "perhaps with fewer --workers.") from error
    except BaseException:
        for process in list(pool._processes.values()):               # interrupted: the started work is not waited for
            process.terminate()
        raise
    finally:
        pool.shutdown(cancel_futures=True)


def _begin_worker(parent: int) -> None:
    """Let a worker leave ctrl-C to its parent, and end with it."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, signal.SIG_DFL)

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(2)
        os._exit(1)
    threading.Thread(target=watch, daemon=True).start()
