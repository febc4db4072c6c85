class Sum {
    private int sum;

    int plus(int number) {
        sum += number;
        return sum;
    }
}
