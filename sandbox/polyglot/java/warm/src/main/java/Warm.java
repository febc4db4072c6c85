/** Something to compile and test while the image is built. */
public final class Warm {
    private Warm() {}

    public static int twice(int number) {
        return 2 * number;
    }
}
