class NoSuchColourException extends RuntimeException {
}
