//! Short convolutions by the Toom-Cook method, of which Winograd's are the best known.
//!
//! A kernel and a stretch of the input are polynomials. Their values at `n` points are multiplied, one product a
//! point, and the product is found from those: `m` outputs of a kernel of `r` numbers cost `n = m + r - 1`
//! multiplications instead of `m * r`. The points are 0, pairs ±p and infinity; a pair shares its even and its odd part.
//! Source: Blahut (2010), "Fast Algorithms for Signal Processing", chapter 5; Lavin and Gray (2016), "Fast Algorithms
//! for Convolutional Neural Networks".
//!
//! Points near one another amplify rounding, far ones do too. Those here were chosen by measuring against f64: a layer
//! is off by 1e-6 to 3e-6 of its largest value.

#![expect(
    clippy::needless_range_loop,
    reason = "loops over constant ranges are unrolled, those over iterators were not"
)]

use pulp::Simd;

/// The most pairs of points.
const MOST_PAIRS: usize = 4;

/// The pairs for `n` points; none for a kernel of one number, which needs no transform.
const fn pairs(n: usize) -> &'static [f64] {
    match n {
        4 => &[1.0],
        6 => &[0.625, 1.5],
        10 => &[0.5, 0.75, 1.25, 1.75],
        _ => &[],
    }
}

/// Coefficients for one number of points.
struct Table {
    /// The pairs.
    points: [f32; MOST_PAIRS],
    /// The product of `u - q²` over all pairs but this one; from the constant term up. The leading one is 1.
    without: [[f32; MOST_PAIRS]; MOST_PAIRS],
    /// The product of `u - q²` over all pairs.
    all: [f32; MOST_PAIRS + 1],
}

impl Table {
    /// For `n` points. Runs while the program is compiled.
    const fn new(n: usize) -> Self {
        let pairs = pairs(n);
        let mut table =
            Self { points: [0.0; MOST_PAIRS], without: [[0.0; MOST_PAIRS]; MOST_PAIRS], all: [0.0; MOST_PAIRS + 1] };
        let all = product(pairs, pairs.len());
        let mut k = 0;
        while k <= pairs.len() {
            table.all[k] = all[k] as f32;
            k += 1;
        }
        let mut pair = 0;
        while pair < pairs.len() {
            table.points[pair] = pairs[pair] as f32;
            let without = product(pairs, pair);
            let mut k = 0;
            while k < pairs.len() {
                table.without[pair][k] = without[k] as f32;
                k += 1;
            }
            pair += 1;
        }
        table
    }
}

/// Coefficients of the product of `u - q²` over all `pairs` but the one at `left_out`.
const fn product(pairs: &[f64], left_out: usize) -> [f64; MOST_PAIRS + 1] {
    let mut polynomial = [0.0; MOST_PAIRS + 1];
    polynomial[0] = 1.0;
    let mut pair = 0;
    while pair < pairs.len() {
        if pair != left_out {
            let mut k = MOST_PAIRS;
            while k > 0 {
                polynomial[k] = polynomial[k - 1] - pairs[pair] * pairs[pair] * polynomial[k];
                k -= 1;
            }
            polynomial[0] *= -pairs[pair] * pairs[pair];
        }
        pair += 1;
    }
    polynomial
}

/// The values of an input of `N` numbers at the `N` points: 0, then each pair's plus and minus, then infinity.
#[inline(always)]
pub fn input<S: Simd, const N: usize>(simd: S, d: [S::f32s; N]) -> [S::f32s; N] {
    let table = const { &Table::new(N) };
    let pairs = const { pairs(N).len() };
    if pairs == 0 {
        return d;
    }
    let mut values = d;
    values[0] = alternate(simd, &d, 0, &table.all, pairs);
    values[N - 1] = alternate(simd, &d, 1, &table.all, pairs);
    for pair in 0..pairs {
        let even = alternate(simd, &d, 2, &table.without[pair], pairs - 1);
        let odd = alternate(simd, &d, 1, &table.without[pair], pairs - 1);
        let point = simd.splat_f32s(table.points[pair]);
        values[1 + 2 * pair] = simd.mul_add_e_f32s(point, odd, even);
        values[2 + 2 * pair] = simd.negate_mul_add_e_f32s(point, odd, even);
    }
    values
}

/// Every other number of `d` from `first` on times the coefficients up to `degree`, of which the leading one is 1.
#[inline(always)]
fn alternate<S: Simd, const N: usize>(
    simd: S,
    d: &[S::f32s; N],
    first: usize,
    coefficients: &[f32],
    degree: usize,
) -> S::f32s {
    let mut sum = d[first + 2 * degree];
    for k in 0..degree {
        sum = simd.mul_add_e_f32s(simd.splat_f32s(coefficients[k]), d[first + 2 * k], sum);
    }
    sum
}

/// The `M` outputs from the `N` products.
#[inline(always)]
pub fn output<S: Simd, const N: usize, const M: usize>(simd: S, products: [S::f32s; N]) -> [S::f32s; M] {
    let table = const { &Table::new(N) };
    let pairs = const { pairs(N).len() };
    let mut outputs = [products[0]; M];
    if pairs == 0 {
        return outputs;
    }
    let mut even = [products[0]; MOST_PAIRS];
    let mut odd = even;
    for pair in 0..pairs {
        let (plus, minus) = (products[1 + 2 * pair], products[2 + 2 * pair]);
        even[pair] = simd.add_f32s(plus, minus);
        odd[pair] = simd.sub_f32s(plus, minus);
    }
    let mut powers = [1.0_f32; MOST_PAIRS];
    for i in 0..M {
        let parts = if i % 2 == 0 { &even } else { &odd };
        let mut sum = if i == 0 { products[0] } else { simd.splat_f32s(0.0) };
        for pair in 0..pairs {
            sum = simd.mul_add_e_f32s(simd.splat_f32s(powers[pair]), parts[pair], sum);
            powers[pair] *= table.points[pair];
        }
        outputs[i] = if i == M - 1 { simd.add_f32s(sum, products[N - 1]) } else { sum };
    }
    outputs
}

/// The values of a kernel at `n` points, each divided by what the interpolation divides by. In f64: this happens once.
pub fn kernel(n: usize, numbers: &[f64]) -> Vec<f64> {
    if pairs(n).is_empty() {
        return numbers.to_vec();
    }
    let points: Vec<f64> = std::iter::once(0.0).chain(pairs(n).iter().flat_map(|&point| [point, -point])).collect();
    let at = |(index, &point): (usize, &f64)| {
        let value = numbers.iter().rev().fold(0.0, |sum, number| sum * point + number);
        let others = points.iter().enumerate().filter(|(other, _)| *other != index);
        value / others.map(|(_, other)| point - other).product::<f64>()
    };
    let finite = points.iter().enumerate().map(at);
    finite.chain(numbers.last().copied()).collect()
}
