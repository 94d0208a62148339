"""Finds sounds by words, such as "dark bowed metal": by instruments, families and tags, by what was measured, and by name.

Each word is a score from 0 to 1 for each sound, and a sound's score is their geometric mean: what is dark and no metal at all is not found.
"Dark" is relative: it is the share of the factory's sounds that are brighter.
"""
import math
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache

from hummingface.instrument.patches import sound_table
from hummingface.instrument.patches.library import LibraryEntry
from hummingface.instrument.patches.sound_candidates import Candidate
from hummingface.instrument.patches.sound_table import Measured
from hummingface.instrument.patches.vocabulary import FILLERS, MOST_WORDS, NEGATIONS, WORDS, Meaning
from hummingface.suggestions import did_you_mean

LEAST_OF_BEST = 0.6                    # of the best sound's score: what scores less is not shown
LEAST, LOWEST = 0.3, 0.02              # a score that is worth showing; what a word counts at least
FEWEST_FOUND, MOST_FOUND = 6, 30
NOUN_WEIGHT = 1.6                      # beside an adjective's 1
OF_THE_FAMILY = 0.5                    # counts for so much of the instrument itself
BY_TAG, BY_NAME = 0.8, 0.8             # a word that is a tag, or part of a name
UNKNOWN = 0.4                          # of a measure that is not there yet
CLEARLY, STEEP = 0.55, 6.0             # a rank that half deserves its adjective; the slope there: what is merely not bright is not dark
AT_LEAST = 0.15                        # a bright metal is nearer to a dark metal than dark wood is
GOOD = 0.65                            # a word's score, from which on it is a reason
ENDINGS = (("s", ""), ("es", ""), ("ies", "y"), ("ly", ""), ("ish", ""), ("like", ""), ("er", ""), ("er", "e"), ("est", ""), ("y", ""),
           ("y", "e"), ("ing", ""), ("ed", ""))                     # of words, and what stands there without them
PRESET = 0.96                          # of a model's preset, beside a patch that somebody finished


@dataclass(frozen=True)
class Match:
    """A sound that was found. `reasons`: the words that it answers well."""
    entry: LibraryEntry
    score: float
    reasons: tuple[str, ...]


@dataclass(frozen=True)
class Answer:
    """`matches`, the best first; `unknown`: the words that were passed over; `notice` says so, and what may have been meant."""
    matches: tuple[Match, ...]
    unknown: tuple[str, ...] = ()
    notice: str = ""


@dataclass(frozen=True)
class _Term:
    word: str
    meaning: Meaning
    negated: bool = False

    @property
    def names_a_thing(self) -> bool:
        return bool(self.meaning.presets or self.meaning.families or self.meaning.tags)


def find_by_words(phrase: str, candidates: Sequence[Candidate]) -> Answer:
    """The sounds that answer a phrase best."""
    own = {word for one in candidates for text in (*one.entry.tags, one.entry.name) for word in _words(text)}
    terms, unknown = _read(phrase, own)
    matches: list[Match] = []
    if terms:
        matches = sorted((_match(terms, one) for one in candidates), key=lambda match: -match.score)
        good = LEAST_OF_BEST * matches[0].score if matches else 0.0
        matches = [one for place, one in enumerate(matches[:MOST_FOUND])
                   if one.score >= LEAST and (one.score >= good or place < FEWEST_FOUND)]
    known = [word for word in {*WORDS, *own} if word.removesuffix("s") == word or word.removesuffix("s") not in WORDS]
    notices = [f"“{word}” is not a word I know.{did_you_mean(word, sorted(known))}" for word in unknown]
    return Answer(tuple(matches), tuple(unknown), " ".join(notices))


def _words(text: str) -> list[str]:
    """In lower case, without punctuation or a genitive."""
    plain = "".join(c if c.isalnum() or c in "-'’" else " " for c in text.casefold())
    return [word for part in plain.split() if (word := part.removesuffix("'s").removesuffix("’s").strip("-'’"))]


def _forms(word: str) -> Iterable[str]:
    """The word, and what it may be a form of."""
    yield word
    for ending, instead in ENDINGS:
        if word.endswith(ending) and len(word) > len(ending) + 2:
            yield (word.removesuffix(ending) + instead).rstrip("-")


def _read(phrase: str, own: set[str]) -> tuple[list[_Term], list[str]]:
    """(what is asked for, words that mean nothing)."""
    words, terms, unknown, negated, at = _words(phrase), list[_Term](), list[str](), False, 0
    while at < len(words):
        for count in range(min(MOST_WORDS, len(words) - at), 0, -1):
            written = " ".join(words[at:at + count])
            known = next((form for form in _forms(written) if form in WORDS), None)
            if known is not None:
                terms.append(_Term(written, WORDS[known], negated))
                break
        else:
            count = 1
            if words[at] not in FILLERS and words[at] not in NEGATIONS:
                if words[at] in own:
                    terms.append(_Term(words[at], Meaning(tags=(words[at],)), negated))
                else:
                    unknown.append(words[at])
        negated = words[at] in NEGATIONS or (negated and words[at] in FILLERS)
        at += count
    return terms, unknown


def _match(terms: list[_Term], one: Candidate) -> Match:
    scores = [_score(term, one) for term in terms]
    weights = [NOUN_WEIGHT if term.names_a_thing else 1.0 for term in terms]
    mean = math.exp(sum(w * math.log(max(score, LOWEST)) for w, score in zip(weights, scores, strict=True)) / sum(weights))
    return Match(one.entry, round(mean * (PRESET if one.entry.preset else 1.0), 3),
                 tuple(("not " if term.negated else "") + term.word for term, score in zip(terms, scores, strict=True) if score >= GOOD))


def _score(term: _Term, one: Candidate) -> float:
    meaning, parts = term.meaning, []
    if term.names_a_thing:
        parts.append(_as_a_thing(term, one))
    if meaning.measures:
        parts.append(_as_measured(meaning.measures, one.measured))
    score = sum(parts) / len(parts)
    if term.negated:
        return 1 - score
    if term.word in one.entry.tags and not term.names_a_thing:
        score = max(score, BY_TAG)
    return max(score, BY_NAME) if term.word in _words(one.entry.name) else score


def _as_a_thing(term: _Term, one: Candidate) -> float:
    meaning = term.meaning
    family = sum(one.families.get(name, 0.0) for name in meaning.families)
    share = max(sum(one.presets.get(name, 0.0) for name in meaning.presets), family * OF_THE_FAMILY) if meaning.presets else family
    if term.word in one.entry.tags:         # "strings" of a harp: of the family, if the word has instruments of its own
        share = max(share, OF_THE_FAMILY if meaning.presets else BY_TAG ** 2)
    return max(math.sqrt(min(share, 1.0)), BY_TAG if any(tag in one.entry.tags for tag in meaning.tags) else 0.0)


def _as_measured(measures: dict[str, float], measured: Measured) -> float:
    def place(name: str, weight: float) -> float:
        if name not in measured:
            return UNKNOWN
        return rank(name, measured[name]) if weight > 0 else 1 - rank(name, measured[name])
    mean = sum(abs(weight) * place(name, weight) for name, weight in measures.items()) / sum(map(abs, measures.values()))
    return AT_LEAST + (1 - AT_LEAST) / (1 + math.exp(STEEP * (CLEARLY - mean)))


def rank(measure: str, value: float) -> float:
    """The share of the factory's sounds that have less of a measure, those that have as much counted half."""
    values = _sorted_values(measure)
    return (bisect_left(values, value) + bisect_right(values, value)) / (2 * len(values)) if values else UNKNOWN


@lru_cache
def _sorted_values(measure: str) -> list[float]:
    return sorted(values[measure] for values in sound_table.read(sound_table.factory_file()).values() if measure in values)
