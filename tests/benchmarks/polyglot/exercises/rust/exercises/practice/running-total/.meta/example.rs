use itertools::Itertools;

pub fn totals(numbers: &[i64]) -> Vec<i64> {
    let mut sum = 0;
    numbers
        .iter()
        .map(|number| {
            sum += number;
            sum
        })
        .collect_vec()
}
