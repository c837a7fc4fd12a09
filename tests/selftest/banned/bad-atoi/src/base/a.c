int f(void) { return atoi (1); }
