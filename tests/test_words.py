"""Words to sounds: thirty phrases, with what a musician expects of the first five sounds that answer, written before any was seen."""
import numpy as np
import pytest

from hummingface.instrument.patches import library, sound_table
from hummingface.instrument.patches.find_by_words import find_by_words, rank
from hummingface.instrument.patches.sound_candidates import Candidate, candidates
from hummingface.instrument.patches.vocabulary import WORDS

FIRST = 5
OF_A_FAMILY = 0.3                     # a share, from which on a sound is of a family
LEAST_OF_FAMILY = 4                   # of the first five
HIGH, LOW = 0.6, 0.4                  # of all factory sounds: where the mean rank of the first five must be, above or below

# Phrase: (families, of which the first five must be; measures that must be high (+) or low (-) among all sounds).
PHRASES = {
    "dark bowed metal": ("strings mallet ensemble", "+attack +inharmonicity"),        # what is all three, and dark, the factory lacks
    "warm flute": ("pipe", "-brightness"),
    "bright brass": ("brass", "+brightness +richness"),
    "soft piano": ("piano mallet", "-brightness"),
    "dark pad": ("", "-brightness +attack +length"),
    "glassy bells": ("mallet", "-attack +fundamental"),
    "short plucked": ("plucked guitar strings", "-length -attack"),
    "breathy flute": ("pipe", "+noisiness"),
    "distorted guitar": ("guitar", "+richness"),
    "deep synth bass": ("bass synth", "-brightness"),
    "fiddle": ("strings", "+attack +length"),
    "church organ": ("organ", "+length +tail"),
    "hollow lead": ("synth pipe reed guitar", "+odd"),
    "metallic percussion": ("mallet", "-attack +inharmonicity"),
    "slow evolving texture": ("", "+attack +length +tail"),
    "wooden mallets": ("mallet plucked", "-length -brightness"),
    "choir in a cathedral": ("ensemble", "+room +tail"),
    "nasal reed": ("reed organ", "-fundamental"),
    "wide strings": ("strings ensemble", "+width"),
    "dry electric piano": ("piano", "-room -attack"),
    "percussive organ": ("organ", ""),
    "noisy": ("", "+noisiness"),
    "pure sine tone": ("", "-richness -noisiness"),
    "muted trumpet": ("brass", ""),
    "harsh synth": ("synth", "+brightness +richness"),
    "acoustic guitar": ("guitar", "-attack"),
    "wobbly vibrato lead": ("", "+vibrato"),
    "echoing plucks": ("plucked guitar strings mallet", "+echo -attack"),
    "gentle harp": ("strings plucked", "-brightness -attack"),
    "saxophone": ("reed", "+attack"),
}


@pytest.fixture(scope="module")
def sounds():
    return candidates([*(entry for entry in library.patches() if entry.factory), *library.presets()])


@pytest.fixture(scope="module")
def first(sounds):
    by_entry = {one.entry: one for one in sounds}

    def first_of(phrase):
        answer = find_by_words(phrase, sounds)
        assert not answer.unknown and len(answer.matches) >= FIRST
        return [by_entry[match.entry] for match in answer.matches[:FIRST]]
    return first_of


def mean_rank(found, measure):
    return float(np.mean([rank(measure, one.measured[measure]) for one in found]))


def test_every_sound_of_the_factory_is_measured_as_it_is_now(sounds):
    """`python -m hummingface.instrument.offline.measuring` after a model or a patch has changed."""
    assert len(sounds) > 180
    assert [one.entry.name for one in sounds if not one.measured] == []
    assert len(sound_table.read(sound_table.factory_file())) <= len(sounds), "none of what is no longer there"


def test_there_are_thirty_phrases():
    assert len(PHRASES) == 30


@pytest.mark.parametrize("phrase", PHRASES)
def test_a_phrase_finds_what_a_musician_expects(first, phrase):
    families, measures = PHRASES[phrase]
    found = first(phrase)
    names = [one.entry.name for one in found]
    if families:
        of_it = [one for one in found if sum(one.families.get(family, 0) for family in families.split()) >= OF_A_FAMILY]
        assert len(of_it) >= LEAST_OF_FAMILY, names
    for sign, measure in [(word[0], word[1:]) for word in measures.split()]:
        place = mean_rank(found, measure)
        assert place >= HIGH if sign == "+" else place <= LOW, (measure, place, names)


@pytest.mark.parametrize("noun", ["strings", "bass", "pad", "piano", "brass", "lead", "guitar"])
@pytest.mark.parametrize(("more", "less", "measure"), [("bright", "dark", "brightness"), ("slow", "percussive", "attack"),
                                                       ("long", "short", "length"), ("wide", "narrow", "width"),
                                                       ("reverberant", "dry", "room")])
def test_an_adjective_moves_any_instrument(first, noun, more, less, measure):
    assert mean_rank(first(f"{more} {noun}"), measure) > mean_rank(first(f"{less} {noun}"), measure) + 0.1


def test_not_turns_a_word_round(first):
    assert mean_rank(first("brass, not bright"), "brightness") < mean_rank(first("bright brass"), "brightness") - 0.1
    assert not {one.entry.name for one in first("mallet without wood")} & {one.entry.name for one in first("wooden mallet")[:2]}


def test_a_word_that_is_not_known_is_said(sounds):
    answer = find_by_words("qwrtz", sounds)
    assert (answer.matches, answer.unknown, answer.notice) == ((), ("qwrtz",), "“qwrtz” is not a word I know.")
    answer = find_by_words("a dark vioiln", sounds)
    assert answer.matches and answer.notice == "“vioiln” is not a word I know. Did you mean \"violin\"?"


@pytest.mark.parametrize("phrase", ["", " ", "the of a", "!?", "not"])
def test_nothing_asked_finds_nothing(sounds, phrase):
    answer = find_by_words(phrase, sounds)
    assert (answer.matches, answer.notice) == ((), "")


@pytest.mark.parametrize(("written", "meant"), [("Violins", "violin"), ("BRASSY", "brass"), ("metal-like", "metal"), ("darker", "dark"),
                                                ("fluty", "flute"), ("softly", "soft"), ("plucked, please!", "plucked")])
def test_forms_of_a_word_mean_the_same(sounds, written, meant):
    one, other = ([match.entry for match in find_by_words(words, sounds).matches[:3]] for words in (written, meant))
    assert one == other and len(one) == 3


def test_names_and_tags_are_words(sounds):
    assert find_by_words("moth", sounds).matches[0].entry.name == "Moth Piano"
    assert "jazz" in find_by_words("jazz", sounds).matches[0].entry.tags


def test_what_is_not_measured_is_found_by_what_it_is():
    entry = library.LibraryEntry("Mine", library.user_folder("patches") / "mine.json", False)
    found = find_by_words("dark violin", [Candidate(entry, families={"strings": 1.0}, presets={"Violin": 1.0})])
    assert [match.entry for match in found.matches] == [entry] and found.matches[0].reasons == ("violin",)


def test_every_measure_that_words_name_is_measured():
    there = next(iter(sound_table.read(sound_table.factory_file()).values()))
    assert {measure for meaning in WORDS.values() for measure in meaning.measures} <= set(there)
