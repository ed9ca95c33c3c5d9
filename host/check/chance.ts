/**
 * How likely evidence is on a good device: upper bounds on tail probabilities, as natural
 * logarithms. All are proven bounds, not approximations, so that a stated false-alarm rate is a
 * promise even for few samples and far tails, where the usual chi-square approximation is not.
 *
 * Chernoff: P(X ≥ m) ≤ exp(−n·KL(m/n ‖ p)) for X binomial, and its Poisson limit.
 * Spread: R. Agrawal, "Finite-Sample Concentration of the Multinomial in Relative Entropy" (2020):
 * P(n·KL(seen ‖ due) ≥ t) ≤ exp(−t)·(e·t/(k−1))^(k−1) for k buckets and t > k−1.
 */

/**
 * A statistical test reports only what a good device shows with a chance below this, per test. A run
 * makes fewer than 10^5 tests per million connections, so a run's false-alarm rate is below 10^-10.
 */
export const LN_ALPHA = Math.log(1e-15);

/** ln of a bound on P(X ≥ hits), X binomial with n trials of chance p (0 < p < 1). */
export function lnBinomialTail(trials: number, hits: number, chance: number): number {
  if (trials === 0 || hits <= trials * chance) return 0;
  const share = hits / trials;
  const miss = share < 1 ? (1 - share) * Math.log((1 - share) / (1 - chance)) : 0;
  return -trials * (share * Math.log(share / chance) + miss);
}

/** ln of a bound on P(X ≥ hits), X a sum of rare independent events with the given mean. */
export function lnPoissonTail(hits: number, mean: number): number {
  if (hits <= mean) return 0;
  return hits - mean + hits * Math.log(mean / hits);
}

/**
 * ln of a bound on the chance that some value occurs `hits` times among `n` independent uniform
 * 32-bit numbers: choose the places, then all but the first must agree with it.
 */
export function lnSameValue(n: number, hits: number): number {
  if (hits < 2) return 0;
  return Math.min(0, lnChoose(n, hits) - (hits - 1) * 32 * Math.LN2);
}

/**
 * ln of a bound on the chance of counts as uneven as these, when bucket i is due the share
 * `due[i]` (shares above 0, sum 1). Buckets that are due nothing must be left out by the caller.
 */
export function lnUnevenness(counts: readonly number[], due: readonly number[]): number {
  const total = counts.reduce((sum, count) => sum + count, 0);
  let nats = 0;
  counts.forEach((count, i) => {
    const share = due[i] ?? 0;
    if (count > 0) nats += share > 0 ? count * Math.log(count / (total * share)) : Infinity;
  });
  const freedom = counts.length - 1;
  if (nats <= freedom) return 0;
  if (nats === Infinity) return -Infinity;
  return -nats + freedom * (1 + Math.log(nats / freedom));
}

/** ln of n over k. */
export function lnChoose(n: number, k: number): number {
  let sum = 0;
  const picks = Math.min(k, n - k);
  for (let i = 1; i <= picks; i++) sum += Math.log((n - picks + i) / i);
  return sum;
}

/** How many hits chance brings on average, for people: `none`, `0.3`, `12`. */
export function dueText(hits: number): string {
  if (hits < 0.05) return "none";
  return hits < 10 ? hits.toFixed(1) : String(Math.round(hits));
}

/** Writes e^ln as a power of ten for people: `10^-34`. */
export function formatChance(ln: number): string {
  if (ln === -Infinity) return "0";
  return `10^${Math.ceil(ln / Math.LN10)}`;
}
