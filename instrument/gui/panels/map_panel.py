"""The panel of the map: the map, its legend, and what it is to do with the pointer and with its size."""
from hummingface.instrument.gui.panels.panel import Panel, tool
from hummingface.instrument.gui.widgets.family_legend import FamilyLegend
from hummingface.instrument.gui.widgets.map_widget import SoundMap
from hummingface.instrument.session.map_dots import MapDot


class MapPanel(Panel):
    """It shares its place with the spectrogram, and takes that of the latents and the morph pad, too, while `large` is checked."""

    def __init__(self) -> None:
        super().__init__("Map")
        self.map, self.legend = SoundMap(), FamilyLegend()
        self.body.addWidget(self.map, 1)
        self.body.addWidget(self.legend)
        self.hear = tool("", "Hear sounds under the pointer", "Play a note of the sound under the pointer, while nothing else sounds",
                         checkable=True, text="Hear")
        self.hear.setChecked(True)
        self.large = tool("", "Large map", "In the place of the latents, the named knobs and the morph pad, too",
                          checkable=True, text="Large")
        self.large.setChecked(True)
        self.back = tool("", "Show the spectrogram", "The spectrogram, in this place (Ctrl+Shift+D)", text="Spectrogram")
        for button in (self.hear, self.large, self.back):
            self.tools.addWidget(button)
        self.map.hovered.connect(self._show)

    def show_dots(self, dots: tuple[MapDot, ...]) -> None:
        """The sounds that there are."""
        self.map.show_dots(dots)
        self.legend.show_families({dot.family for dot in dots}, any(dot.own for dot in dots))

    def _show(self, dot: MapDot | None) -> None:
        self.note.setText(dot.what if dot else "")
