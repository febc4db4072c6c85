"""Convert lengths, weights and temperatures between units."""

# unit: (quantity, size in base units, where its zero lies in base units)
UNITS = {
    "m": ("length", 1.0, 0.0),
    "km": ("length", 1000.0, 0.0),
    "cm": ("length", 0.01, 0.0),
    "in": ("length", 0.0254, 0.0),
    "g": ("weight", 1.0, 0.0),
    "kg": ("weight", 1000.0, 0.0),
    "K": ("temperature", 1.0, 0.0),
    "C": ("temperature", 1.0, 273.15),
    "F": ("temperature", 5 / 9, 459.67 * 5 / 9),
}


def convert(value, source, target):
    """Return the value, given in `source` units, in `target` units.

    Raises ValueError for an unknown unit and for units of different quantities.
    """
    for unit in (source, target):
        if unit not in UNITS:
            raise ValueError(f"unknown unit: {unit}")
    quantity, size, zero = UNITS[source]
    target_quantity, target_size, target_zero = UNITS[target]
    if quantity != target_quantity:
        raise ValueError(f"cannot convert {quantity} to {target_quantity}")
    base = value * size + zero
    return (base - target_zero) * target_size


def describe(value, source, target, digits=2):
    """Such as `5 km = 5000 m`, rounded to so many digits, without trailing zeros."""
    return f"{value:g} {source} = {round(convert(value, source, target), digits):g} {target}"
