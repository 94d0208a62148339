"""Names that somebody may have meant by one that is not known."""
from collections.abc import Iterable

ALIKE = 0.6                         # of difflib's ratio, from which on a name is worth offering
AS_ALIKE = 0.1                      # under the best one's: further from it is not offered beside it
MOST = 3


def close_names(name: str, known: Iterable[str]) -> list[str]:
    """Those of `known` that are spelled much like `name`, whatever their case, the most alike first; three at most."""
    import difflib  # where all names are known nobody waits for it

    by_fold = {candidate.casefold(): candidate for candidate in known}
    matcher = difflib.SequenceMatcher(b=name.casefold().strip())
    found = []
    for fold in difflib.get_close_matches(name.casefold().strip(), by_fold, MOST, ALIKE):
        matcher.set_seq1(fold)
        found.append((matcher.ratio(), by_fold[fold]))
    return [candidate for ratio, candidate in found if ratio >= found[0][0] - AS_ALIKE]


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A sentence to end a message with, 'Did you mean "Evening Grand"?', with a space before it; empty where nothing is alike."""
    found = [f'"{candidate}"' for candidate in close_names(name, known)]
    return f" Did you mean {' or '.join(found)}?" if found else ""
