#include "running_total.h"

namespace running_total {

}  // namespace running_total
