#include "http/h.h"
