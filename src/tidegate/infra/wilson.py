"""Wilson's interval of a share (E. B. Wilson, 1927). Pure."""

from math import sqrt

Z = 1.959963984540054  # of the normal distribution, for 95 %


def wilson(share: float, n: float) -> tuple[float, float]:
    """The 95 % interval of a share seen among `n` observations, within 0 and 1."""
    square = Z * Z
    middle = (share + square / (2 * n)) / (1 + square / n)
    half = Z * sqrt(share * (1 - share) / n + square / (4 * n * n)) / (1 + square / n)
    return max(0.0, middle - half), min(1.0, middle + half)
