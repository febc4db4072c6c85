#pragma once

namespace traffic_light {

// after(colour) returns the next colour, or throws a std::domain_error

}  // namespace traffic_light
