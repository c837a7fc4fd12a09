int f(void) { return rand (1); }
