#include "answers.h"
#include "out.h"

/** The rest of a line that begins with what was answered. */
static void tell_rest(const struct answer *answer)
{
	switch (answer->kind) {
	case OK: out("\"ok\"]\n"); break;
	case ERRNO: out("\"errno\",%d]\n", (long)answer->number); break;
	case KILLED: out("\"killed\",%d]\n", (long)answer->number); break;
	case GONE: out("\"gone\"]\n"); break;
	case CONFIG: out("\"config\",%s]\n", answer->reason); break;
	case SIGNAL:
		out("\"signal\",%d,%d", (long)answer->number, (long)answer->code);
		if (answer->of)
			out(",%s,%u", answer->of, answer->at);
		out("]\n");
	}
}

void tell_answer(const struct answer *answer)
{
	/* Who was killed may have been telling something. */
	out(answer->kind == KILLED ? "\n[\"answer\"," : "[\"answer\",");
	tell_rest(answer);
}

void tell_raced(const char *thread, int step, const struct answer *answer)
{
	out("[\"raced\",%s,%d,", thread, (long)step);
	tell_rest(answer);
}
