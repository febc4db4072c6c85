#include "running_total.h"

#include <catch2/catch.hpp>

using Numbers = std::vector<int>;

TEST_CASE("no numbers") {
    REQUIRE(running_total::totals({}).empty());
}

#if defined(EXERCISM_RUN_ALL_TESTS)
TEST_CASE("one number") {
    REQUIRE(running_total::totals({4}) == Numbers{4});
}

TEST_CASE("several numbers") {
    const Numbers expected{1, 3, 6};
    REQUIRE(expected == running_total::totals({1, 2, 3}));
}
#endif
