import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

public class RunningTotalTest {
    @Test
    public void noNumbers() {
        assertThat(new RunningTotal().of(List.of())).isEmpty();
    }

    @Disabled("Remove to run test")
    @Test
    public void oneNumber() {
        assertThat(new RunningTotal().of(List.of(4))).containsExactly(4);
    }

    @Disabled("Remove to run test")
    @Test
    public void severalNumbers() {
        assertThat(new RunningTotal().of(List.of(1, 2, 3))).isEqualTo(List.of(1, 3, 6));
    }
}
