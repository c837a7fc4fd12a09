int f(void) { return system (1); }
