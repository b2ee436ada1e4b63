//! Rows of this benchmark's table.

use ::tests::bench::report;
use ::tests::bench::report::Section;

use super::kernels::Who;
use super::options::Part;

pub use ::tests::bench::report::{Answers, Unit};

pub type Row = report::Row<Who, Part>;
pub type Limit = report::Limit<Who>;

impl Section for Part {
    const ALL: &'static [Self] = &Part::LIST;

    fn name(self) -> &'static str {
        // The one of the command line: a type's own functions come first.
        Self::name(self)
    }
}

#[cfg(test)]
mod tests {
    use ::tests::bench::report::{Competitor as _, Report};
    use ::tests::bench::table::{About, text};

    use super::*;

    #[test]
    fn the_widest_row_fits() {
        let mut row = Row::new(Part::Cells, "iterators, 50 variables");
        for target in [Limit::TimesFaster(Who::EvcxrPolars, 3.5), Limit::AtMostTimes(Who::EvcxrPolars, 0.5)] {
            row = row.target(target);
        }
        for who in Who::COLUMNS.iter().copied().filter(|who| *who != Who::Release).chain([Who::Ours]) {
            (0..9).for_each(|at| row.push(who, 0.1 + f64::from(at) * 0.2));
        }
        let load = magics::machine::LoadSpan::default();
        let report = Report { rows: vec![row], answers: Answers::default(), versions: vec![], load, notes: vec![], failures: vec![] };
        let shown = text(&report, &About { title: "x", rounds: 9, quick: false });
        assert!(shown.lines().all(|line| line.chars().count() <= 140), "{shown}");
    }
}
