"""The map as a face of the window's middle: reads the dots on a thread of its own, has the player's patches placed by a helper process, and
connects the map with the session, the audition and the patches."""
import threading
from collections.abc import Callable, Sequence

from PySide6.QtCore import QObject, QTimer
from PySide6.QtWidgets import QStackedWidget, QWidget

from hummingface.instrument.audio.protocol import Telemetry
from hummingface.instrument.gui.controllers.helper_process import HelperTask
from hummingface.instrument.gui.controllers.hover_audition import HoverAudition
from hummingface.instrument.gui.controllers.patch_choosing import PatchChoosing
from hummingface.instrument.gui.panels.map_panel import MapPanel
from hummingface.instrument.gui.widgets.banner import Banner
from hummingface.instrument.session.map_dots import Dots, MapDot, read_dots
from hummingface.instrument.session.map_way import BLENDED, Way
from hummingface.instrument.session.session import LATENTS, Session

WAY_MS = 30                             # between two moves of a way: what the hand does in between is passed over
LOOK_MS = 40                            # how often the thread is looked after
READING_S = 10.0                        # that closing waits for the thread


class MapFace(QObject):
    """`middle` shows the panel or one of its neighbours; `hides` are the panels whose place a large map takes. `telemetry` gives the
    engine's figures."""

    def __init__(self, middle: QStackedWidget, hides: Sequence[QWidget], session: Session, choosing: PatchChoosing, banner: Banner,
                 telemetry: Callable[[], Telemetry]):
        super().__init__(middle)
        self.panel = MapPanel()
        self.map = self.panel.map
        self.way = Way(session)
        self.task = HelperTask(self, ["patches", "--map"])
        self.task.ended.connect(lambda _why: self.refresh())
        self._middle, self._hides, self._session, self._choosing, self._banner = middle, hides, session, choosing, banner
        self.on_large: list[Callable[[bool], None]] = []        # the map takes the place of what it hides, or gives it back
        self._tried: set[str] = set()           # fingerprints, each once
        self._thread: threading.Thread | None = None
        self._found: Dots | None = None         # by the thread
        self._again = False                     # something has changed while it read
        self._reading = QTimer(self, interval=LOOK_MS)
        self._saved = session.saved
        self._wanted: tuple[float, float] | None = None
        self._blended: dict[str, float] | None = None       # values where the way ended
        self.audition = HoverAudition(self, lambda: telemetry().voices == 0, lambda: session["master.volume_db"])
        choosing.hear_by(self.audition)
        self._timer = QTimer(self, interval=WAY_MS)
        self._timer.timeout.connect(self._go)
        middle.addWidget(self.panel)
        self._connect()

    def _connect(self) -> None:
        self._reading.timeout.connect(self._look)
        self._middle.currentChanged.connect(self._turned)
        self.panel.large.toggled.connect(self._turned)
        self.panel.hear.toggled.connect(lambda on: None if on else self.audition.close())
        self.audition.problem.connect(lambda text: self._banner.say(text, problem=True))
        self.map.hovered.connect(self._rest_on)
        self.map.heard.connect(self._hear)
        self.map.chosen.connect(self._choose)
        self.map.way_began.connect(self._begin)
        self.map.travelled.connect(self._travelled)
        self.map.way_ended.connect(self._end)
        self._session.on_change.append(self._follow)

    @property
    def shown(self) -> bool:
        """Whether the map is the face that is shown."""
        return self._middle.currentWidget() is self.panel

    def show(self, shown: bool = True) -> None:
        """Show the map, or the first face."""
        self._middle.setCurrentIndex(self._middle.indexOf(self.panel) if shown else 0)

    def turn(self) -> None:
        """Turn between the map and the first face."""
        self.show(not self.shown)

    def make_room(self) -> None:
        """What a large map hides is wanted."""
        if self.shown:
            self.panel.large.setChecked(False)

    def close(self) -> None:
        """The window closes."""
        self.audition.close()
        self.task.close()
        if self._thread is not None:
            self._thread.join(READING_S)

    # the dots

    def _turned(self) -> None:
        large = self.shown and self.panel.large.isChecked()
        for hidden in self._hides:
            hidden.setVisible(not large)
        for listener in self.on_large:
            listener(large)
        if self.shown:
            self._follow()
            self.refresh()
        else:
            self.audition.close()

    def refresh(self) -> None:
        """Read what sounds there are now; what is asked for while they are read is read after it."""
        self._again = self._thread is not None
        if self._thread is None:
            self._thread = threading.Thread(target=self._read_all, name="map of sounds", daemon=True)
            self._thread.start()
            self._reading.start()

    def _read_all(self) -> None:
        self._found = read_dots()

    def _look(self) -> None:
        """See whether the thread is done."""
        if self._thread is not None and not self._thread.is_alive():
            self._thread = None
            self._reading.stop()
            found, self._found = self._found, None
            if found is not None:
                self._take(found)
            if self._again:
                self.refresh()

    def _take(self, dots: Dots) -> None:
        self.panel.show_dots(dots.dots)
        self.way.stops = [dot.stop for dot in dots.dots]
        if not self.task.running and dots.unplaced - self._tried:
            self._tried |= dots.unplaced
            self.task.start()

    def _follow(self) -> None:
        """The session has changed."""
        if not self.shown:
            return
        self.map.show_playing(self._session.name, self._session.state.patch.model)
        if self._blended is not None and not self._timer.isActive() and self._values() != self._blended:
            self._blended = None
            self.map.show_way(None)
        if self._session.saved is not self._saved:
            self._saved = self._session.saved
            self.refresh()

    # hearing and loading

    def _rest_on(self, dot: MapDot | None) -> None:
        if self.panel.hear.isChecked():
            self.audition.rest_on(dot.entry if dot else None, dot.family if dot else "")

    def _hear(self, dot: MapDot) -> None:
        self.audition.rest_on(dot.entry, dot.family)
        self.audition.play()

    def _choose(self, dot: MapDot) -> None:
        self.audition.rest_on(None)
        self._blended = None
        self.map.show_way(None)
        self._choosing.load(dot.entry)

    # travelling

    def _begin(self) -> None:
        self.audition.rest_on(None)
        self.way.begin()
        if not self.way.possible:
            self._banner.say(f"No sound of the model {self._session.state.patch.model} is on the map: there is nothing to travel between.")
        self._timer.start()

    def _travelled(self, x: float, y: float) -> None:
        first, self._wanted = self.map.puck is None, (x, y)
        if first:
            self._go()

    def _go(self) -> None:
        wanted, self._wanted = self._wanted, None
        if wanted is not None and self.way.possible:
            near = self.way.go(wanted)
            self.map.show_way(wanted, [(stop.at, share) for stop, share in near])

    def _end(self) -> None:
        self._go()
        self._timer.stop()
        self.way.end()
        self._blended = self._values() if self.way.possible else None

    def _values(self) -> dict[str, float]:
        return {identity: self._session[identity] for identity in (*LATENTS, *BLENDED)}
