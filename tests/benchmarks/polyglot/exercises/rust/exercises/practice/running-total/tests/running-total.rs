use running_total::totals;

#[test]
fn no_numbers() {
    assert_eq!(totals(&[]), Vec::<i64>::new());
}

#[test]
#[ignore]
fn one_number() {
    assert_eq!(totals(&[4]), vec![4]);
}

#[test]
#[ignore]
fn several_numbers() {
    assert_eq!(totals(&[1, 2, 3]), vec![1, 3, 6]);
}

#[test]
#[ignore]
fn numbers_below_zero() {
    assert_eq!(totals(&[5, -7, 2]), vec![5, -2, 0]);
}
