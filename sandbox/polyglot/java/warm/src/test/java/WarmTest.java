import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

public class WarmTest {
    private List<Integer> numbers;

    @BeforeEach
    public void prepare() {
        numbers = List.of(2, 4);
    }

    @Test
    public void twice() {
        assertThat(Warm.twice(2)).isEqualTo(4);
        assertThat(numbers).containsExactly(2, 4);
        assertThat(Map.of("a", 1)).containsEntry("a", 1);
        assertThat("text").isNotEmpty().contains("e");
        assertThatExceptionOfType(ArithmeticException.class)
            .isThrownBy(() -> numbers.get(0 / Warm.twice(0)));
    }
}
