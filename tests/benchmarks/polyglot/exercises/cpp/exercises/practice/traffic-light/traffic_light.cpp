#include "traffic_light.h"
