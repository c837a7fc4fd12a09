static const struct option_spec specs[] = {
	{ "single", NULL, "one process", OPTION_FLAG, &single },
};
