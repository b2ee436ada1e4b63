"""Prints the reference values of `magics/src/stats/reference_tests.rs`, computed by SciPy and NumPy.

    python -m venv env && env/bin/pip install scipy && env/bin/python tests/python/reference_statistics.py
"""

import numpy
import scipy
from scipy import optimize, stats

print(f"SciPy {scipy.__version__}, NumPy {numpy.__version__}")

print("\nranks of the interval of a median: N, largest r with P(r <= B <= N - r) >= 0.95, that probability")
for n in (6, 7, 8, 9, 10, 12, 15, 17, 25, 40, 51, 63, 100, 101, 500, 1000):
    half = stats.binom(n, 0.5)
    covered = {r: half.cdf(n - r) - half.cdf(r - 1) for r in range(1, n // 2 + 1)}
    rank = max(r for r, p in covered.items() if p >= 0.95)
    print(f"({n}, {rank}), # {covered[rank]:.6f}")

SAMPLES = numpy.array([12.9, 11.2, 14.8, 10.1, 13.3, 12.0, 18.6, 11.7, 12.4, 13.9, 11.9, 12.2, 27.5, 12.7, 10.8])
print("\nsummary of", SAMPLES.tolist())
print("mean, sd", repr(SAMPLES.mean()), repr(SAMPLES.std(ddof=1)))
print("quartiles (type 7)", [repr(float(q)) for q in numpy.percentile(SAMPLES, [25, 50, 75])])
print("MAD x 1.4826", repr(1.4826 * float(stats.median_abs_deviation(SAMPLES))))
interval = stats.quantile_test(SAMPLES, q=numpy.median(SAMPLES), p=0.5).confidence_interval(0.95)
print("interval of the median (quantile_test)", interval.low, interval.high)
centred = SAMPLES - SAMPLES.mean()
print("lag-1", repr(float((centred[1:] * centred[:-1]).sum() / (centred**2).sum())))

print("\nexact percentile interval of the bootstrapped median of 15 values: ranks at 2.5 % and 97.5 %")
# P(median of a resample <= k-th smallest) = P(Binomial(15, k/15) >= 8): Efron, "Bootstrap Methods", Annals of Statistics 7 (1979).
at_most = [float(stats.binom(15, k / 15).sf(7)) for k in range(1, 16)]
ordered = numpy.sort(SAMPLES)
for share in (0.025, 0.975):
    rank = next(k for k, p in enumerate(at_most, 1) if p >= share)
    print(share, rank, ordered[rank - 1], "cumulated", at_most[rank - 2], at_most[rank - 1])

print("\nAmdahl's law fitted to T(p)/T(1) = s + (1 - s)/p, equal weights")
THREADS, RATIOS = numpy.array([2.0, 3.0, 4.0, 6.0, 8.0]), numpy.array([0.57, 0.43, 0.365, 0.29, 0.26])
(serial,), _ = optimize.curve_fit(lambda p, s: s + (1 - s) / p, THREADS, RATIOS, p0=[0.1])
print("s =", repr(float(serial)))

print("\nthe line through Karp-Flatt fractions (universal scalability law)")
print("kappa, sigma =", [float(v) for v in numpy.polyfit([2, 3, 4, 6, 8], [0.10, 0.11, 0.14, 0.15, 0.22], 1)])
