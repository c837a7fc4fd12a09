#ifndef CMD_CA_REPORT_H
#define CMD_CA_REPORT_H

#include "enroll/authorities/authority.h"

/* Says on stdout what a change did and what is to be done next. */
void ca_report(const struct authority_outcome *outcome);

#endif
