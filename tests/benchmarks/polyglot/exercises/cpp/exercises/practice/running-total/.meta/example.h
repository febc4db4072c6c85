#pragma once

#include <vector>

namespace running_total {

std::vector<int> totals(const std::vector<int>& numbers);

}  // namespace running_total
