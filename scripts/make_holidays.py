"""Writes the holidays that clocks are counted by, of years to come: `python -m scripts.make_holidays > \
src/tidegate/clocks/jurisdictions/holidays.toml`, where the library `holidays` is installed. The program itself
does without it: what is there is data, and is corrected there.
"""

import sys

YEARS = range(2026, 2031)
PARTS = ("ENG", "WLS", "SCT", "NIR")
PLACES = {
    "de": ("Germany", "DE", (None,)),
    "fr": ("France", "FR", (None,)),
    "ie": ("Ireland", "IE", (None,)),
    "uk": ("United Kingdom: what is one in any of its four parts", "GB", PARTS),
}
HEAD = """\
# Public holidays by which periods are counted: nationwide ones, and for the United Kingdom those of any
# of its parts. A file of this name in DIR/policies/ takes the place of this one. Weekends are free anyway.
"""


def main() -> None:
    import holidays  # pyright: ignore[reportMissingImports]

    print(HEAD)
    print(f"first = {YEARS[0]}\nlast = {YEARS[-1]}")
    source = f"the library holidays {holidays.__version__}"
    for code, (name, country, parts) in PLACES.items():
        days = {}
        for part in parts:
            days |= holidays.country_holidays(country, subdiv=part, years=YEARS, language="en_US")
        print(
            f'\n[calendars.{code}]\nname = "{name}"\nsource = "{source}, country {country}', end=""
        )
        print(f', parts {" ".join(PARTS)}"' if parts == PARTS else '"')
        print(f"[calendars.{code}.days]")
        for day, what in sorted(days.items()):
            print(f'{day} = "{what}"')


if __name__ == "__main__":
    sys.exit(main())
