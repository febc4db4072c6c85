#include "running_total.h"

#include <numeric>

namespace running_total {

std::vector<int> totals(const std::vector<int>& numbers) {
    std::vector<int> found(numbers.size());
    std::partial_sum(numbers.begin(), numbers.end(), found.begin());
    return found;
}

}  // namespace running_total
