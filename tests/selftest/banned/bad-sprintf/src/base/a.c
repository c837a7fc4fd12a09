int f(void) { return sprintf (1); }
