int f(void) { return strtok (1); }
