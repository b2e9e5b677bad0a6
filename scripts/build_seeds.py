"""Builds countries.csv, country_aliases.csv and currencies.csv in seeds/ from their sources.

Sources: pycountry (ISO 3166-1 with its Swedish translation, ISO 4217), python-stdnum (the IBAN
registry) and the hand-kept tables in seed_overrides.py. Faker's country lists, which the generator
writes, are held against the result: a name that resolves to nothing stops the build.

    python scripts/build_seeds.py           writes the files
    python scripts/build_seeds.py --check   says whether the committed files are up to date
"""

from __future__ import annotations

import argparse
import csv
import gettext
import importlib
import io
import re
import sys
import unicodedata
from dataclasses import dataclass
from pathlib import Path

import pycountry
import seed_overrides as hand
from stdnum import numdb

SEEDS = Path(__file__).resolve().parent.parent / "seeds"
NAME_FIELDS = ("name", "common_name", "official_name")

Row = dict[str, str]


class SeedError(Exception):
    """A source contradicts another; the message says what to add to seed_overrides.py."""


@dataclass(frozen=True)
class Alias:
    """One way to write a country; an ambiguous one has `candidates` and no `country_code`."""

    alias: str
    country_code: str
    kind: str
    candidates: str = ""


def alias_key(text: str) -> str:
    """The lookup key of a country name, as the dbt models make it: lower case, single spaces."""
    return re.sub(r"\s+", " ", text).strip().lower()


def iban_lengths() -> dict[str, int]:
    """Total IBAN length by country code, from the registry inside python-stdnum."""
    lengths = {}
    for _, country, _, properties, _ in numdb.get("iban").prefixes:
        structure = properties.get("bban", "")
        parts = re.findall(r"(\d+)!", structure)
        if country == country.upper() and parts:
            lengths[country] = 4 + sum(int(part) for part in parts)
    return lengths


def countries() -> list[Row]:
    """ISO 3166-1 plus the codes in use without an entry there, with IBAN lengths."""
    lengths = iban_lengths()
    found = {c.alpha_2: (c.alpha_3, c.name, "ISO 3166-1") for c in pycountry.countries}
    found |= hand.EXTRA_COUNTRIES
    if unknown := sorted(set(lengths) - set(found)):
        raise SeedError(f"the IBAN registry has codes without a country: {unknown}")
    return [
        {
            "country_code": code,
            "alpha_3": alpha_3,
            "name": name,
            "iban_length": str(lengths.get(code, "")),
            "source": source,
        }
        for code, (alpha_3, name, source) in sorted(found.items())
    ]


def iso_aliases() -> list[Alias]:
    """Codes and English names as the standard writes them."""
    aliases = []
    for country in pycountry.countries:
        names = [
            country.alpha_2,
            *(getattr(country, f) for f in NAME_FIELDS if hasattr(country, f)),
        ]
        aliases += [Alias(name, country.alpha_2, "iso_name") for name in names]
    aliases += [Alias(name, code, "iso_name") for code, name in hand.EXTRA_ISO_NAMES.items()]
    for code, (_, name, _) in hand.EXTRA_COUNTRIES.items():
        aliases += [Alias(code, code, "iso_name"), Alias(name, code, "iso_name")]
    return aliases


def written_aliases() -> list[Alias]:
    """What people write instead: hand-kept names, alpha-3 codes, pycountry's Swedish names."""
    swedish = gettext.translation("iso3166-1", pycountry.LOCALES_DIR, languages=["sv"])
    aliases = [
        Alias(name.strip(), code, "alias")
        for code, names in hand.COUNTRY_ALIASES.items()
        for name in names.split(";")
    ]
    for country in pycountry.countries:
        aliases.append(Alias(country.alpha_3, country.alpha_2, "alias"))
        for field in NAME_FIELDS:
            if hasattr(country, field):
                name = swedish.gettext(getattr(country, field))
                aliases.append(Alias(name, country.alpha_2, "alias"))
    return aliases


def spellings(name: str) -> list[str]:
    """Other spellings of a name that stand for the same: accents, apostrophes, and/&, Saint/St."""
    found = [name]
    # "Korea, Republic of" is "Korea (the Republic of)" on ISO's own pages.
    if inverted := re.fullmatch(r"([^,]+), (?:The )?(.+ of(?: the)?)", name):
        country, title = inverted.groups()
        found += [f"{country} ({title})", f"{country} (the {title})", f"{country}, {title}"]
    if name.lower().startswith("the "):
        found.append(name[4:])
    for pattern, replacement in (
        (r"\band\b", "&"),
        (r"\boch\b", "&"),
        (r"\bSaint\b", "St."),
        (r"\bSaint\b", "St"),
        (r"'", "’"),
    ):
        found += [re.sub(pattern, replacement, each) for each in found]
    decomposed = [unicodedata.normalize("NFKD", each) for each in found]
    found += ["".join(c for c in each if not unicodedata.combining(c)) for each in decomposed]
    return list(dict.fromkeys(found))


def country_aliases() -> list[Row]:
    """Every known way to write a country, one row a lookup key.

    Raises SeedError when one key would mean two countries and is not listed as ambiguous, or when
    a name of Faker's lists is missing.
    """
    by_key: dict[str, Alias] = {}
    for name, candidates in hand.AMBIGUOUS_COUNTRIES.items():
        by_key[alias_key(name)] = Alias(name, "", "ambiguous", candidates)
    # The standard's own spelling first, so that it keeps its kind where an alias says the same.
    base = iso_aliases() + written_aliases()
    derived = [
        Alias(spelling, each.country_code, "alias")
        for each in base
        for spelling in spellings(each.alias)
    ]
    for candidate in base + derived:
        known = by_key.setdefault(alias_key(candidate.alias), candidate)
        if known.kind != "ambiguous" and known.country_code != candidate.country_code:
            raise SeedError(
                f"{candidate.alias!r} would be {known.country_code} and {candidate.country_code}: "
                "decide, and list it in COUNTRY_ALIASES or AMBIGUOUS_COUNTRIES"
            )
    if missing := [name for name in faker_names() if alias_key(name) not in by_key]:
        raise SeedError(f"names in Faker's lists without an entry: {missing}")
    return [
        {
            "alias_key": key,
            "alias": each.alias,
            "country_code": each.country_code,
            "kind": each.kind,
            "candidates": each.candidates,
        }
        for key, each in sorted(by_key.items())
    ]


def faker_names() -> list[str]:
    """The country names that Faker writes in English and in Swedish."""
    names: list[str] = []
    for locale in ("en_US", "sv_SE"):
        provider = importlib.import_module(f"faker.providers.address.{locale}").Provider
        names += provider.countries
    return sorted(set(names))


def currencies() -> list[Row]:
    """ISO 4217: what is current, and what was withdrawn since 2022."""
    minor_units = {
        code: units for units, codes in hand.MINOR_UNITS.items() for code in codes.split()
    }
    not_for_payments = set(hand.NOT_FOR_PAYMENTS.split())
    found = {c.alpha_3: (c.numeric, c.name, "") for c in pycountry.currencies}
    if listed_twice := sorted(set(found) & set(hand.WITHDRAWN_CURRENCIES)):
        raise SeedError(f"still current in pycountry, take out of the withdrawn: {listed_twice}")
    if unknown := sorted((set(minor_units) | not_for_payments) - set(found)):
        raise SeedError(f"not in ISO 4217 any more, move to WITHDRAWN_CURRENCIES: {unknown}")
    found |= hand.WITHDRAWN_CURRENCIES
    rows = []
    for code, (numeric, name, withdrawn_date) in sorted(found.items()):
        units = minor_units.get(code, 2)
        rows.append(
            {
                "currency": code,
                "numeric_code": numeric,
                "name": name,
                "minor_units": "" if units is None else str(units),
                "is_payment_currency": str(code not in not_for_payments).lower(),
                "withdrawn_date": withdrawn_date,
            }
        )
    return rows


def as_csv(rows: list[Row]) -> str:
    """The rows as they are committed: header, comma, quotes only where needed, LF."""
    text = io.StringIO()
    writer = csv.DictWriter(text, fieldnames=list(rows[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue()


def build() -> dict[str, str]:
    """File name -> content of every seed that this script owns."""
    return {
        "countries.csv": as_csv(countries()),
        "country_aliases.csv": as_csv(country_aliases()),
        "currencies.csv": as_csv(currencies()),
    }


def main(arguments: list[str] | None = None) -> int:
    """Writes or checks the files; returns the exit code."""
    parser = argparse.ArgumentParser(description="Builds the seeds that come from libraries.")
    parser.add_argument("--check", action="store_true", help="compare only; exit 1 on a difference")
    parser.add_argument("--seeds", type=Path, default=SEEDS, help="the folder (default: seeds/)")
    options = parser.parse_args(arguments)
    try:
        files = build()
    except SeedError as error:
        print(f"build_seeds: {error}", file=sys.stderr)
        return 2
    stale = []
    for name, content in files.items():
        path = options.seeds / name
        if options.check:
            if not path.exists() or path.read_text(encoding="utf-8") != content:
                stale.append(name)
        else:
            path.write_text(content, encoding="utf-8", newline="\n")
            print(f"{path}: {content.count(chr(10)) - 1} rows")
    if stale:
        print(f"differs from its sources: {', '.join(stale)}; run scripts/build_seeds.py")
    return 1 if stale else 0


if __name__ == "__main__":
    sys.exit(main())
