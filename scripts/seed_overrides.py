"""Hand-kept facts that no library states: what people write for a country or a currency.

`scripts/build_seeds.py` merges these tables with pycountry, python-stdnum and Faker. Aliases are
separated by semicolons. Why a name is listed as ambiguous, or left out, is said beside it.
"""

# Codes that are in use but not in ISO 3166-1: code -> (alpha-3, name, source).
EXTRA_COUNTRIES = {
    # User-assigned: banks, the EU and the IBAN registry use XK; ISO has no entry.
    "XK": ("XKX", "Kosovo", "user-assigned"),
}

# Full names in ISO 3166-1 that pycountry leaves out because its short name is the inverted form.
EXTRA_ISO_NAMES = {
    "CD": "Democratic Republic of the Congo",
    "KR": "Republic of Korea",
}

# One name, several countries: never guessed. Space-separated codes of the candidates.
AMBIGUOUS_COUNTRIES = {
    "Korea": "KP KR",
    # ISO's own short name of CG, and everyday English for CD as well.
    "Congo": "CD CG",
    "Kongo": "CD CG",
    "Virgin Islands": "VG VI",
    "Jungfruöarna": "VG VI",
    # The archipelago: a US territory and a US commonwealth, with a code each.
    "Mariana Islands": "GU MP",
    "Marianerna": "GU MP",
    # Taipei's own full name, easily written for Beijing.
    "Republic of China": "CN TW",
    "Republiken Kina": "CN TW",
    # Dissolved in 2010: the code AN was withdrawn, its islands have three codes.
    "Netherlands Antilles": "BQ CW SX",
    "Nederländska Antillerna": "BQ CW SX",
    "AN": "BQ CW SX",
    "ANT": "BQ CW SX",
    # Dissolved states with several successors.
    "Czechoslovakia": "CZ SK",
    "Tjeckoslovakien": "CZ SK",
    "Serbia and Montenegro": "ME RS",
    "Serbien och Montenegro": "ME RS",
    "SCG": "ME RS",
    "Yugoslavia": "BA HR ME MK RS SI XK",
    "Jugoslavien": "BA HR ME MK RS SI XK",
    "Soviet Union": "AM AZ BY EE GE KG KZ LT LV MD RU TJ TM UA UZ",
    "Sovjetunionen": "AM AZ BY EE GE KG KZ LT LV MD RU TJ TM UA UZ",
    "USSR": "AM AZ BY EE GE KG KZ LT LV MD RU TJ TM UA UZ",
}

# What people write, in English and Swedish, besides the names in pycountry and its Swedish
# translation. Former names are here when one country carries on under a new one.
# Not here on purpose: "America", "Guiana", "Micronesia (region)", "Ireland (island)", disputed
# places without a code (Northern Cyprus, Abkhazia, Somaliland): they stay `country.unknown`.
COUNTRY_ALIASES = {
    "AE": "UAE; Emirates; Emiraten; Arabemiraten; Förenade arabemiraten",
    "AQ": "Antarctica (the territory South of 60 deg S)",
    "AX": "Aland; Åland; Ålandsöarna",
    "BA": "Bosnia; Bosnia-Herzegovina; Bosnien; Bosnien och Hercegovina",
    "BL": "St. Barts; Saint-Barthélemy",
    "BN": "Brunei",
    "BQ": "Caribbean Netherlands; Bonaire; Karibiska Nederländerna",
    "BV": "Bouvet Island (Bouvetoya); Bouvetön",
    "BY": "Belorussia; Byelorussia",
    "CC": "Cocos Islands; Keeling Islands",
    "CD": "DR Congo; DRC; D.R. Congo; Congo DR; Congo-Kinshasa; Congo (Kinshasa); Kongo-Kinshasa; "
    "Kongo Kinshasa; Democratic Republic of Congo; Zaire; Zaïre; Demokratiska republiken Kongo",
    "CG": "Congo-Brazzaville; Congo (Brazzaville); Republic of Congo; Congo Republic; "
    "Kongo-Brazzaville; Kongo Brazzaville; Republiken Kongo",
    "CI": "Ivory Coast",
    "CN": "Mainland China; PRC; Fastlandskina",
    "CV": "Cape Verde; Kap Verde; Cape Verde Islands",
    "CW": "Curacao",
    "DE": "Tyskland; Deutschland",
    "EH": "Västra Sahara",
    # The EU writes EL and UK where ISO has GR and GB.
    "GR": "EL; Hellas",
    "GB": "UK; U.K.; Great Britain; Britain; England; Scotland; Wales; Northern Ireland; "
    "Storbritannien; Skottland; Nordirland; Förenade konungariket",
    # The Canaries, the Azores and Madeira have no code of their own.
    "ES": "Canary Islands; Kanarieöarna; España",
    "PT": "Azores; Madeira; Azorerna",
    "FI": "Suomi",
    "FK": "Falkland Islands; Falklands; Falklandsöarna; Malvinas",
    "FM": "Micronesia; Mikronesien; Mikronesiens federerade stater",
    "FO": "Faeroe Islands; Faroes",
    "GM": "The Gambia",
    "GS": "South Georgia; Sydgeorgien",
    "GW": "Guinea Bissau",
    "HK": "Hong Kong SAR; Hongkong",
    "HM": "Heard Island",
    "IE": "Republic of Ireland; Eire; Éire; Republiken Irland",
    "IM": "Man; Isle of Man (UK)",
    "IO": "British Indian Ocean Territory (Chagos Archipelago); Chagos Archipelago; "
    "Chagos Islands; Diego Garcia; Chagosöarna",
    # Three countries of FATF's black list: a payment must not slip by under another spelling.
    "IR": "Persia; Persien; I.R. Iran; IR Iran; I. R. of Iran; Iran (I.R.); Iran, Islamic Rep.; "
    "Iran, Islamic Rep. of; Islamiska republiken Iran; Islamic Rep. of Iran; "
    "Iran Islamic Republic; Iran Islamic Republic of",
    "KM": "Komorerna; The Comoros",
    "KN": "Saint Kitts; Saint Kitts och Nevis",
    "KP": "Korea (North); DPRK; Korea North; Korea, North; North-Korea; N. Korea; N Korea; "
    "N.Korea; Nord-Korea; Nord Korea; D.P.R.K.; DPR Korea; D.P.R. Korea; DPR of Korea; "
    "Korea DPR; Korea, DPR; Korea, Dem. People's Rep.; Korea, Dem. Rep.; Dem. People's Rep. Korea; "
    "Dem. People's Republic of Korea; Democratic Peoples Republic of Korea; "
    "Korea Democratic People's Republic of; North Korea (DPRK); Korea (DPRK); Folkrepubliken Korea",
    "KR": "Korea (South); ROK; Korea South; Korea, South; Korea (Republic); Republiken Korea",
    "KG": "Kirgizstan; Kirgisistan",
    "KZ": "Kazakstan; Kazachstan",
    "LC": "Saint Lucia",
    "LK": "Ceylon",
    "LY": "Libyan Arab Jamahiriya; State of Libya",
    # ISO needs "(French part)" and "(Dutch part)", but the two names differ by themselves:
    # Saint Martin is the French collectivity (as in CLDR), Sint Maarten the Dutch country.
    "MF": "Saint Martin; Saint-Martin",
    "SX": "Sint Maarten",
    "MK": "Macedonia; Makedonien; FYROM; Former Yugoslav Republic of Macedonia; "
    "The former Yugoslav Republic of Macedonia; Macedonia (FYROM)",
    "MM": "Burma; Birma; Myanmar (Burma); Burma (Myanmar); Myanmar/Burma; Burma/Myanmar; "
    "Myanmar, Burma; Union of Myanmar; Union of Burma; Republic of the Union of Myanmar; "
    "Myanmar, Republic of the Union of",
    "MO": "Macau; Macao SAR; Macau SAR",
    "MP": "Northern Marianas",
    "MZ": "Mocambique; Moçambique",
    "NF": "Norfolkön",
    "NL": "Holland; The Netherlands; Nederland",
    "PM": "Saint-Pierre och Miquelon; Saint Pierre och Miquelon",
    "PN": "Pitcairn Islands; Pitcairnöarna",
    "PS": "Palestine; Palestinian Territory; Palestinian Territories; "
    "Palestinian Territory, Occupied; Occupied Palestinian Territory; West Bank and Gaza; "
    "Palestina; Palestinska territorierna",
    "RU": "Russia; Ryssland",
    "SE": "Konungariket Sverige; Sverige",
    "SH": "Saint Helena; Ascension; Ascension Island; Tristan da Cunha; Sankta Helena",
    "SJ": "Svalbard & Jan Mayen Islands; Svalbard; Jan Mayen; Spitsbergen",
    "SK": "Slovakia (Slovak Republic)",
    "SL": "SierraLeone",
    "SR": "Dutch Guiana",
    "ST": "São Tomé and Príncipe; São Tomé; Sao Tome",
    "SY": "Syrien",
    "SZ": "Swaziland; Kingdom of Swaziland; eSwatini",
    "CZ": "Tjeckiska republiken; Czech Rep.",
    "TC": "Turks-och Caicosöarna; Turks och Caicosöarna",
    "TK": "Tokelauöarna",
    "TL": "East Timor",
    "TR": "Turkey; Republic of Turkey; Turkiet",
    "TT": "Trinidad; Tobago",
    "TW": "Taipei; Chinese Taipei; Formosa",
    "UM": "Midway Islands; Wake Island; Midwayöarna; Wake",
    "US": "USA; U.S.A.; U.S.; The United States; The United States of America; Förenta staterna",
    "VA": "Vatican; Vatican City; Vatican City State; Holy See; The Holy See; Vatikanen; "
    "Heliga stolen",
    "VC": "Saint Vincent; Saint Vincent och Grenadinerna",
    "VG": "Virgin Islands (British); BVI",
    "VI": "United States Virgin Islands; US Virgin Islands; U.S. Virgin Islands; USVI; "
    "Virgin Islands (U.S.)",
    "VN": "Viet-Nam",
    "WF": "Wallis-och Futunaöarna; Wallis och Futunaöarna",
    "WS": "Western Samoa; Västsamoa",
    "XK": "XKX; Republic of Kosovo; Kosova",
    "YE": "Jemen; Republiken Jemen",
    "BF": "Upper Volta",
    "BJ": "Dahomey",
    "ZW": "Rhodesia",
}

# --- currencies ---------------------------------------------------------------------------------

# Decimals in ISO 4217 where they are not two. None: the standard gives no minor unit.
MINOR_UNITS: dict[int | None, str] = {
    0: "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF",
    3: "BHD IQD JOD KWD LYD OMR TND",
    4: "CLF UYW",
    None: "XAD XAG XAU XBA XBB XBC XBD XDR XPD XPT XSU XTS XUA XXX",
}

# Codes no payment is made in: metals, bond units, accounting units, test codes, fund codes.
NOT_FOR_PAYMENTS = (
    "XAG XAU XPD XPT XBA XBB XBC XBD XAD XDR XSU XUA XTS XXX BOV CHE CHW CLF COU MXV USN UYI UYW"
)

# Withdrawn from ISO 4217 since 2022 (lines of back-dated days still carry them):
# code -> (numeric code, name, first day on which it was no currency any more).
WITHDRAWN_CURRENCIES = {
    "HRK": ("191", "Kuna", "2023-01-01"),
    "SLL": ("694", "Leone (old)", "2024-04-01"),
    "ZWL": ("932", "Zimbabwe Dollar", "2024-09-01"),
    "ANG": ("532", "Netherlands Antillean Guilder", "2025-07-01"),
    "BGN": ("975", "Bulgarian Lev", "2026-01-01"),
}
