"""The prices of this installation, from the settings."""

from __future__ import annotations

from django.conf import settings

from assay.core.prices import Prices


def current_prices() -> Prices:
    """Return the prices of the settings."""
    return Prices(
        hours={one.name: one.price for one in settings.SIZE_PRICES},
        storage=settings.STORAGE_PRICE,
        currency=settings.CURRENCY,
        default_size=settings.SIZES[0].name,
    )
