import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;

import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Disabled;
import org.junit.jupiter.api.Test;

public class TrafficLightTest {
    private TrafficLight light;

    @BeforeEach
    public void setup() {
        light = new TrafficLight();
    }

    @Test
    public void red() {
        assertThat(light.after("red")).isEqualTo("green");
    }

    @Disabled
    @Test
    public void green() {
        assertThat(light.after("green")).isEqualTo("yellow");
    }

    @Disabled("Remove to run test.")
    @Test
    public void yellow() {
        assertThat(light.after("yellow")).isEqualTo("red");
    }

    @Disabled("Remove to run test")
    @Test
    public void anotherColourIsRefused() {
        assertThatExceptionOfType(NoSuchColourException.class).isThrownBy(() -> light.after("blue"));
    }
}
