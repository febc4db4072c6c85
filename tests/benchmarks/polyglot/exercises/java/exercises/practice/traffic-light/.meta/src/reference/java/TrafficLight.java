class TrafficLight {
    String after(String colour) {
        return switch (colour) {
            case "red" -> "green";
            case "green" -> "yellow";
            case "yellow" -> "red";
            default -> throw new NoSuchColourException();
        };
    }
}
