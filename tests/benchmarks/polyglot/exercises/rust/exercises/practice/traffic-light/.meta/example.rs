#[derive(Debug, PartialEq, Eq)]
pub struct NoSuchColour;

pub fn after(colour: &str) -> Result<&'static str, NoSuchColour> {
    match colour {
        "red" => Ok("green"),
        "green" => Ok("yellow"),
        "yellow" => Ok("red"),
        _ => Err(NoSuchColour),
    }
}
