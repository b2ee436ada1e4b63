use super::*;
use crate::stats::bootstrap::Rng;

/// A standard normal number (Box and Muller).
fn normal(rng: &mut Rng) -> f64 {
    let (u, v) = (1.0 - rng.unit(), rng.unit());
    (-2.0 * u.ln()).sqrt() * (2.0 * std::f64::consts::PI * v).cos()
}

/// `rounds` times of a variant with log-normal noise, where all of a round share `common`.
fn times(rng: &mut Rng, seconds: f64, sigma: f64, common: &[f64]) -> Vec<f64> {
    common.iter().map(|shared| seconds * (shared + sigma * normal(rng)).exp()).collect()
}

/// Shares of faster and slower among `trials` comparisons of a true `ratio`.
fn shares(ratio: f64, sigma: f64, rounds: usize, trials: usize) -> (f64, f64) {
    let mut rng = Rng::new(7);
    let (mut faster, mut slower) = (0, 0);
    for _ in 0..trials {
        // Rounds drift by 5 %, which pairing takes out.
        let common: Vec<f64> = (0..rounds).map(|_| 0.05 * normal(&mut rng)).collect();
        let base = times(&mut rng, 1e-3, sigma, &common);
        let other = times(&mut rng, 1e-3 * ratio, sigma, &common);
        match judge(&[&other], &base, DELTA, &[])[0].unwrap().verdict {
            Verdict::Faster => faster += 1,
            Verdict::Slower => slower += 1,
            _ => {}
        }
    }
    (faster as f64 / trials as f64, slower as f64 / trials as f64)
}

/// Truth known: noise of 2 % and 5 % per sample (log-normal), 30 rounds.
#[test]
fn identical_code_is_rarely_called_different_and_five_per_cent_are_found() {
    for sigma in [0.02, 0.05] {
        let (faster, slower) = shares(1.0, sigma, 30, 200);
        assert!(faster + slower <= 0.05, "{sigma}: {faster} {slower}");
    }
    let (faster, slower) = shares(1.05, 0.03, 30, 100);
    assert!(slower >= 0.8 && faster == 0.0, "a true 5 % at 3 % noise: {faster} {slower}");
}

#[test]
fn several_comparisons_are_not_more_often_wrong() {
    let mut rng = Rng::new(11);
    let trials = 100;
    let wrong = (0..trials)
        .filter(|_| {
            let common = vec![0.0; 20];
            let base = times(&mut rng, 1.0, 0.05, &common);
            let others: Vec<Vec<f64>> = (0..4).map(|_| times(&mut rng, 1.0, 0.05, &common)).collect();
            let others: Vec<&[f64]> = others.iter().map(Vec::as_slice).collect();
            judge(&others, &base, DELTA, &[]).iter().flatten().any(|a| matches!(a.verdict, Verdict::Faster | Verdict::Slower))
        })
        .count();
    // The same baseline is in all four; the family-wise rate stays near 5 %.
    assert!(wrong as f64 / f64::from(trials) <= 0.08, "{wrong} of {trials}");
}

#[test]
fn verdicts_follow_the_interval() {
    let of = |value, low, high| verdict(&Estimate { value, ci: Some((low, high)) }, DELTA, true);
    assert_eq!(of(0.5, 0.4, 0.6), Verdict::Faster);
    assert_eq!(of(1.5, 1.4, 1.6), Verdict::Slower);
    assert_eq!(of(1.0, 0.99, 1.01), Verdict::Equivalent);
    assert_eq!(of(0.985, 0.97, 0.995), Verdict::CannotTell, "below delta");
    assert_eq!(of(0.9, 0.7, 1.1), Verdict::CannotTell);
    assert_eq!(verdict(&Estimate { value: 0.5, ci: None }, DELTA, true), Verdict::CannotTell);
    assert_eq!(verdict(&Estimate { value: 0.5, ci: Some((0.4, 0.6)) }, DELTA, false), Verdict::CannotTell, "not significant");
}

#[test]
fn the_fewest_rounds_can_be_significant() {
    assert_eq!([1, 2, 3, 4, 6, 7].map(fewest_rounds), [6, 7, 7, 8, 8, 9]);
    for variants in 1..8 {
        let rounds = fewest_rounds(variants);
        let base: Vec<f64> = (0..rounds).map(|i| 1.0 + 0.01 * i as f64).collect();
        // Differences without ties.
        let half: Vec<f64> = base.iter().enumerate().map(|(i, b)| b * (0.5 + 0.001 * i as f64)).collect();
        let all = vec![half.as_slice(); variants];
        assert!(judge(&all, &base, DELTA, &[]).iter().all(|a| a.unwrap().verdict == Verdict::Faster), "{variants}");
        let few: Vec<&[f64]> = vec![&half[..rounds - 1]; variants];
        assert!(judge(&few, &base[..rounds - 1], DELTA, &[]).iter().all(|a| a.unwrap().verdict == Verdict::CannotTell), "{variants}");
    }
}

#[test]
fn rounds_for_a_plan() {
    let beyond = Estimate { value: (0.1_f64).exp(), ci: Some(((-0.1_f64).exp(), (0.3_f64).exp())) };
    assert_eq!(rounds_needed(&beyond, 20, DELTA), Some(80));
    let inside = Estimate { value: 1.0, ci: Some((0.97, 1.03)) };
    let needed = rounds_needed(&inside, 20, DELTA).unwrap();
    assert!((40..=50).contains(&needed), "{needed}");
    assert_eq!(rounds_needed(&Estimate { value: 1.019_999, ci: Some((0.9, 1.1)) }, 20, DELTA), None, "at the very edge");
}
