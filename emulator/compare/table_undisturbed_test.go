package compare

import (
	"strings"
	"testing"

	"testbed/emulator/plan"
)

func TestTablesWithoutDisturbedChains(t *testing.T) {
	quiet, p := base(20)
	m, _ := half(plan.InClient)
	first, second := runOf(t, "a", 1, quiet, p), runOf(t, "b", 1, m, p)
	c := &Comparison{Runs: []*Run{first, second}}
	c.Compare()
	var b strings.Builder
	for _, err := range []error{WriteTable(&b, second.Reports, "total"), WriteRuns(&b, c, "total")} {
		if err != nil {
			t.Fatal(err)
		}
	}
	words := strings.Join(strings.Fields(b.String()), " ")
	for _, want := range []string{
		"in-client 20 1795.0", "without the chains that the host disturbed, of the models that have some",
		"in-client 10 1300.0 1300.0 1381.0 1300.0 0.0 % 0.0 %", "(3 comparisons of paired chains): does not hold",
		"without the chains that the host disturbed: holds", "undisturbed x 1.000 [1.000, 1.000]",
	} {
		if !strings.Contains(words, want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	b.Reset()
	if err := WriteTable(&b, first.Reports, "total"); err != nil || strings.Contains(b.String(), "disturbed") {
		t.Errorf("%v in\n%s", err, b.String())
	}
}
