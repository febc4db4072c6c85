use traffic_light::*;

#[test]
fn red() {
    assert_eq!(after("red"), Ok("green"));
}

#[test]
#[ignore]
fn green() {
    assert_eq!(after("green"), Ok("yellow"));
}

#[test]
#[ignore]
fn yellow() {
    assert_eq!(after("yellow"), Ok("red"));
}

#[test]
#[ignore]
fn another_colour_is_refused() {
    assert_eq!(after("blue"), Err(NoSuchColour));
}
