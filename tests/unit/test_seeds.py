"""The reference data: complete, unique, normalised, and what its sources say."""

from __future__ import annotations

import csv
import importlib
import re
import subprocess
import sys
from decimal import Decimal
from pathlib import Path

import pycountry
import pytest
import yaml
from stdnum import iban

REPOSITORY = Path(__file__).resolve().parents[2]
SEEDS = REPOSITORY / "seeds"

# The ids of the table "Line rules" and of the additions to it, as the independent answer.
RULE_IDS = """
    id.missing id.not_uuid id.formatting id.conflict duplicate.exact
    ts.trimmed ts.compact_date ts.two_digit_year ts.no_seconds ts.dot_time ts.iso ts.hour_24
    ts.no_such_day ts.dst_gap ts.dst_ambiguous ts.missing ts.unreadable ts.future ts.stale
    amount.trimmed amount.inner_space amount.space_as_point amount.decimal_comma amount.grouped
    amount.ambiguous amount.missing amount.not_a_number amount.too_precise amount.not_positive
    amount.implausible
    currency.trimmed currency.case currency.alias currency.missing currency.unknown fx.no_rate
    fx.stale_rate account.unregistered_iban rate.date_unreadable
    account.formatting account.missing account.malformed account.checksum account.unknown_own
    account.no_own_side account.self_transfer
    type.case type.unreadable type.contradicts_ownership
    country.alias country.from_own_account country.from_municipality country.unknown
    country.ambiguous
    line.malformed review.accepted review.rejected review.set
    customer.account_missing customer.account_malformed customer.account_conflict
    customer.duplicate_exact customer.account_formatting customer.personnummer_missing
    customer.personnummer_invalid customer.name_missing
    cash.id_missing cash.time_unreadable cash.amount_unreadable cash.amount_not_positive
    cash.currency_missing cash.currency_unknown cash.no_rate cash.iban_country
    cash.batch_payment cash.redelivery cash.id_collision cash.iban_checksum cash.sepa_not_eur
    cash.sepa_unknown_account cash.batch_included cash.one_leg company.id_unreadable
    company.ibans_unreadable company.id_conflict company.redelivery company.no_accounts
    company.balance_unreadable rate.currency_unknown rate.unreadable rate.redelivery
    rate.conflict rate.off_market
"""

# What a clerk would say these names mean. A space stands for "more than one country".
COUNTRY_ANSWERS = {
    "Island": "IS",
    "Iceland": "IS",
    "Sverige": "SE",
    "Sweden": "SE",
    "SWE": "SE",
    "se": "SE",
    "Swaziland": "SZ",
    "Korea": " ",
    "Congo": " ",
    "Kongo": " ",
    "Virgin Islands": " ",
    "Netherlands Antilles": " ",
    "South Korea": "KR",
    "Nordkorea": "KP",
    "Korea, Republic of": "KR",
    "Democratic Republic of the Congo": "CD",
    "Republic of the Congo": "CG",
    "Kongo-Kinshasa": "CD",
    "Guinea": "GN",
    "Guinea-Bissau": "GW",
    "Equatorial Guinea": "GQ",
    "Niger": "NE",
    "Nigeria": "NG",
    "Dominica": "DM",
    "Dominican Republic": "DO",
    "Samoa": "WS",
    "American Samoa": "AS",
    "Georgia": "GE",
    "Jordan": "JO",
    "Ireland": "IE",
    "Northern Ireland": "GB",
    "Saint Martin": "MF",
    "Sint Maarten": "SX",
    "Micronesia": "FM",
    "Palestinian Territory": "PS",
    "Antarctica (the territory South of 60 deg S)": "AQ",
    "Holy See (Vatican City State)": "VA",
    "Heard Island and McDonald Islands": "HM",
    "Cote d'Ivoire": "CI",
    "Côte d’Ivoire": "CI",
    "Ivory Coast": "CI",
    "Elfenbenskusten": "CI",
    "USA": "US",
    "UK": "GB",
    "Storbritannien": "GB",
    "Great Britain": "GB",
    "Holland": "NL",
    "Burma": "MM",
    "Turkey": "TR",
    "Macedonia": "MK",
    "Czech Republic": "CZ",
    "Tjeckien": "CZ",
    "Österrike": "AT",
    "Jemen": "YE",
    "Ryssland": "RU",
    "Kosovo": "XK",
    "Trinidad & Tobago": "TT",
    "St. Lucia": "LC",
    "Namibia": "NA",
    "NA": "NA",
}


def rows(name: str) -> list[dict[str, str]]:
    with (SEEDS / f"{name}.csv").open(encoding="utf-8", newline="") as lines:
        return list(csv.DictReader(lines))


def key_of(text: str) -> str:
    return re.sub(r"\s+", " ", text).strip().lower()


@pytest.fixture(scope="module")
def aliases() -> dict[str, dict[str, str]]:
    return {row["alias_key"]: row for row in rows("country_aliases")}


def faker_countries(locale: str) -> set[str]:
    provider = importlib.import_module(f"faker.providers.address.{locale}").Provider
    return set(provider.countries)


def test_committed_files_are_what_the_sources_give() -> None:
    done = subprocess.run(
        [sys.executable, "scripts/build_seeds.py", "--check"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_check_notices_a_changed_file(tmp_path: Path) -> None:
    for name in ("countries", "country_aliases", "currencies"):
        content = (SEEDS / f"{name}.csv").read_text(encoding="utf-8")
        (tmp_path / f"{name}.csv").write_text(content.replace("sverige,Sverige,SE", "sverige,S,SE"))
    command = [sys.executable, "scripts/build_seeds.py", "--check", "--seeds", str(tmp_path)]
    done = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "country_aliases.csv" in done.stdout
    assert "currencies.csv" not in done.stdout


def test_alias_keys_are_unique_and_normalised() -> None:
    keys = [row["alias_key"] for row in rows("country_aliases")]
    assert len(keys) == len(set(keys))
    assert keys == [key_of(row["alias"]) for row in rows("country_aliases")]


def test_an_alias_has_a_country_or_is_ambiguous(aliases: dict[str, dict[str, str]]) -> None:
    codes = {row["country_code"] for row in rows("countries")}
    for row in aliases.values():
        if row["kind"] == "ambiguous":
            assert not row["country_code"]
            assert len(set(row["candidates"].split()) & codes) >= 2, row
        else:
            assert row["kind"] in ("iso_name", "alias")
            assert row["country_code"] in codes
            assert not row["candidates"]


@pytest.mark.parametrize(("name", "answer"), COUNTRY_ANSWERS.items())
def test_a_country_name_means_what_a_clerk_says(
    aliases: dict[str, dict[str, str]], name: str, answer: str
) -> None:
    row = aliases[key_of(name)]
    assert (row["country_code"] or " ") == answer
    assert (row["kind"] == "ambiguous") == (answer == " ")


@pytest.mark.parametrize("locale", ["en_US", "sv_SE"])
def test_every_country_of_faker_is_known(aliases: dict[str, dict[str, str]], locale: str) -> None:
    names = faker_countries(locale)
    assert len(names) > 200
    assert not [name for name in names if key_of(name) not in aliases]


def test_only_these_names_of_faker_are_ambiguous(aliases: dict[str, dict[str, str]]) -> None:
    names = faker_countries("en_US") | faker_countries("sv_SE")
    ambiguous = {name for name in names if aliases[key_of(name)]["kind"] == "ambiguous"}
    assert ambiguous == {
        "Korea",
        "Congo",
        "Netherlands Antilles",
        "Marianerna",
        "Nederländska Antillerna",
    }


def test_iso_names_are_silent_and_all_others_are_corrections(
    aliases: dict[str, dict[str, str]],
) -> None:
    for country in pycountry.countries:
        assert aliases[country.alpha_2.lower()]["kind"] == "iso_name"
        assert aliases[country.alpha_3.lower()]["kind"] == "alias"
        kind = "ambiguous" if country.name == "Congo" else "iso_name"
        assert aliases[key_of(country.name)]["kind"] == kind
    for name in ("Sverige", "Island", "Swaziland", "Turkey", "Russia", "USA", "Cote d'Ivoire"):
        assert aliases[key_of(name)]["kind"] == "alias", name


def test_countries_are_those_of_iso_and_kosovo() -> None:
    codes = [row["country_code"] for row in rows("countries")]
    assert len(codes) == len(set(codes))
    assert set(codes) == {country.alpha_2 for country in pycountry.countries} | {"XK"}
    sources = {row["country_code"]: row["source"] for row in rows("countries")}
    assert [code for code, source in sources.items() if source != "ISO 3166-1"] == ["XK"]


@pytest.mark.parametrize(
    ("country", "length"),
    [
        ("SE", 24),
        ("NO", 15),
        ("DE", 22),
        ("GB", 22),
        ("FR", 27),
        ("MT", 31),
        ("PL", 28),
        ("XK", 20),
    ],
)
def test_iban_length_is_the_published_one(country: str, length: int) -> None:
    lengths = {row["country_code"]: row["iban_length"] for row in rows("countries")}
    assert int(lengths[country]) == length


def test_iban_length_is_the_only_one_that_the_registry_accepts() -> None:
    for row in rows("countries"):
        accepted = [length for length in range(12, 40) if _registry_takes(row, length)]
        assert accepted == ([int(row["iban_length"])] if row["iban_length"] else []), row


def _registry_takes(country: dict[str, str], length: int) -> bool:
    """Whether the registry takes an IBAN of the country with this length."""
    _, properties = iban._ibandb.info(country["country_code"] + "00")[0]
    if not properties:
        return False
    parts = re.findall(r"(\d+)!([nac])", properties["bban"])
    digits = "".join({"n": "1", "a": "A", "c": "1"}[kind] * int(size) for size, kind in parts)
    bban = digits.ljust(length - 4, "1")[: length - 4]
    number = country["country_code"] + "00" + bban
    number = number[:2] + iban.calc_check_digits(number) + bban
    return iban.is_valid(number, check_country=False)


def test_currencies_know_their_decimals_and_what_is_money() -> None:
    currencies = {row["currency"]: row for row in rows("currencies")}
    assert len(currencies) == len(rows("currencies"))
    assert {each.alpha_3 for each in pycountry.currencies} <= set(currencies)
    decimals = {code: row["minor_units"] for code, row in currencies.items()}
    assert [decimals[code] for code in ("SEK", "JPY", "ISK", "KWD", "XAU")] == [
        "2",
        "0",
        "0",
        "3",
        "",
    ]
    not_money = {code for code, row in currencies.items() if row["is_payment_currency"] == "false"}
    assert {"XAU", "XAG", "XDR", "XTS", "XXX", "USN", "CHE", "CLF", "MXV"} <= not_money
    assert not {"SEK", "EUR", "USD", "XOF", "XAF", "XPF", "XCD", "ZMW", "CNY", "BGN"} & not_money


def test_currency_aliases_are_unambiguous() -> None:
    aliases = {row["alias_key"]: row["currency"] for row in rows("currency_aliases")}
    currencies = {row["currency"] for row in rows("currencies")}
    assert len(aliases) == len(rows("currency_aliases"))
    assert set(aliases.values()) <= currencies
    assert not set(aliases) & currencies
    assert all(key == key.upper().strip() for key in aliases)
    assert aliases["SKR"] == "SEK"
    assert aliases["RMB"] == "CNY"
    assert not {"KR", "KR.", "$", "£", "¥", "RS", "CFA", "C$", "DOLLAR", "ZMK"} & set(aliases)


def test_there_are_290_municipalities() -> None:
    towns = rows("swedish_municipalities")
    assert len(towns) == 290
    assert len({row["municipality_code"] for row in towns}) == 290
    assert len({row["name"] for row in towns}) == 290
    counties = {row["municipality_code"][:2]: row["county"] for row in towns}
    assert len(counties) == len(set(counties.values())) == 21
    assert all(counties[row["municipality_code"][:2]] == row["county"] for row in towns)
    assert all(re.fullmatch(r"\d{4}", row["municipality_code"]) for row in towns)
    provider = importlib.import_module("faker.providers.address.sv_SE").Provider
    assert set(provider.cities) <= {row["name"] for row in towns}


def test_every_rule_is_listed_once() -> None:
    ids = [row["rule_id"] for row in rows("rules")]
    assert len(ids) == len(set(ids))
    assert set(ids) == set(RULE_IDS.split())


def test_a_rule_says_what_becomes_of_the_line() -> None:
    severity = {row["rule_id"]: row["severity"] for row in rows("rules")}
    assert severity["ts.hour_24"] == "correct_or_reject"
    assert severity["duplicate.exact"] == "duplicate"
    assert severity["line.malformed"] == "malformed"
    both = {rule for rule, outcome in severity.items() if outcome == "correct_flag"}
    assert both == {
        "ts.two_digit_year",
        "ts.dst_gap",
        "amount.space_as_point",
        "country.from_own_account",
        "country.from_municipality",
    }
    for row in rows("rules"):
        assert row["title"], row
        assert row["description"].endswith("."), row
        assert row["example"], row


# What two persons may do about a rejection, as the independent answer: the value can be used as it
# stands, or another one is needed. Everything else no review can settle.
# review.rejected is what two others said: it is undone by deciding again.
WAIVED = {"amount.implausible", "account.checksum", "account.malformed", "review.rejected"}
SET = """
    id.missing id.not_uuid id.conflict ts.hour_24 ts.no_such_day ts.missing ts.unreadable ts.future
    amount.ambiguous amount.missing amount.not_a_number amount.too_precise amount.not_positive
    currency.missing currency.unknown account.missing account.unknown_own account.no_own_side
"""


def test_review_settles_rejections_of_payments_and_nothing_else() -> None:
    review = {row["rule_id"]: row["review"] for row in rows("rules")}
    assert {rule for rule, way in review.items() if way == "waive"} == WAIVED
    assert {rule for rule, way in review.items() if way == "set"} == set(SET.split())
    rejecting = {
        row["rule_id"]
        for row in rows("rules")
        if row["severity"] in ("reject", "correct_or_reject")
        and row["field"] != "register"
        # Lines of cashflow are not reviewed.
        and not row["rule_id"].startswith(("cash.", "rate."))
    }
    assert rejecting - WAIVED - set(SET.split()) == set()


def test_fixed_rates_are_positive_and_dated_once() -> None:
    rates = rows("fx_fixed_rates")
    assert len({(row["currency"], row["rate_date"]) for row in rates}) == len(rates)
    assert {row["currency"] for row in rates} == {"ZMW"}
    # What a euro cost in these years; a rate the wrong way up would be below 1.
    assert all(Decimal(15) <= Decimal(row["units_per_eur"]) <= Decimal(31) for row in rates)
    assert all(row["source"] for row in rates)


def test_every_seed_and_column_is_described_in_the_order_of_its_file() -> None:
    described = yaml.safe_load((SEEDS / "_seeds.yml").read_text(encoding="utf-8"))["seeds"]
    assert {seed["name"] for seed in described} == {path.stem for path in SEEDS.glob("*.csv")}
    for seed in described:
        columns = [column["name"] for column in seed["columns"]]
        assert columns == list(rows(seed["name"])[0])
        assert columns == list(seed["config"]["column_types"])
        assert seed["description"]
        assert all(column["description"] for column in seed["columns"])
