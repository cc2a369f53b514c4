"""Public holidays of a country as dates: the only place that asks the `holidays` library; the rules see dates alone."""

from __future__ import annotations

import warnings
from datetime import date
from functools import cache

import holidays

YEARS = range(2020, 2051)  # past exceptions are looked at too; the library computes years that are not decreed yet


@cache
def known_places() -> frozenset[str]:
    """Every country and state of which holidays are known: "US", "US-IL", "DE-BY"."""
    countries = holidays.list_supported_countries()
    return frozenset(countries) | {f"{country}-{part}" for country, parts in countries.items() for part in parts}


@cache
def holiday_dates(place: str) -> tuple[date, ...]:
    """The public holidays of a country ("US") or of a part of it ("US-IL"), observed days included, in order.

    Raises KeyError for a place that `known_places` does not hold.
    """
    if place not in known_places():
        raise KeyError(place)
    country, _, part = place.partition("-")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a year beyond what a country has decreed has the fixed ones alone
        return tuple(sorted(holidays.country_holidays(country, subdiv=part or None, years=YEARS)))
