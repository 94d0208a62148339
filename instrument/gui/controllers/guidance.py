"""What helps a player to find, reach, see and hear what there is: manual, tour, zoom and contrast, locks of sections, screen readers."""
from functools import partial
from typing import TYPE_CHECKING

from PySide6.QtCore import QObject
from PySide6.QtGui import QAction, QGuiApplication

from hummingface.instrument.gui.controllers.help_keys import HelpKeys
from hummingface.instrument.gui.controllers.look import Look
from hummingface.instrument.gui.controllers.manual_pages import KEYS
from hummingface.instrument.gui.controllers.section_locking import SectionLocking, sections_of
from hummingface.instrument.gui.controllers.spoken_news import SpokenNews, announce
from hummingface.instrument.gui.controllers.tour import BEGUN, HEARD, LATENT, NOTE, SOUND, TAKE, Tour
from hummingface.instrument.gui.panels.look_row import ZOOMS
from hummingface.instrument.gui.panels.panel import Panel
from hummingface.instrument.gui.widgets.shortcut_table import text_of
from hummingface.instrument.gui.widgets.tour_card import TourCard

if TYPE_CHECKING:
    from hummingface.instrument.gui.window import Window

UNSEEN = ("offscreen", "minimal", "vnc")        # platforms of Qt on which nobody is there to be shown round


class Guidance(QObject):
    """Made when the rest of `window` is there. `hear` takes the engine's events."""

    def __init__(self, window: "Window"):
        super().__init__(window)
        self._window = window
        self.look = Look(window, lambda: window.rescale(True))
        self.locks = SectionLocking(window, window.session, sections_of(window.findChildren(Panel)), window.banner.say)
        window.midi_learn.menu.offers.append(self.locks.offer)
        self.help_keys = HelpKeys(window, window.late)
        self.news = SpokenNews(window, lambda text, urgent: announce(window, text, urgent))
        self.news.watch_controls(window.controls.values(), window.morph.pad)
        self.news.watch_keys_of(window.keyboard, window.map.map)
        self.news.watch_session(window.session, window.choosing, window.banner)
        self.tour = Tour(TourCard(window.ground, (window.named, window.middle)), {
            "keys": window.keyboard, "latents": window.latents, "morph": window.morph, "record": window.recorder})
        self._watch_tour()
        self._fill_menu()

    def hear(self, message: dict) -> None:
        """An event of the engine."""
        self.news.hear(message)
        if message["tell"] == "recording" and message["path"] is not None:
            self.tour.did(BEGUN)
        elif message["tell"] == "take" and not message["problem"]:
            self.tour.did(TAKE)

    def take_heard(self) -> None:
        """The player listens to a take, or has it played again."""
        self.tour.did(HEARD)

    def first_start(self) -> None:
        """Show a new player round, once."""
        settings = self._window.settings
        if not settings.toured and QGuiApplication.platformName() not in UNSEEN:
            settings.toured = True
            self._window.settings_control.save()
            self.tour.begin()

    def _watch_tour(self) -> None:
        window, did = self._window, self.tour.did
        window.note_input.on_change.append(lambda: did(NOTE) if window.note_input.held else None)
        window.news.on_note.append(lambda: did(NOTE))
        for knob in window.latents.knobs.values():
            knob.moved.connect(lambda _name, _value: did(LATENT))
        window.morph.pad.puck_moved.connect(lambda: did(SOUND))
        window.choosing.on_load.append(lambda _name: did(SOUND))
        self.tour.on_step.append(lambda text: announce(window, text))

    def _fill_menu(self) -> None:
        menu = self._window.help.menu
        first = menu.actions()[0]

        def add(text: str, act: object) -> QAction:
            action = QAction(text, menu)
            action.triggered.connect(act)
            menu.insertAction(first, action)
            return action
        late = self._window.late
        add(f"Manual\t{text_of('manual')}", lambda: late.manual.open_at())
        add("Keys", lambda: late.manual.open_at(KEYS))
        add("Tour", self.tour.begin)
        menu.insertSeparator(first)
        zooms = menu.addMenu("Zoom")
        menu.insertMenu(first, zooms)
        for zoom in ZOOMS:
            zooms.addAction(f"{zoom} %", partial(self.look.set, zoom)).setCheckable(True)
        contrast = add("High contrast", lambda on: self.look.set(high_contrast=on))
        contrast.setCheckable(True)

        row = self._window.dialog.look
        row.zoom_wanted.connect(self.look.set)
        row.contrast_wanted.connect(lambda on: self.look.set(high_contrast=on))

        def show() -> None:
            row.show_look(self.look.zoom, self.look.high_contrast)
            contrast.setChecked(self.look.high_contrast)
            for action, zoom in zip(zooms.actions(), ZOOMS, strict=True):
                action.setChecked(zoom == self.look.zoom)
        self.look.on_change += [show, self._window.midi_learn.show]         # whose marks have colours and sizes of their own
        show()
