"""Names of sounds as names of files: what every file system takes, no more bytes than it takes, and one form of each letter."""
import unicodedata
import zlib

MOST_CHARACTERS, MOST_BYTES = 60, 160       # file systems take 255 bytes, and dates, numbers and endings are added


def fitting(name: str, most_bytes: int = MOST_BYTES) -> str:
    """The beginning of a text, whole characters, that has so many bytes at most: a letter may have four."""
    return name.encode(errors="ignore")[:most_bytes].decode(errors="ignore").strip()


def beside(name: str) -> str:
    """The beginning of a name for what is written beside that file meanwhile: itself where there is room for more behind it, and never
    that of another file.
    """
    return name if len(name.encode(errors="ignore")) <= MOST_BYTES else f"{fitting(name)}-{zlib.crc32(name.encode(errors='replace')):08x}"


def alike(name: str) -> str:
    """A name without what does not tell it from others: case, and whether accents are characters of their own."""
    return unicodedata.normalize("NFC", unicodedata.normalize("NFC", name).casefold())


def plain(name: str, also: str = "", instead: str = "", most: int = MOST_CHARACTERS) -> str:
    """What of a name may be in a file's: letters with their marks, digits, "-", "_", single spaces, and the characters `also`; `instead`
    stands for each other one. Shortened to `most` characters and `MOST_BYTES`. It may be empty.
    """
    allowed = f"-_ {also}"
    kept = (c if c.isalnum() or c in allowed or unicodedata.category(c).startswith("M") else instead
            for c in unicodedata.normalize("NFC", name))
    return fitting(" ".join("".join(kept).split())[:most])
