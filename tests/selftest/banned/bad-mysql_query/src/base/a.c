int f(void) { return mysql_query (1); }
