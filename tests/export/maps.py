"""What stands in a written SFZ map."""
import re


def regions(text: str) -> list[dict[str, str]]:
    """The opcodes of each region, with those of its group."""
    found, group = [], {}
    for header, body in re.findall(r"<(\w+)>([^<]*)", re.sub(r"//.*", "", text)):
        opcodes = dict(re.findall(r"^(\w+)=(.*)$", body, re.MULTILINE))
        if header == "group":
            group = opcodes
        elif header == "region":
            found.append({**group, **opcodes})
    return found


def points(region: dict[str, str]) -> dict[int, float]:
    """Amplitude by velocity."""
    return {int(name[13:]): float(gain) for name, gain in region.items() if name.startswith("amp_velcurve_")}
