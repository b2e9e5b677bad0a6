"""Foreign countries as the feed shows them: name, IBAN pattern, home currency, cities.

Names are the ISO 3166-1 English short names that also stand in Faker's country list, which the
feed's makers used, so that each reads as its country without a correction. IBAN patterns are those
of the SWIFT IBAN registry: ``n`` digits, ``a`` letters, ``c`` either. National check digits inside
an IBAN are not computed: banks check mod 97 and length.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from random import Random

from loaders.generators.bank import draw
from loaders.generators.bank.lists import SWEDISH_TOWNS


@dataclass(frozen=True, slots=True)
class Country:
    """One country. Where ``bban`` is empty there is no IBAN: it is in the country column only."""

    code: str
    name: str
    bban: str
    currency: str
    cities: tuple[str, ...]


SWEDEN = Country("SE", "Sweden", "n20", "SEK", SWEDISH_TOWNS)

# Home currencies outside the ECB's list are given as what is paid in instead (USD from Russia).
COUNTRIES = (
    SWEDEN,
    Country("AE", "United Arab Emirates", "n19", "USD", ("Dubai", "Abu Dhabi")),
    Country("AT", "Austria", "n16", "EUR", ("Wien", "Graz", "Salzburg")),
    Country("BE", "Belgium", "n12", "EUR", ("Brussels", "Antwerp", "Ghent")),
    Country("BR", "Brazil", "n23 a1 c1", "BRL", ("São Paulo", "Rio de Janeiro")),
    Country("CH", "Switzerland", "n5 c12", "CHF", ("Zürich", "Geneva", "Basel")),
    Country("CY", "Cyprus", "n8 c16", "EUR", ("Nicosia", "Limassol")),
    Country("DE", "Germany", "n18", "EUR", ("Berlin", "Hamburg", "München", "Köln")),
    Country("DK", "Denmark", "n14", "DKK", ("Copenhagen", "Aarhus", "Odense")),
    Country("EE", "Estonia", "n16", "USD", ("Tallinn", "Tartu")),
    Country("EG", "Egypt", "n25", "USD", ("Cairo", "Alexandria")),
    Country("ES", "Spain", "n20", "EUR", ("Madrid", "Barcelona", "Valencia")),
    Country("FI", "Finland", "n14", "EUR", ("Helsinki", "Tampere", "Åbo")),
    Country("FR", "France", "n10 c11 n2", "EUR", ("Paris", "Lyon", "Marseille")),
    Country("GB", "United Kingdom", "a4 n14", "GBP", ("London", "Manchester", "Edinburgh")),
    Country("GR", "Greece", "n7 c16", "EUR", ("Athens", "Thessaloniki")),
    Country("HR", "Croatia", "n17", "EUR", ("Zagreb", "Split")),
    Country("HU", "Hungary", "n24", "HUF", ("Budapest", "Szeged")),
    Country("IE", "Ireland", "a4 n14", "EUR", ("Dublin", "Cork")),
    Country("IL", "Israel", "n19", "USD", ("Tel Aviv", "Haifa")),
    Country("IS", "Iceland", "n22", "EUR", ("Reykjavik", "Akureyri")),
    Country("IT", "Italy", "a1 n10 c12", "EUR", ("Rome", "Milan", "Turin")),
    Country("KZ", "Kazakhstan", "n3 c13", "USD", ("Almaty", "Astana")),
    Country("LT", "Lithuania", "n16", "EUR", ("Vilnius", "Kaunas")),
    Country("LU", "Luxembourg", "n3 c13", "EUR", ("Luxembourg",)),
    Country("LV", "Latvia", "a4 c13", "EUR", ("Riga", "Daugavpils")),
    Country("MT", "Malta", "a4 n5 c18", "EUR", ("Valletta", "Sliema")),
    Country("NL", "Netherlands", "a4 n10", "EUR", ("Amsterdam", "Rotterdam", "Utrecht")),
    Country("NO", "Norway", "n11", "NOK", ("Oslo", "Bergen", "Trondheim")),
    Country("PL", "Poland", "n24", "PLN", ("Warsaw", "Kraków", "Gdańsk")),
    Country("PT", "Portugal", "n21", "EUR", ("Lisbon", "Porto")),
    Country("RO", "Romania", "a4 c16", "RON", ("Bucharest", "Cluj-Napoca")),
    Country("RS", "Serbia", "n18", "EUR", ("Belgrade", "Novi Sad")),
    Country("RU", "Russian Federation", "n14 c15", "USD", ("Moscow", "Saint Petersburg")),
    Country("SA", "Saudi Arabia", "n2 c18", "USD", ("Riyadh", "Jeddah")),
    Country("SI", "Slovenia", "n15", "EUR", ("Ljubljana", "Maribor")),
    Country("UA", "Ukraine", "n6 c19", "USD", ("Kyiv", "Lviv")),
    Country("AU", "Australia", "", "AUD", ("Sydney", "Melbourne")),
    Country("CA", "Canada", "", "CAD", ("Toronto", "Montréal")),
    Country("CN", "China", "", "CNY", ("Shanghai", "Beijing")),
    Country("IN", "India", "", "INR", ("Mumbai", "Bengaluru")),
    Country("JP", "Japan", "", "JPY", ("Tokyo", "Osaka")),
    Country("KE", "Kenya", "", "USD", ("Nairobi", "Mombasa")),
    Country("SG", "Singapore", "", "SGD", ("Singapore",)),
    Country("ZA", "South Africa", "", "ZAR", ("Johannesburg", "Cape Town")),
    # The kwacha is outside the ECB's list: its rate comes from the product's own seed.
    Country("ZM", "Zambia", "", "ZMW", ("Lusaka", "Ndola")),
)

IBAN_COUNTRIES = tuple(country for country in COUNTRIES if country.bban)
FOREIGN_COUNTRIES = tuple(country for country in COUNTRIES if country is not SWEDEN)
CODE_OF_NAME = {country.name: country.code for country in COUNTRIES}

# Minor units; sets how large amounts in a currency are (see draw.heavy_tailed), nothing more.
AMOUNT_SCALE = {
    "AUD": 65_000,
    "BRL": 230_000,
    "CAD": 60_000,
    "CHF": 38_000,
    "CNY": 300_000,
    "DKK": 280_000,
    "EUR": 40_000,
    "GBP": 35_000,
    "HUF": 15_000_000,
    "INR": 3_500_000,
    "JPY": 6_000_000,
    "NOK": 420_000,
    "PLN": 160_000,
    "RON": 190_000,
    "SEK": 400_000,
    "SGD": 55_000,
    "USD": 45_000,
    "ZAR": 750_000,
    "ZMW": 1_000_000,
}


def iban_check_digits(code: str, bban: str) -> str:
    """Returns the two check digits (ISO 13616) of an IBAN for country ``code`` with this BBAN."""
    number = int("".join([str(int(sign, 36)) for sign in bban + code + "00"]))
    return f"{98 - number % 97:02d}"


def is_iban_checksum_right(account: str) -> bool:
    """True if an account in upper case and without blanks satisfies mod 97."""
    return int("".join([str(int(sign, 36)) for sign in account[4:] + account[:4]])) % 97 == 1


def random_iban(rng: Random, country: Country) -> str:
    """Returns a valid IBAN of ``country``, never one that begins like our own accounts."""
    makers = {"n": draw.digits, "a": draw.letters, "c": draw.alphanumeric}
    while True:
        bban = "".join(
            [makers[kind](rng, int(n)) for kind, n in re.findall(r"([nac])(\d+)", country.bban)]
        )
        iban = country.code + iban_check_digits(country.code, bban) + bban
        if not iban.startswith("SE8902"):
            return iban
