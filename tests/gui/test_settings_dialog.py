"""The Audio · MIDI dialog by itself."""
from hummingface.instrument.audio.protocol import AudioChoice
from hummingface.instrument.gui.dialogs.settings_dialog import SettingsDialog


def test_the_dialog_shows_the_chosen_device_though_its_card_has_another_number(qtbot):
    dialog = SettingsDialog(None)
    qtbot.addWidget(dialog)
    dialog.show_choice(AudioChoice("USB Audio: - (hw:1,0), ALSA"), None)
    dialog.show_devices([{"name": "PCH: ALC (hw:0,0), ALSA"}, {"name": "USB Audio: - (hw:2,0), ALSA"}], [])
    assert dialog.device.currentText() == "USB Audio: - (hw:2,0), ALSA"
    dialog.show_choice(AudioChoice("USB Audio: - (hw:1,0), ALSA"), None)
    assert dialog.device.currentText() == "USB Audio: - (hw:2,0), ALSA" and dialog.device.count() == 3


def test_the_menu_of_mpe_says_what_is_wanted(qtbot):
    dialog = SettingsDialog(None)
    qtbot.addWidget(dialog)
    wanted = []
    dialog.wanted.connect(wanted.append)
    assert [dialog.mpe.itemText(i) for i in range(dialog.mpe.count())] == [
        "Off", "Automatic", "Lower zone", "Upper zone", "Both zones", "Seaboard", "LinnStrument", "Osmose", "Launchpad"]
    dialog.show_choice(AudioChoice(), None, "osmose")
    assert dialog.mpe.currentText() == "Osmose" and not wanted
    dialog.mpe.setCurrentIndex(3)
    dialog.mpe.activated.emit(3)
    assert wanted == [{"do": "mpe", "mode": "upper"}]
