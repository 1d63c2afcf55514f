"""Countries by the two letters of ISO 3166-1, languages by the tags of BCP 47, and what both are called."""

from collections.abc import Mapping
from functools import cache

from crm.folding import fold
from gateway.errors import DomainError

COUNTRIES = frozenset(
    """
    AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
    CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO
    FR GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT JE
    JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
    MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW
    PY QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM
    TN TO TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
    """.split()
)


class UnknownCountry(DomainError):
    """There is no such code of a country."""

    code = "unknown_country"


def country_code(code: str) -> str:
    """Return `code` if it is one of ISO 3166-1 alpha-2, or empty; else raise `UnknownCountry`."""
    if code and code not in COUNTRIES:
        raise UnknownCountry("The country must be a code of ISO 3166-1 in capitals, such as IE.")
    return code


def country_name(code: str) -> str:
    """Return what a country is called in English (Unicode CLDR), such as Ireland for IE; `code` itself for others."""
    return _territories()[code] if code in COUNTRIES else code


def countries_by_name() -> list[tuple[str, str]]:
    """Return every country as code and name, in the order of their names."""
    return sorted(((code, country_name(code)) for code in COUNTRIES), key=lambda one: fold(one[1]))


def language_name(tag: str) -> str:
    """Return what a language is called in English (Unicode CLDR), such as Danish for da; `tag` itself for others."""
    from babel import Locale, UnknownLocaleError

    try:
        return Locale.parse(tag, sep="-").get_display_name("en") or tag
    except (ValueError, UnknownLocaleError):
        return tag


@cache
def _territories() -> Mapping[str, str]:
    from babel import Locale  # read where names are shown: it takes longer than most commands have to do with it

    return Locale("en").territories
