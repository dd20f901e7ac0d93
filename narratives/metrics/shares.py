"""How far a share that was counted can be from the one that holds."""

from statistics import NormalDist


def share_bounds(hits: int, n: int, level: float = 0.95) -> tuple[float, float]:
    """Wilson's interval of a share (Wilson, 1927); (0, 1) where nothing was counted."""
    if not n:
        return 0.0, 1.0
    z, share = NormalDist().inv_cdf(0.5 + level / 2), hits / n
    middle, half = share + z * z / (2 * n), z * ((share * (1 - share) + z * z / (4 * n)) / n) ** 0.5
    return max(0.0, (middle - half) / (1 + z * z / n)), min(1.0, (middle + half) / (1 + z * z / n))


def highest_share(hits: int, n: int, confidence: float = 0.95) -> float:
    """The largest share under which `hits` of `n` or fewer are not surprising (Clopper and Pearson, 1934, one-sided)."""
    from scipy.special import betaincinv

    return 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, confidence))
