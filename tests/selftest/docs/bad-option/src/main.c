static const struct command commands[] = { { "serve", cmd_serve, "answers" } };
