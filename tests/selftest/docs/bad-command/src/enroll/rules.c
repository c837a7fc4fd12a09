static const struct rule_field fields[] = { { "KeyTypes", RULE_LIST, "types" } };
