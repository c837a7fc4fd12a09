/* Tells the operator what became of a CA's generation. */
#include "cmd/ca_report.h"

#include <stdio.h>

#include "base/clock.h"

static void
report_state(const struct authority_outcome *outcome)
{
	const struct generation *generation = &outcome->generation;
	char ends[CLOCK_TEXT_MAX];

	if (generation->certificate.len == 0) {
		(void)printf("%s waits for the certificate of an outer CA.\n", generation->label);
		return;
	}
	clock_text(generation->not_after, ends);
	if (outcome->activated)
		(void)printf("%s is active, its certificate ends %s.\n", generation->label, ends);
	else
		(void)printf("%s is pending, its certificate ends %s. Make it active with "
			     "certwright ca activate %s.\n",
		    generation->label, ends, generation->label);
}

void
ca_report(const struct authority_outcome *outcome)
{
	report_state(outcome);
	(void)printf("Subject: %s\n", outcome->generation.subject);
	if (outcome->key_uri[0] != '\0')
		(void)printf("Key: %s\n", outcome->key_uri);
	if (outcome->former[0] != '\0')
		(void)printf("%s is retired.\n", outcome->former);
	if (outcome->cross_count > 0)
		(void)printf("Cross-certificates: %zu, certwright ca export %s --cross prints "
			     "those of its key.\n",
		    outcome->cross_count, outcome->generation.label);
	if (outcome->profile_made)
		(void)printf("RA profile default was made, open to the roles CSR.Request.Db and "
			     "CSR.SelfService.\n");
}
