import java.util.List;

class RunningTotal {
    List<Integer> of(List<Integer> numbers) {
        Sum sum = new Sum();
        return numbers.stream().map(sum::plus).toList();
    }
}
