int f(void) { return localtime (1); }
