//! Holm's adjustment of p-values: several comparisons at once are not more often wrong than one.

/// Adjusted p-values in the order given: p₍ᵢ₎ = max over j ≤ i of min(1, (m − j + 1) p₍ⱼ₎), sorted upwards (Holm, 1979).
pub fn adjust(p: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|a, b| p[*a].total_cmp(&p[*b]));
    let mut adjusted = vec![0.0; p.len()];
    let mut so_far = 0.0_f64;
    for (place, index) in order.into_iter().enumerate() {
        so_far = so_far.max(((p.len() - place) as f64 * p[index]).min(1.0));
        adjusted[index] = so_far;
    }
    adjusted
}

#[cfg(test)]
mod tests {
    use super::adjust;

    /// R: `p.adjust(c(0.01, 0.04, 0.03, 0.005), "holm")` is `0.03 0.06 0.06 0.02`.
    #[test]
    fn as_r_does() {
        let adjusted = adjust(&[0.01, 0.04, 0.03, 0.005]);
        for (found, expected) in adjusted.iter().zip([0.03, 0.06, 0.06, 0.02]) {
            assert!((found - expected).abs() < 1e-12, "{adjusted:?}");
        }
        assert_eq!(adjust(&[0.9, 0.8]), [1.0, 1.0]);
        assert!(adjust(&[]).is_empty());
    }
}
