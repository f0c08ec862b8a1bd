//! The linear models: logistic regression, least squares and ridge on tall tables, four points of a lasso path.

use roundtable_tools::linear::{
    Line, lasso_path, linear_regression,
    logistic_regression::{self, Settings},
    ridge_regression,
};
use serde_json::json;

use crate::{
    measure::Clock,
    workload::{Folder, Metrics, Outcome, Workload},
};

/// A table and its targets.
struct Table {
    x: Vec<f64>,
    columns: usize,
    y: Vec<f64>,
}

impl Table {
    fn load(folder: &Folder) -> Outcome<Self> {
        let x = folder.array::<f64>("X")?;
        Ok(Table { columns: x.columns(), x: x.numbers, y: folder.array::<f64>("y")?.numbers })
    }

    fn rows(&self) -> impl Iterator<Item = (&[f64], f64)> {
        self.x.chunks_exact(self.columns).zip(self.y.iter().copied())
    }

    fn r2(&self, line: &Line) -> f64 {
        let mean = self.y.iter().sum::<f64>() / self.y.len() as f64;
        let rest: f64 = self.rows().map(|(row, y)| (y - line.at(row)).powi(2)).sum();
        1.0 - rest / self.y.iter().map(|y| (y - mean).powi(2)).sum::<f64>()
    }
}

/// Least squares with an intercept, 500,000 rows of 50 columns; the ridge is timed beside it.
pub struct LeastSquares(Table);

impl Workload for LeastSquares {
    const NAME: &'static str = "linear_regression";
    type Output = Line;

    fn load(folder: &Folder) -> Outcome<Self> {
        Table::load(folder).map(LeastSquares)
    }

    fn run(&self) -> Outcome<Line> {
        Ok(linear_regression::fit(&self.0.x, self.0.columns, &self.0.y, None, true)?.line)
    }

    fn score(&self, line: Line, clock: Clock) -> Outcome<Metrics> {
        let fit = || ridge_regression::fit(&self.0.x, self.0.columns, &self.0.y, 1.0, true);
        let (ridge, seconds) = clock.time(fit);
        Ok(Metrics::from_iter([
            ("r2".into(), json!(self.0.r2(&line))),
            ("ridge_r2".into(), json!(self.0.r2(&ridge?))),
            ("ridge_seconds".into(), json!(seconds)),
        ]))
    }
}

/// Two classes, 200,000 rows of 50 columns, an L2 penalty.
pub struct Logistic {
    x: Vec<f64>,
    columns: usize,
    y: Vec<usize>,
    settings: Settings,
}

impl Workload for Logistic {
    const NAME: &'static str = "logistic_regression";
    type Output = logistic_regression::Fit;

    fn load(folder: &Folder) -> Outcome<Self> {
        let x = folder.array::<f64>("X")?;
        let labels = folder.array::<i64>("y")?.numbers;
        let y = labels.into_iter().map(usize::try_from).collect::<Result<_, _>>()?;
        let c = folder.parameter("C").as_f64().ok_or("no `C`")?;
        Ok(Logistic { columns: x.columns(), x: x.numbers, y, settings: Settings { c, ..Settings::default() } })
    }

    fn run(&self) -> Outcome<Self::Output> {
        Ok(logistic_regression::fit(&self.x, self.columns, &self.y, self.settings)?)
    }

    fn score(&self, fit: Self::Output, _: Clock) -> Outcome<Metrics> {
        let (line, n, c) = (&fit.lines[0], self.y.len() as f64, self.settings.c);
        let squares: f64 = line.coefficients.iter().map(|w| w * w).sum();
        let mut slopes: Vec<f64> = line.coefficients.iter().map(|w| w / c).chain([0.0]).collect();
        let (mut loss, mut right) = (0.0, 0);
        for (row, label) in self.x.chunks_exact(self.columns).zip(&self.y) {
            let (z, y) = (line.at(row), *label as f64);
            loss += z.max(0.0) + (-z.abs()).exp().ln_1p() - y * z;
            right += usize::from((z > 0.0) == (*label == 1));
            let error = 1.0 / (1.0 + (-z).exp()) - y;
            slopes.iter_mut().zip(row.iter().chain([&1.0])).for_each(|(slope, x)| *slope += error * x);
        }
        let steepest = slopes.iter().fold(0.0, |most: f64, slope| most.max(slope.abs())) / n;
        Ok(Metrics::from_iter([
            ("objective".into(), json!((loss + 0.5 * squares / c) / n)),
            ("grad_inf".into(), json!(steepest)),
            ("accuracy".into(), json!(right as f64 / n)),
            ("iterations".into(), json!(fit.iterations)),
        ]))
    }
}

/// Four prices of a lasso, 10,000 rows of 500 columns that are already about their means.
pub struct Lasso {
    table: Table,
    alphas: Vec<f64>,
    tolerance: f64,
}

impl Workload for Lasso {
    const NAME: &'static str = "lasso";
    type Output = Vec<Line>;

    fn load(folder: &Folder) -> Outcome<Self> {
        let table = Table::load(folder)?;
        let mut products = vec![0.0; table.columns];
        for (row, y) in table.rows() {
            products.iter_mut().zip(row).for_each(|(sum, x)| *sum += x * y);
        }
        let highest = products.iter().fold(0.0, |most: f64, p| most.max(p.abs())) / table.y.len() as f64;
        let ratios = folder.parameter("alpha_ratio").as_array().ok_or("no `alpha_ratio`")?;
        let alphas = ratios.iter().filter_map(|ratio| ratio.as_f64()).map(|ratio| ratio * highest).collect();
        let tolerance = folder.parameter("tol").as_f64().ok_or("no `tol`")?;
        Ok(Lasso { table, alphas, tolerance })
    }

    fn run(&self) -> Outcome<Vec<Line>> {
        let Table { x, columns, y } = &self.table;
        Ok(lasso_path::path(x, *columns, y, &self.alphas, false, self.tolerance)?)
    }

    fn score(&self, lines: Vec<Line>, _: Clock) -> Outcome<Metrics> {
        let objective = |(line, alpha): (&Line, &f64)| {
            let rest: f64 = self.table.rows().map(|(row, y)| (y - line.at(row)).powi(2)).sum();
            let sum: f64 = line.coefficients.iter().map(|w| w.abs()).sum();
            0.5 * rest / self.table.y.len() as f64 + alpha * sum
        };
        let nonzero = |line: &Line| line.coefficients.iter().filter(|w| **w != 0.0).count();
        Ok(Metrics::from_iter([
            ("objectives".into(), json!(lines.iter().zip(&self.alphas).map(objective).collect::<Vec<_>>())),
            ("nonzero".into(), json!(lines.iter().map(nonzero).collect::<Vec<_>>())),
        ]))
    }
}
