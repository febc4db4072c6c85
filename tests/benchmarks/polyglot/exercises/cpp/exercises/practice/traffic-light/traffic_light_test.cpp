#include "traffic_light.h"

#include <catch2/catch.hpp>

TEST_CASE("after red") {
    REQUIRE(traffic_light::after("red") == "green");
}

#if defined(EXERCISM_RUN_ALL_TESTS)
TEST_CASE("after green") {
    REQUIRE("yellow" == traffic_light::after("green"));
}

TEST_CASE("after yellow") {
    REQUIRE("red" == traffic_light::after("yellow"));
}

TEST_CASE("another colour is refused") {
    REQUIRE_THROWS_AS(traffic_light::after("blue"), std::domain_error);
}
#endif
