"""How large a share may be of which little or nothing was seen."""


def highest_share(hits: int, n: int, confidence: float = 0.95) -> float:
    """The largest share under which `hits` of `n` or fewer are not surprising (Clopper and Pearson, 1934, one-sided)."""
    from scipy.special import betaincinv

    return 1.0 if hits >= n else float(betaincinv(hits + 1, n - hits, confidence))
