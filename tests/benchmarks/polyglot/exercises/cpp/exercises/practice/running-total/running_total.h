#pragma once

namespace running_total {

// totals(numbers) returns the running totals as a std::vector<int>

}  // namespace running_total
