int h_count(void);
