use super::*;
use crate::charts::testing::{footer, save};

fn noisy(centre: f64, spread: f64, n: usize) -> Vec<f64> {
    let mut rng = Rng::new(5);
    // A skewed shape like real timings: a sharp floor and a tail to the right.
    (0..n).map(|_| centre * (1.0 + spread * (-(1.0 - rng.unit()).ln()).min(5.0))).collect()
}

fn draw(title: &str, samples: Vec<f64>) -> Chart {
    let note = format!("{} samples of 1000 iterations.", samples.len());
    Distribution { title: title.into(), note, samples, guess: None, footer: footer() }.draw().unwrap()
}

#[test]
fn many_samples_give_a_histogram_with_median_and_interval() {
    let chart = draw("prices.iter().map(|p| p * 1.19).sum::<f64>()", noisy(12.3e-6, 0.01, 101));
    save("distribution_101", &chart);
    assert!(chart.svg.contains("lower is better"));
    assert!(chart.svg.contains("median 12.") && chart.svg.contains("95 % interval ["), "{}", chart.svg);
    assert!(chart.alt.contains("101 timing samples"), "{}", chart.alt);
    assert!(chart.text.contains('│') && chart.text.contains("lower is better"), "{}", chart.text);
}

#[test]
fn few_samples_give_a_strip_and_list_them() {
    let chart = draw("df.lazy().group_by([col(\"symbol\")]).collect()?", noisy(0.41, 0.05, 11));
    save("distribution_11", &chart);
    assert!(!chart.svg.contains(">samples<"));
    assert!(chart.text.contains("samples (ms):"), "{}", chart.text);
}

#[test]
fn below_six_samples_no_interval_is_claimed() {
    let chart = draw("slow()", noisy(4.1, 0.05, 3));
    save("distribution_3", &chart);
    assert!(!chart.svg.contains("95 % interval"));
    assert!(chart.alt.contains("too few for a confidence interval"));
}

#[test]
fn far_outliers_are_cut_off_and_labelled() {
    let mut samples = noisy(250e-9, 0.02, 51);
    samples[7] = 4.5e-6;
    samples[30] = 1.9e-6;
    let chart = draw("x.sqrt()", samples);
    save("distribution_outliers", &chart);
    assert!(chart.svg.contains("2 samples off scale, up to 4.50 µs"));
    assert!(chart.text.contains("2 samples off scale"));
}

#[test]
fn over_two_decades_the_axis_is_logarithmic() {
    let samples = (0..60).map(|i| 1e-6 * 1.13f64.powi(i)).collect();
    let chart = draw("cache_or_disk()", samples);
    save("distribution_log", &chart);
    assert!(chart.svg.contains("logarithmic"));
}

#[test]
fn identical_samples_and_one_sample_are_drawn() {
    save("distribution_equal", &draw("constant()", vec![1e-3; 40]));
    save("distribution_one", &draw("once()", vec![2.5]));
}

#[test]
fn no_sample_is_an_error() {
    let empty = Distribution { title: "x".into(), note: String::new(), samples: vec![], guess: None, footer: footer() };
    assert!(empty.draw().is_err());
}

#[test]
fn a_guess_is_marked_on_the_axis_and_beside_it() {
    let with = |guess: f64| {
        let samples = noisy(12.3e-6, 0.05, 101);
        let chart = Distribution { title: "sum()".into(), note: String::new(), samples, guess: Some(guess), footer: footer() };
        chart.draw().unwrap()
    };
    for (name, guess, said) in
        [("inside", 13e-6, "your guess: 13.0 µs"), ("right", 3e-3, "your guess: 3.00 ms"), ("left", 4e-8, "your guess: 40.0 ns")]
    {
        let chart = with(guess);
        save(&format!("distribution_guess_{name}"), &chart);
        assert!(chart.svg.contains(said), "{name}");
        assert!(chart.text.contains("your guess") && chart.alt.contains("The guess was"), "{}", chart.alt);
    }
}
