"""A small town of made-up homes on a map of nine postal codes."""

from __future__ import annotations

import numpy as np

END = 1_795_305_600_000_000  # 2026-11-22T00:00:00Z


def town(n=800, seed=5):
    draw = np.random.default_rng(seed)
    x, y = draw.integers(0, 3, n), draw.integers(0, 3, n)
    size = np.exp(draw.normal(7.5, 0.35, n)).round()
    grade = draw.integers(5, 12, n)
    price = (size * 200 * np.exp(0.1 * (grade - 7) + draw.normal(0, 0.15, n))).round(-3)
    beds = np.clip((size / 600).round(), 1, 6)
    return [
        {
            "ListingKey": f"home-{i:04d}",
            "ListPrice": float(price[i]),
            "LivingArea": float(size[i]),
            "LotSizeSquareFeet": float(np.exp(draw.normal(8.8, 0.5)).round()),
            "BedroomsTotal": int(beds[i]),
            "BathroomsTotalDecimal": float(draw.choice((1.0, 1.5, 2.0, 2.5, 3.0))),
            "YearBuilt": int(draw.integers(1920, 2015)),
            "KC_Grade": int(grade[i]),
            "KC_Condition": int(draw.integers(2, 6)),
            "KC_View": int(draw.random() < 0.1),
            "WaterfrontYN": bool(draw.random() < 0.02),
            "Latitude": float(47.5 + 0.05 * y[i] + draw.uniform(0, 0.05)),
            "Longitude": float(-122.3 + 0.05 * x[i] + draw.uniform(0, 0.05)),
            "PostalCode": f"981{x[i]}{y[i]}",
            "PropertyType": "Residential",
        }
        for i in range(n)
    ]
